"""What does each class of requests cost: billed, at the margin, and per success?

Shape in: frames named like the relations, settings, a seed. Shape out: the Analysis document, and the
fitted service models that replays run under.
"""
