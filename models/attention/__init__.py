"""Token mixers of vision transformers: local self-attention and its rivals (dissertation chapter 4)."""
