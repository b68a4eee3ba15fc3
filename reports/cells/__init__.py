"""Standard cells: Liberty libraries and qflow technologies."""
