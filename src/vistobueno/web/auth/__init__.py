"""Pages and endpoints to sign in."""
