"""Chapter 6: its tables, claims and figures."""
