"""Which lines must be written so that a file holds our settings besides its own? And which of its values stand in the
way?

In: a file's nodes and values, ours, and what is known of the consumer. Out: edits, the values that the file then has,
and conflicts. A key that the file lacks is added at the end of its map, a member at the end of its list; what is the
same is left alone. What is written in brackets is written anew as a whole, in place of the lines that it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from costctl.policy.file_changes import member_name
from costctl.policy.merging.marks import Edit, lines_of
from costctl.policy.merging.rules import MergeRules, Place
from costctl.policy.merging.tree import Node

_WIDTH: Final = 110
_EMPTY: Final[tuple[Any, ...]] = (None, [], {})


@dataclass(frozen=True, slots=True)
class Conflict:
    """place: where, by keys, members of lists by what they are called.  line: from 1.  present, wanted: the two values.

    why: where it is no matter of values, but of how the file is written.
    """

    place: Place
    line: int
    present: Any = None
    wanted: Any = None
    why: str | None = None


@dataclass(slots=True)
class Combined:
    """values: what the file then holds.  replaced: conflicts that were settled for us.  adopted: by list of ours, the
    numbers of the members that they became one with, None for those that were added.
    """

    values: Any = None
    edits: list[Edit] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    replaced: list[Conflict] = field(default_factory=list)
    adopted: dict[Place, tuple[int | None, ...]] = field(default_factory=dict)


def combined(
    text: str, root: Node | None, present: Any, ours: dict[str, Any], rules: MergeRules, *, is_replacing: bool
) -> Combined:
    """The edits. text: the file without what was ours; root, present: its nodes and its values, a map.

    is_replacing: whether ours stand in place of what is in their way.
    """
    work = _Combining(text, lines_of(text), rules, is_replacing, _aliased(root))
    if root is None:
        work.found.edits.append(Edit(len(work.lines), 0, _rendered(ours)))
        work.found.values = ours
    else:
        work.found.values = work.map(root, present, ours, (), root.first + 1)
    return work.found


@dataclass(slots=True)
class _Combining:
    """A node is None within a value that is written anew as a whole: there is nothing to edit there."""

    text: str
    lines: list[str]
    rules: MergeRules
    is_replacing: bool
    aliased: frozenset[str]
    found: Combined = field(default_factory=Combined)

    def map(self, node: Node | None, present: Any, ours: dict[str, Any], place: Place, line: int) -> Any:
        """The values of a map with ours among them. line: where it stands, from 1."""
        repeated = None if node is None else node.repeated()
        if repeated is not None:
            self._refuse(
                place, repeated[1], f"the key {repeated[0]} stands here again, and the last one counts"
            )
            return present
        before = len(self.found.edits)
        merged, fresh = dict(present), {}
        for key, wanted in ours.items():
            at = (*place, key)
            pair = None if node is None else node.under(key)
            if key in present and (present[key] == wanted or (present[key] in _EMPTY and wanted in _EMPTY)):
                continue
            if key not in present:
                fresh[key] = wanted
            elif node is not None and pair is None:  # it comes from another map, by <<
                if self._is_settled(Conflict(at, line, present[key], wanted)):
                    fresh[key] = wanted
            else:
                merged[key] = self._both(pair, present[key], wanted, at, pair[0].first + 1 if pair else line)
        if fresh and node is not None:
            column = node.pairs[0][0].column
            self._edit(Edit(self._end(node, column, is_root=not place), column, _rendered(fresh)))
        self._require_own(node, place, before)
        return {**merged, **fresh}

    def _both(
        self, pair: tuple[Node, Node] | None, present: Any, wanted: Any, place: Place, line: int
    ) -> Any:
        """The value of a key that both have, and that differs. pair: the key and its value in the file."""
        node = None if pair is None else pair[1]
        is_open = node is not None and node.kind in ("map", "list") and not node.is_flow
        inner = node if is_open else None
        if isinstance(wanted, dict) and isinstance(present, dict) and present:
            merged = self.map(inner, present, wanted, place, line)
        elif isinstance(wanted, list) and isinstance(present, list) and present and self._is_joinable(place):
            merged = self._list(inner, present, wanted, place, line)
        elif present in _EMPTY and isinstance(wanted, dict | list):
            merged = wanted
        elif self._is_settled(Conflict(place, line, present, wanted)):
            merged, is_open = wanted, False
        else:
            return present
        if pair is not None and not is_open and merged != present:
            self._instead(pair, merged, place)
        return merged

    def _list(self, node: Node | None, present: list[Any], ours: list[Any], place: Place, line: int) -> Any:
        """The values of a list with ours among them: each becomes one with what it is, or is added."""
        before = len(self.found.edits)
        merged, fresh, used = list(present), [], []
        adopted: list[int | None] = []
        for member in ours:
            matching = [at for at in self._matching(place, member, present) if at not in used]
            if len(matching) > 1:
                why = f"{len(matching)} entries may be what is meant by {member_name(member, 0)}"
                self._refuse(place, node.items[matching[1]].first + 1 if node else line, why)
            adopted.append(matching[0] if matching else None)
            if not matching:
                fresh.append(member)
            else:
                used.append(matching[0])
                item = node.items[matching[0]] if node is not None else None
                merged[matching[0]] = self._member(item, present[matching[0]], member, place, line)
        self.found.adopted[place] = tuple(adopted)
        if fresh and node is not None:
            column = self._dash(node.items[0])
            self._edit(Edit(self._end(node, column), column, _rendered(fresh)))
        self._require_own(node, place, before)
        return [*merged, *fresh]

    def _member(self, item: Node | None, present: Any, member: Any, place: Place, line: int) -> Any:
        if not isinstance(member, dict) or not isinstance(present, dict):
            return present  # a scalar that is there
        wanted = self.rules.joined(place, member)
        name = member_name(present, 0)
        is_open = item is not None and item.kind == "map" and not item.is_flow
        at = line if item is None else item.first + 1
        merged = self.map(item if is_open else None, present, wanted, (*place, name), at)
        if item is not None and not is_open and merged != present:
            self._instead((item, item), merged, (*place, name))
        return merged

    def _matching(self, place: Place, member: Any, present: Sequence[Any]) -> list[int]:
        if self.rules.is_set(place):
            return [at for at, each in enumerate(present) if each == member][:1]
        return self.rules.matches(place, member, present)

    def _is_joinable(self, place: Place) -> bool:
        return self.rules.is_set(place) or self.rules.is_list_of_named(place)

    def _instead(self, pair: tuple[Node, Node], value: Any, place: Place) -> None:
        """Write a value anew, in place of the lines of its key and itself; or of a member of a list, which stands for
        its own key.
        """
        key, old = pair
        line = self.lines[key.first]
        lead, rest = line[: key.column], self.text[old.stop :].partition("\n")[0].strip()
        is_member = key is old
        is_alone = lead.strip() == "-" if is_member else lead.strip() in ("", "-")
        is_last = old.last > key.first + 1 and old.stop == self._start(old.last)
        if old.kind == "scalar" and old.start == old.stop and not is_member and not lead.strip():
            indent = key.column + 2
            self._edit(Edit(self._end(old, indent), indent, _rendered(value)))
        elif not is_alone or (rest and not rest.startswith("#") and not is_last):
            self._refuse(place, key.first + 1, "it shares its line with others: write it in lines of its own")
        elif any(each.anchor in self.aliased for each in old.walk() if each.kind != "alias"):
            self._refuse(place, key.first + 1, "it is used elsewhere too, by an anchor: write it out")
        else:
            column = len(lead) - len(lead.lstrip())
            whole = [value] if is_member else {key.text: value}
            lines = _rendered(whole)
            if not is_member and lead.strip():
                pad = " " * (key.column - column)
                lines = (lead[column:] + lines[0], *(pad + each for each in lines[1:]))
            self._edit(Edit(key.first, column, lines, instead_of=old.last - key.first))

    def _start(self, line: int) -> int:
        """Where a line begins in the text."""
        return sum(map(len, self.lines[:line]))

    def _edit(self, edit: Edit) -> None:
        self.found.edits.append(edit)

    def _end(self, node: Node, column: int, *, is_root: bool = False) -> int:
        """The line before which something is added to a map or a list: after its last, and the comments that are
        indented as its entries are.
        """
        end = at = node.last
        least = 0 if is_root else max(column, 1)
        while at < len(self.lines):
            said = self.lines[at].strip()
            indent = len(self.lines[at]) - len(self.lines[at].lstrip())
            if said.startswith("#") and indent >= least:
                end = at + 1
            elif said:
                break
            at += 1
        return min(end, len(self.lines))

    def _dash(self, item: Node) -> int:
        """The column of the dash before a member of a list."""
        at = self.text.rfind("-", 0, item.start)
        return at - self.text.rfind("\n", 0, at) - 1

    def _require_own(self, node: Node | None, place: Place, before: int) -> None:
        """Take edits back that would change what stands elsewhere too."""
        if node is not None and node.anchor in self.aliased and len(self.found.edits) > before:
            del self.found.edits[before:]
            self._refuse(
                place, node.first + 1, f"it is used elsewhere too, by the anchor &{node.anchor}: write it out"
            )

    def _is_settled(self, conflict: Conflict) -> bool:
        """Whether ours is written."""
        (self.found.replaced if self.is_replacing else self.found.conflicts).append(conflict)
        return self.is_replacing

    def _refuse(self, place: Place, line: int, why: str) -> None:
        self.found.conflicts.append(Conflict(place, line, why=why))


def _rendered(value: Any) -> tuple[str, ...]:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return tuple(text.splitlines())


def _aliased(root: Node | None) -> frozenset[str]:
    """Anchors that are used."""
    found = () if root is None else root.walk()
    return frozenset(each.anchor for each in found if each.kind == "alias" and each.anchor is not None)
