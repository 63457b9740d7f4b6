"""Where does what stand in a YAML text? Its one document as nodes that know their lines.

In: a text. Out: a ``Node``, and the same content as plain values. An alias is a node of its own, which the usual
composers put the anchored one in place of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import yaml

from costctl.policy.reading import MOST_DEEP, TOO_DEEP, PlainLoader

_NAN: Final = "a number that is none"
# Names of the text, in what PyYAML says is wrong.
_QUOTED: Final = re.compile(r"""\b(alias|anchor|tag|handle) (['"]).*\2""")
_AROUND: Final = (
    yaml.StreamStartEvent,
    yaml.StreamEndEvent,
    yaml.DocumentStartEvent,
    yaml.DocumentEndEvent,
)


class CircularError(ValueError):
    """Something holds itself."""


@dataclass(frozen=True, slots=True)
class Node:
    """kind: what it is.  is_flow: written in brackets.  first, last: numbers of its lines, from 0, the last not
    included.  column: where it begins.  start, stop: from where to where it stands in the text.
    """

    kind: Literal["scalar", "map", "list", "alias"]
    first: int
    column: int
    start: int
    stop: int
    last: int
    is_flow: bool = False
    anchor: str | None = None
    text: str = ""
    pairs: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()

    def under(self, key: str) -> tuple[Node, Node] | None:
        """A key of a map and what stands under it."""
        return next((pair for pair in self.pairs if pair[0].kind == "scalar" and pair[0].text == key), None)

    def repeated(self) -> tuple[str, int] | None:
        """A key that a map has twice, and the line of the second, from 1."""
        counts = Counter(key.text for key, _ in self.pairs if key.kind == "scalar")
        name = next((name for name, count in counts.items() if count > 1), None)
        if name is None:
            return None
        return name, [key.first for key, _ in self.pairs if key.text == name][-1] + 1

    def text_lines(self) -> frozenset[int]:
        """Lines that belong to texts which began before, where what looks like a comment is none."""
        longer = (each for each in self.walk() if each.kind == "scalar")
        return frozenset(line for each in longer for line in range(each.first + 1, each.last))

    def walk(self) -> Iterator[Node]:
        """It and all below it."""
        yield self
        for each in (*(node for pair in self.pairs for node in pair), *self.items):
            yield from each.walk()


@dataclass(slots=True)
class _Reading:
    """Events of one document, read in order."""

    events: Iterator[yaml.Event]
    open_anchors: list[str] = field(default_factory=list)

    def node(self, event: yaml.Event) -> Node:
        start = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self.open_anchors:
                raise CircularError(f"the alias in line {start.line + 1} stands within what it means")
            return Node("alias", *_where(event, event), anchor=event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            return Node("scalar", *_where(event, event), anchor=event.anchor, text=event.value)
        self.open_anchors.append(event.anchor or "")
        found = self._collection(event)
        self.open_anchors.pop()
        return found

    def _collection(self, event: Any) -> Node:
        """A map or a list, up to its end."""
        children = []
        while not isinstance(after := next(self.events), yaml.CollectionEndEvent):
            children.append(self.node(after))
        first, column, start, stop, last = _where(event, after)
        if not event.flow_style:
            stop, last = children[-1].stop, max(each.last for each in children)
        is_map = isinstance(event, yaml.MappingStartEvent)
        return Node(
            "map" if is_map else "list",
            first,
            column,
            start,
            stop,
            last,
            is_flow=bool(event.flow_style),
            anchor=event.anchor,
            pairs=tuple(zip(children[::2], children[1::2], strict=True)) if is_map else (),
            items=() if is_map else tuple(children),
        )


def _where(first: yaml.Event, last: yaml.Event) -> tuple[int, int, int, int, int]:
    """Line, column and place of the beginning, place of the end, and the line after it. A text in lines of its own ends
    where the next line begins.
    """
    start, end = first.start_mark, last.end_mark
    after = end.line if end.column == 0 and end.line > start.line else end.line + 1
    return start.line, start.column, start.index, end.index, after


def read_tree(text: str) -> Node | None:
    """The document; None where there is none. Raises ValueError, which quotes nothing of the text, where it is no YAML
    or more than one document.
    """
    with _told():
        events = list(_not_too_deep(yaml.parse(text, Loader=yaml.SafeLoader)))
    documents = sum(isinstance(each, yaml.DocumentStartEvent) for each in events)
    if documents > 1:
        raise ValueError(f"it holds {documents} YAML documents, and the consumer reads one")
    content = (each for each in events if not isinstance(each, _AROUND))
    first = next(content, None)
    with _told():
        return None if first is None else _Reading(content).node(first)


def _not_too_deep(events: Iterable[yaml.Event]) -> Iterator[yaml.Event]:
    """The events, up to one that stands too deep."""
    depth = 0
    for each in events:
        depth += isinstance(each, yaml.CollectionStartEvent) - isinstance(each, yaml.CollectionEndEvent)
        if depth > MOST_DEEP:
            raise yaml.parser.ParserError(None, None, TOO_DEEP, each.start_mark)
        yield each


def values_of(text: str) -> Any:
    """The content as scalars, lists and dicts; what has a tag of its own keeps it. Raises ValueError, which quotes
    nothing of the text.
    """
    with _told():
        return yaml.load(text, Loader=_TaggedLoader)


@contextmanager
def _told() -> Iterator[None]:
    """Says in words what is wrong, without a word of the text."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        problem = _QUOTED.sub(lambda found: found[1], error.problem or "it is no YAML")
        raise ValueError(f"{problem}{where}") from error
    except yaml.YAMLError as error:
        raise ValueError("it holds characters that YAML does not allow") from error
    except CircularError:
        raise
    except ValueError as error:
        raise ValueError("it holds a value that does not fit its tag") from error


def _tagged(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {f"!{suffix}": loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {f"!{suffix}": loader.construct_sequence(node, deep=True)}
    return {f"!{suffix}": node.value}


def _number(loader: Any, node: Any) -> Any:
    found = loader.construct_yaml_float(node)
    return found if found == found else _NAN  # a number that is none differs from itself


# A safe loader that knows no tag and refuses none.
_TaggedLoader: Any = type("_TaggedLoader", (PlainLoader,), {})
_TaggedLoader.add_multi_constructor("!", _tagged)
_TaggedLoader.add_constructor("tag:yaml.org,2002:float", _number)
# Of a key that stands twice the last one counts, as its consumer reads it; where ours would go, that is refused.
_TaggedLoader.add_constructor("tag:yaml.org,2002:map", yaml.SafeLoader.construct_yaml_map)
