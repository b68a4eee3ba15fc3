"""Networks that chapters share. Layers come from their options, so that each chapter can bring its own kind."""
