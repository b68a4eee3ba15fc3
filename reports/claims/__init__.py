"""Claims of a chapter, and verdicts on them from records over seeds."""
