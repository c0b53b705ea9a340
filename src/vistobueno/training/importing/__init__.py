"""Foreign models, that somebody else trained, made into bundles."""
