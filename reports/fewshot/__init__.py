"""Chapters 5 and 6: few-shot learning."""
