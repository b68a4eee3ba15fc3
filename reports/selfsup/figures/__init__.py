"""The figures of chapter 7, of the encoders of its tables and their images."""
