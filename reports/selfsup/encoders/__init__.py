"""The encoders of chapter 7's tables: their training and their measurement."""
