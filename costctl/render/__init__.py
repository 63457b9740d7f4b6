"""Documents as text for people and spreadsheets; the only place that rounds.

``tables`` turns a table of values into rich text, markdown or CSV; one module a document says which tables it
is.
"""
