"""A bundle, as people read it: what was written for whom, how much it carries, and who was left out.

In: the document. Out: sections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.bundle import Bundle, BundledFile, LeftOut
from costctl.documents.file_changes import FileChanges
from costctl.render.file_changes import sections as change_sections
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Listing, Notes, Section, Table

_COLUMNS: Final = ("consumer", "version", "file", "exactly", "nearly", "not carried")
_LEFT: Final = frozenset({"consumer", "version", "file"})
_CHECKED: Final = "every byte is as it was written, and the policy is sound"


def written_sections(
    bundle: Bundle, folder: str, following: str, *, is_dry: bool, is_signed: bool
) -> list[Section]:
    """What was written into a folder. is_dry: what would be."""
    signed = ", signed" if is_signed else ""
    verb = "Would write" if is_dry else "Wrote"
    head = f"{folder}: {bundle.policy_id} as {plural(len(bundle.files), 'file')} of consumers{signed}"
    return [
        Facts(((verb, head),)),
        *sections(bundle),
        Facts((("Next", following),)),
    ]


def sections(bundle: Bundle) -> list[Section]:
    """A table of the files, and who was left out."""
    return [files_table(bundle), *_left_out(bundle.left_out)]


def files_table(bundle: Bundle) -> Table:
    """A row for each consumer's file, in the order of the bundle."""
    return Table(
        "consumer", _COLUMNS, tuple(map(_row, bundle.files)), _LEFT, is_compact=True, least=("version",)
    )


def changed_sections(changes: Mapping[str, FileChanges | None], folder: str, following: str) -> list[Section]:
    """How each file of a folder differs from what would be written."""
    found: list[Section] = []
    for path, each in changes.items():
        if each is None:
            found.append(Facts((("", f"{folder}/{path} is not there: all of it would be new"),)))
        else:
            found.extend(part for part in change_sections(each, f"{folder}/{path}", following)[:2])
    return [*found, Facts((("Next", following),))]


def checked_sections(
    bundle: Bundle | None, faults: Sequence[str], folder: str, following: str, signature: str
) -> list[Section]:
    """What is wrong with a bundle, or that it is whole. signature: what is known of it, in words."""
    if faults:
        return [
            Facts((("", f"{folder} has {plural(len(faults), 'problem')}:"),)),
            Listing("", "\n".join(faults), ""),
            Facts((("Next", following),)),
        ]
    contents = (
        "" if bundle is None else f"{bundle.policy_id}, {plural(len(bundle.files), 'file')} of consumers"
    )
    return [
        Facts(
            (
                ("Sound", f"{folder}: {contents}"),
                ("Checked", _CHECKED),
                ("Signed", signature),
                ("Next", following),
            )
        )
    ]


def _row(each: BundledFile) -> tuple[str, ...]:
    said = each.carried
    return (
        each.target if each.backend is None else f"{each.target} ({each.backend})",
        each.consumer.version,
        each.path,
        str(said.exact),
        str(said.nearly),
        str(said.unsupported),
    )


def _left_out(found: Sequence[LeftOut]) -> list[Section]:
    lines = tuple(
        f"{each.target if each.backend is None else f'{each.target} ({each.backend})'}: {each.reason}"
        for each in found
    )
    return [Notes("Left out", lines)] if lines else []
