"""Transcripts: their tokens, the loss of frames against them, and the search for the likeliest."""
