"""The inspection report: what the paper shows, how it is set, and the seal that says whose it is and that it is whole."""
