"""What a client's step takes."""
