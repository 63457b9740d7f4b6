"""What does a document say that was written before? The way back of ``--format json -o FILE``.

In: a path, and which documents it may hold. Out: the document. What stands in a file that is none is never printed.
"""

from __future__ import annotations

from collections.abc import Collection
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
    data = _read(path, next_step)
    says = _version_in(data, path, next_step)
    expected = next(version for struct, version in DOCUMENTS.values() if struct is wanted)
    if says != expected:
        raise _another(path, says, f"not {expected}", next_step)
    return _decoded(data, path, wanted, expected, next_step)


def read_any_saved(path: Path, kinds: Collection[type[msgspec.Struct]]) -> msgspec.Struct:
    """The document of the file, one of these kinds.

    Raises InputError where the file cannot be read, holds no document of costctl's, or one of another kind.
    """
    next_step = "Write one with --format json -o FILE, such as `costctl analyze -o analysis.json`."
    data = _read(path, next_step)
    says = _version_in(data, path, next_step)
    known = {version: struct for struct, version in DOCUMENTS.values() if struct in kinds}
    if says not in known:
        raise _another(path, says, "none of those that have tables", next_step)
    return _decoded(data, path, known[says], says, next_step)


def _read(path: Path, next_step: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read.", why=f"{error.strerror}.", next_step=next_step) from error


def _version_in(data: bytes, path: Path, next_step: str) -> str:
    try:
        return msgspec.json.decode(data, type=_Says).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        is_json = isinstance(error, msgspec.ValidationError)
        said = "It is no JSON object with a schema_version." if is_json else f"It is no JSON: {error}."
        raise InputError(f"{path} holds no document of costctl's.", why=said, next_step=next_step) from error


def _another(path: Path, says: str, wanted: str, next_step: str) -> InputError:
    known = says in {version for _, version in DOCUMENTS.values()}
    what = f"a document of {says}" if known else "a document that this version of costctl does not know"
    return InputError(f"{path} cannot be used here.", why=f"It holds {what}, {wanted}.", next_step=next_step)


def _decoded(data: bytes, path: Path, wanted: type[Document], version: str, next_step: str) -> Document:
    try:
        return msgspec.json.decode(data, type=wanted)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{path} cannot be used.",
            why=f"It says that it is {version}, and is not: a field is missing, unknown or of another type.",
            next_step=f"{next_step} A file of an earlier build is written anew.",
        ) from error
