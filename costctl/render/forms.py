"""In which forms can a document be printed?"""

from __future__ import annotations

from enum import StrEnum


class TabularFormat(StrEnum):
    """How a document is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class RowFormat(StrEnum):
    """How the answer of a query is printed: as a document, or a line for each value."""

    TABLE = "table"
    LINE = "line"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class CheckFormat(StrEnum):
    """How the outcome of gates is printed: for people, and for what runs pipelines."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
