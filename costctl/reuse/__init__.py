"""How often is what was needed before needed again, and how large a memory would have kept it?

Pure functions on arrays: references in, distances and curves out. docs/explanation/miss-ratios.md has the symbols.
"""
