"""Where is everything kept? One DuckDB file: spans, their emitters, the ledger of sources, and what was
rejected.
"""
