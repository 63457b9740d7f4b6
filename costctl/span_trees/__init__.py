"""How do the spans of a trace hang together, and whose is each instant? Whole traces in as arrays, arrays out."""
