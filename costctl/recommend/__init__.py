"""What should be changed, what does it save, and how sure is that? One module a kind of change, and all together.

Shape in: frames, settings, fitted pools, a seed. Shape out: the Recommendations document.
"""
