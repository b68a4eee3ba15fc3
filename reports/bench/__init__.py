"""The frame of all benches: contenders measured in turn, and the rows of their results."""
