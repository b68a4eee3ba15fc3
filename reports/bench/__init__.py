"""Benches: contenders measured in turn."""
