"""Documents as text for people and as rows for machines; nothing is calculated here.

One module a document says which sections it has. A section's cells are numbers with units (``cells``), which become
text in ``numbers`` alone, the only place that rounds; ``tables`` lays them out for a terminal and as markdown, and
``records`` gives the same cells as plain rows.
"""
