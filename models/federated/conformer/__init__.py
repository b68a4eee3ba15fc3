"""Conformer encoders of speech (Gulati et al. 2020), whose products are all of linear layers."""
