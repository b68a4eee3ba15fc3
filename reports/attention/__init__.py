"""Chapter 4: local self-attention."""
