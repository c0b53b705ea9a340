"""One file of all that a station keeps, written and taken back."""
