"""The JSON Schema of a document."""

from __future__ import annotations

from costctl.documents import schemas


def schema(name: str) -> str:
    """The schema as text. Raises UsageError for a name that no document has."""
    return schemas.rendered(name)


def schema_names() -> tuple[str, ...]:
    """The name of each document, with the version of its schema."""
    return tuple(f"{name:<20}{version}" for name, (_, version) in schemas.DOCUMENTS.items())
