"""One request through every relation."""
