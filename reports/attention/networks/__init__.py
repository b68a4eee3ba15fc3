"""The networks of chapter 4's tables: their training and their measurement."""
