"""Training episodes from fewer images, or fewer tasks, than there are (dissertation section 6.3.1, Table 6.1)."""
