"""Is a file beside the traces one of costctl's own: what it keeps, what it wrote, what is written for it?

Shape in: a path within a folder or a glob.  Shape out: whether nobody means it as a trace. Files that are named
themselves are not asked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

# Settings, rules, dialects and mappings; stores, what is kept beside them, and manifests.
_NAME: Final = re.compile(r".*\.toml|.*\.duckdb(?:\.wal)?|.*\.coverage\.json")
_FOLDER: Final = re.compile(r".*\.(?:kept|audit)")
_WRITTEN: Final = (".json", ".yaml", ".yml", ".pbtxt", ".csv")
# A document of ours, printed in lines; within a text of JSON no line could begin like this.
_DOCUMENT: Final = re.compile(rb'\n  "schema_version": "costctl\.')
_COMMENT: Final = re.compile(rb"#[^\n]*\bcostctl\b")
_GRADES: Final = frozenset({b"class", b"model", b"n"})
_GRADES_MORE: Final = frozenset({b"score", b"passes", b"sd"})
_FOCUS: Final = frozenset({b"BilledCost", b"ChargeCategory"})
_READ_BYTES: Final = 4096


def is_own(path: Path) -> bool:
    """Whether the file is costctl's own, by its name, the folder it is kept in, or how it begins or ends."""
    if _NAME.fullmatch(path.name) or any(_FOLDER.fullmatch(part) for part in path.parts[:-1]):
        return True
    return path.suffix in _WRITTEN and _is_written(path)


def _is_written(path: Path) -> bool:
    begin, end = _ends(path)
    if path.suffix == ".csv":
        header = {
            name.strip() for name in begin.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf").split(b",")
        }
        return header >= _FOCUS or _GRADES <= header <= _GRADES | _GRADES_MORE
    return _COMMENT.match(begin) is not None or any(_DOCUMENT.search(part) for part in (begin, end))


def _ends(path: Path) -> tuple[bytes, bytes]:
    """The first and the last bytes; nothing of what cannot be read, which reading it will say."""
    try:
        with path.open("rb") as file:
            begin = file.read(_READ_BYTES)
            file.seek(max(0, path.stat().st_size - _READ_BYTES))
            return begin, file.read(_READ_BYTES)
    except OSError:
        return b"", b""
