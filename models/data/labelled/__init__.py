"""Pictures with a label for each pixel."""
