"""The JSON Schema of a document."""

from __future__ import annotations

from costctl.documents import schemas


def schema(name: str) -> str:
    """The schema as text. Raises UsageError for a name that no document has."""
    return schemas.rendered(name)
