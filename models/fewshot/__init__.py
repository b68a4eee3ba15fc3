"""Chapter 5: few-shot learning from episodes."""
