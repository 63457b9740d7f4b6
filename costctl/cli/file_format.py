"""Which format does the name of a file mean, and does the verb write it?

In: ``-o report.json`` and what ``--format`` says, if anything. Out: the format, or UsageError where the two contradict
each other or nothing writes that format. A name without a suffix, or with one that means no format, means none.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from costctl.errors import UsageError

_MEANS: Final = {
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".parquet": "parquet",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".pbtxt": "pbtxt",
    ".xml": "junit",
    ".sarif": "sarif",
    ".xlsx": "xlsx",
    ".xls": "xls",
    ".ods": "ods",
    ".tsv": "tsv",
    ".html": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".odt": "odt",
    ".pptx": "pptx",
    ".png": "png",
    ".svg": "svg",
    ".arrow": "arrow",
    ".feather": "feather",
    ".gz": "gzip",
    ".zst": "zstd",
    ".zip": "zip",
}
_SUFFIX_OF: Final = {meant: suffix for suffix, meant in reversed(_MEANS.items())}
_ARE_ALSO: Final[dict[str, tuple[str, ...]]] = {"gitlab": ("json",), "sarif": ("json",)}

Form = TypeVar("Form", bound=StrEnum)


def meant_by(out: Path | None) -> str | None:
    """The format that the name of a file means; None where it means none."""
    return None if out is None else _MEANS.get(out.suffix.lower())


def form_of(asked: Form | None, out: Path | None, usual: Form) -> Form:
    """The format to write: as asked, else as the name of the file says, else the usual one. Raises UsageError."""
    forms = type(usual)
    if asked is not None:
        require_written(out, [asked.value, *_ARE_ALSO.get(asked.value, ())], by_format=asked.value)
        return asked
    meant = meant_by(out)
    require_written(out, [form.value for form in forms])
    return usual if meant is None else forms(meant)


def require_written(out: Path | None, written: Collection[str], *, by_format: str | None = None) -> None:
    """Raise UsageError where the name of the file means a format that is none of those written.

    by_format: what --format says, where it leaves no other.
    """
    meant = meant_by(out)
    if meant is None or meant in written or out is None:
        return
    suffixes = [_SUFFIX_OF[form] for form in written if form in _SUFFIX_OF]
    named = f"Name the file {' or '.join(suffixes)}" if suffixes else "Choose a name with another suffix"
    if by_format is not None:
        raise UsageError(
            f"-o {out.name} and --format {by_format} contradict each other.",
            why=f"The name of the file means {meant}, and --format says {by_format}.",
            next_step=f"{named}, or remove --format.",
        )
    raise UsageError(
        f"Cannot write {out.name} as {meant}.",
        why=f"This command writes {' or '.join(written)}.",
        next_step=f"{named}, or print to stdout and convert it.",
    )
