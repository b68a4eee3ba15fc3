"""Self-supervised learning as meta-learning (dissertation, chapter 7)."""
