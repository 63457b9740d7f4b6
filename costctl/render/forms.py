"""In which forms can a document be printed?"""

from __future__ import annotations

from enum import StrEnum


class TabularFormat(StrEnum):
    """How a document is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
