"""costctl: from traces of AI inference traffic to what each class costs, and to the routing policy that costs
less.
"""

__version__ = "0.1.0"
