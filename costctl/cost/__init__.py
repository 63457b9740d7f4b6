"""TODO owner writes the question this package answers."""
