"""Loaders for the data sets' own on-disk formats, and for the data that ships with the dependencies."""
