"""Which kind of work is a request? Rules that are data, and the mix of classes they give."""
