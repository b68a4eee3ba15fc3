"""Token mixers, networks with local self-attention and their peers at speed."""
