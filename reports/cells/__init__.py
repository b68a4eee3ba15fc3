"""Standard cells: Liberty libraries and qflow's technologies."""
