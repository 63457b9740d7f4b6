"""How do exports of traces and logs become spans in the store?

Shape in: files, folders, globs, standard input. Shape out: rows of ``spans``, one report a source. Nothing here
prints.
"""
