"""Recorded speech with its transcripts."""
