"""What can be changed, written once: each lever's unit, scope, field of a replay, place in a policy and bounds.

``table`` has one row a lever. ``apply`` turns settings into a platform that is replayed, ``differences`` names what
two platforms differ in, ``to_policy`` and ``from_policy`` write and read the document that gateways get. All of them
read the same rows, so that what is recommended, written, read back and replayed is one thing.
"""
