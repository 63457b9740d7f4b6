"""What does a document say that was written before? The way back of ``--format json -o FILE``.

In: a path, and which documents it may hold. Out: the document. What stands in a file that is none is never printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from costctl.documents.schemas import DOCUMENTS
from costctl.errors import InputError

Document = TypeVar("Document", bound=msgspec.Struct)


class _Says(msgspec.Struct, frozen=True):
    """What every document says of itself."""

    schema_version: str


def read_saved(path: Path, wanted: type[Document], made_by: str) -> Document:
    """The document of the file. made_by: the command that writes one, for messages.

    Raises InputError where the file cannot be read, holds no document of costctl's, or another one.
    """
    next_step = f"Write one with `{made_by}`."
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=f"{error.strerror}.", next_step=next_step) from error
    try:
        says = msgspec.json.decode(data, type=_Says).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} holds no document of costctl's.",
            why="It is no JSON object with a schema_version.",
            next_step=next_step,
        ) from error
    expected = next(version for struct, version in DOCUMENTS.values() if struct is wanted)
    if says != expected:
        known = says in {version for _, version in DOCUMENTS.values()}
        what = f"a document of {says}" if known else "a document that this version of costctl does not know"
        raise InputError(
            f"{path} cannot be used here.", why=f"It holds {what}, not {expected}.", next_step=next_step
        )
    try:
        return msgspec.json.decode(data, type=wanted)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{path} cannot be used.",
            why=f"It says that it is {expected}, and is not: a field is missing, unknown or of another type.",
            next_step=f"{next_step} A file of an earlier build is written anew.",
        ) from error
