"""The encoders of chapter 7's tables: how they are trained, and what is measured of them."""
