"""What was done with a store: entries that hold each other's digests, appended, read and verified."""
