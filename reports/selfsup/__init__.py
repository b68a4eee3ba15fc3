"""Chapter 7: self-supervised learning as meta-learning."""
