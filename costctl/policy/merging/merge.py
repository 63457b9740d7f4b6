"""What does a consumer's file look like with a policy's settings in it? Every line that is not ours stays as it is.

In: the present text, the file that would be written by itself. Out: the merged text. It is checked before it is given
out: without our lines it is the text that was there, byte for byte, and it holds the values of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.file_changes import Changed, MergedFile
from costctl.documents.policy import Policy
from costctl.errors import InputError
from costctl.policy.file_changes import place_text, shown_value
from costctl.policy.merging.combine import Combined, Conflict, combined
from costctl.policy.merging.marks import Unmarked, lines_of, marked, unmarked
from costctl.policy.merging.rules import MergeRules, Place, Together
from costctl.policy.merging.tree import read_tree, values_of
from costctl.policy.reading import read_yaml

_MARK: Final = "\ufeff"  # at the beginning of a file: how its bytes are ordered
_LONE_RETURN: Final = re.compile("\r(?!\n)")
_NAMED: Final = 5  # conflicts that a message names
_LONGEST: Final = 80  # signs of a value that a message shows


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged text, what became of the file, and what must be so where it runs."""

    text: str
    merged: MergedFile
    conditions: tuple[str, ...] = ()


def merge(
    present: str, alone: str, policy: Policy, rules: MergeRules, *, is_replacing: bool = False
) -> Merge:
    """The present text with our settings in it. alone: the file that would be written by itself.

    is_replacing: whether ours stand in place of values that are in their way, which are kept as comments. Raises
    InputError where the text cannot be merged into, InfeasibleError where the merged file would not keep a required
    data boundary.
    """
    mark, base = _without_ours(present, is_replacing=is_replacing)
    root, values = _read(base.text)
    ours = rules.adapted(values, read_yaml(alone))
    found = combined(base.text, root, values, ours, rules, is_replacing=is_replacing)
    together = Together(policy, values, ours, found.values, found.adopted, not found.conflicts)
    faults = rules.faults(together)
    _require_no_conflict(found.conflicts, faults)
    conditions = rules.conditions(together)
    text = marked(base.text, found.edits, (*_head(alone), *conditions))
    _require_kept(text, base.text, found)
    replaced = tuple(
        Changed(place_text(each.place), *_values(each)) for each in found.replaced if each.why is None
    )
    before, after = len(lines_of(base.text)), len(lines_of(text))
    commented = sum(each.instead_of for each in found.edits)
    shape = MergedFile(before, commented, after - before, len(found.edits), base.blocks, replaced)
    return Merge(mark + text, shape, conditions)


def taken_out(present: str, *, is_replacing: bool = False) -> Merge:
    """The present text without our settings. is_replacing: whether lines of ours that somebody edited go too."""
    mark, base = _without_ours(present, is_replacing=is_replacing)
    return Merge(mark + base.text, MergedFile(len(lines_of(base.text)), 0, 0, 0, base.blocks))


def _without_ours(present: str, *, is_replacing: bool) -> tuple[str, Unmarked]:
    """The mark of its byte order, if it has one, and the text without what an earlier merge wrote."""
    mark, text = (_MARK, present[1:]) if present.startswith(_MARK) else ("", present)
    if _LONE_RETURN.search(text):
        raise _unusable("A line of it ends with a carriage return alone.", "Save it with other line ends.")
    try:
        root = read_tree(text)
        base = unmarked(text, (frozenset() if root is None else root.text_lines()).__contains__)
    except ValueError as error:
        raise _unusable(f"{error}.", "Mend the file first.") from error
    if base.edited and not is_replacing:
        where = ", ".join(f"{first} to {last}" for first, last in base.edited)
        raise InputError(
            "What costctl wrote into the file was edited by hand.",
            why=f"The lines {where} differ from what was written, and a merge would lose the change.",
            next_step="Move what is to stay out of the marks, or change the policy; with --replace the lines are "
            "written anew.",
        )
    return mark, base


def _read(text: str) -> tuple[Any, dict[str, Any]]:
    try:
        root, values = read_tree(text), values_of(text)
    except ValueError as error:
        raise _unusable(f"{error}.", "Mend the file first.") from error
    if root is None or (root.kind == "scalar" and values is None and not root.text):
        return None, {}
    if root.kind != "map" or not isinstance(values, dict):
        raise _unusable("It is no map of settings.", "Name a configuration file of the consumer.")
    if root.is_flow:
        raise _unusable(
            "It is written in brackets, as JSON is, where comments cannot say which lines are whose.",
            "Write it as YAML in lines, or merge by hand what --diff shows.",
        )
    return root, values


def _head(alone: str) -> tuple[str, ...]:
    """The comments at the head of the file that would be written by itself."""
    found = []
    for line in alone.splitlines():
        if not line.startswith("# "):
            break
        found.append(line.removeprefix("# "))
    return tuple(found)


def _require_no_conflict(conflicts: Sequence[Conflict], faults: Iterable[str]) -> None:
    """Raise InputError where values are in our way, or the merged file would be faulty."""
    said = [*(_said(each) for each in conflicts), *faults]
    if not said:
        return
    more = f" And {len(said) - _NAMED} more." if len(said) > _NAMED else ""
    of_values = any(each.why is None for each in conflicts)
    raise InputError(
        "The settings cannot be merged into the file: nothing was written.",
        why=" ".join(said[:_NAMED]) + more,
        next_step="Change those lines, or the policy; with --replace, ours stand in place of single values, which "
        "are kept as comments."
        if of_values
        else "Change those lines of the file, or the policy.",
    )


def _said(conflict: Conflict) -> str:
    where = f"Line {conflict.line}, {place_text(conflict.place) or 'at the top'}"
    if conflict.why is not None:
        return f"{where}: {conflict.why}."
    present, wanted = _values(conflict)
    return f"{where} is {present}, and the policy asks for {wanted}."


def _values(conflict: Conflict) -> tuple[str, str]:
    return _short(conflict.place, conflict.present), _short(conflict.place, conflict.wanted)


def _short(place: Place, value: Any) -> str:
    """The value as text; of many, how many there are."""
    text = shown_value(place, value)
    if len(text) <= _LONGEST or not isinstance(value, dict | list):
        return text
    return f"a {'map' if isinstance(value, dict) else 'list'} of {len(value)}"


def _require_kept(text: str, before: str, found: Combined) -> None:
    """Raise InputError where the merged text would not be what was there and what is ours: some way of writing YAML
    that lines cannot be added to.
    """
    try:
        root = read_tree(text)
        is_kept = (
            unmarked(text, (frozenset() if root is None else root.text_lines()).__contains__).text == before
        )
        is_both = values_of(text) == found.values
    except ValueError:
        is_kept = is_both = False
    if not (is_kept and is_both):
        raise _unusable(
            "Lines cannot be added to it without a change to what stands there.",
            "Write it in plain lines, one setting each, or merge by hand what --diff shows.",
        )


def _unusable(why: str, next_step: str) -> InputError:
    return InputError("The file cannot be merged into.", why=why, next_step=next_step)
