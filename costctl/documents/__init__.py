"""The nouns: frozen structs that every part of the program speaks in, and that the JSON documents are made
of.

One module a document: ``analysis``, ``ingestion``, ``recommendations``, ``policy``, ``coverage``;
``settings`` is the configuration as values; ``estimate`` and ``provenance`` are shared by all. Their
JSON Schemas lie in schemas/.
"""
