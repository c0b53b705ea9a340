"""The model bundle, what runs it, and where it comes from. Knows nothing of verdicts."""
