"""The command line: one verb, one file. A verb parses, calls one function, renders, and returns an exit code."""
