"""How a present file differs from what would be written, for a person who merges the two.

In: the document. Out: facts: a line for each place.
"""

from __future__ import annotations

from collections.abc import Iterator

from costctl.documents.file_changes import FileChanges, Placed
from costctl.render.numbers import count, plural
from costctl.render.sections import Facts, Section


def sections(document: FileChanges, name: str, following: str) -> list[Section]:
    """What is new, what differs, what only the present file has. name: of the present file."""
    if document.is_same:
        return [Facts((("", f"{name} holds what would be written: {plural(document.same, 'value')}"),))]
    lines = list(change_lines(document, f"only in {name}"))
    comments = plural(len(document.comment_lines), "comment")
    not_compared = f"; {comments} in {name} not compared" if document.comment_lines else ""
    head = (
        f"{name} differs: {count(len(document.added))} to add, {count(len(document.changed))} to change, "
        f"{count(len(document.only_present))} only there; {plural(document.same, 'value')} the same{not_compared}"
    )
    return [Facts((("", head),)), Facts(tuple(lines)), Facts((("Next", following),))]


def change_lines(document: FileChanges, only: str) -> Iterator[tuple[str, str]]:
    """A line for each place that differs. only: what is said of what only the present file has."""
    yield from (("+", _placed(each)) for each in document.added)
    yield from (("~", f"{each.place}: {each.present} → {each.written}") for each in document.changed)
    yield from (("-", f"{_placed(each)}  ({only})") for each in document.only_present)


def _placed(each: Placed) -> str:
    if each.value is not None:
        return f"{each.place}: {each.value}"
    return f"{each.place}  ({plural(each.values, 'value')})"
