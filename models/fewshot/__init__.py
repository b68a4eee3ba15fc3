"""Few-shot learning: episodes, meta-learners, and measures of what they learn (dissertation chapter 5)."""
