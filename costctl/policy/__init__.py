"""What should gateways and servers do, and can a consumer be made to do it?

``document`` makes the neutral policy; ``checks`` holds it to what a schema cannot say; ``targets`` write it
in a consumer's own words, each with a manifest of what that consumer can and cannot hold to.
"""
