"""Which shapes of requests are there, that nobody has named yet? A taxonomy learned from the requests themselves.

features → structures → shapes → names → rules → quality; docs/explanation/learning-classes.md has the method and
its symbols.
"""
