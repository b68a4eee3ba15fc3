"""Readers of few-shot data sets, one format a file."""
