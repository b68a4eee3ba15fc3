"""Results that are kept, and where they came from."""
