"""Probes of an encoder on labelled images (dissertation 7.4 and 7.5): it stays as it is, or a copy is fine-tuned."""
