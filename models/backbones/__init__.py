"""Networks that chapters share."""
