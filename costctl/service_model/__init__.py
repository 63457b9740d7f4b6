"""How long does a server take? Models fitted to the calls of each pool, and what they say."""
