"""What must a Gateway API route match so that the first class of a policy that fits takes the request?

In: the matches of classes, in order. Out: for each class the matches of its rule. A policy goes by the order of its
classes; Gateway API goes by precision: an exact path before any, then more headers, then more headers of one value
(Envoy Gateway), and the order of rules last. Where a later class would win by precision a request that an earlier one
takes too, the rule of the earlier has both together.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from costctl.documents.policy import Match
from costctl.errors import InfeasibleError
from costctl.policy.targets.http_match import path_ends

MOST_RULES: Final = 16  # of an HTTPRoute
MOST_MATCHES: Final = 64  # of a rule
MOST_MATCHES_OF_ALL: Final = 128  # of the rules of a route together
MOST_HEADERS: Final = 16  # of a match


@dataclass(frozen=True, slots=True)
class Seen:
    """One conjunction. path: exactly this one; None for any.  headers: (name, value), all of which must be there.
    ends: the path ends in one of these, which a pattern of one more header says; None for any.
    """

    path: str | None
    headers: frozenset[tuple[str, str]]
    ends: frozenset[str] | None = None

    @property
    def precision(self) -> tuple[bool, int, int]:
        """By which a gateway prefers it."""
        return self.path is not None, self.header_count, len(self.headers)

    @property
    def header_count(self) -> int:
        """How many headers are looked at."""
        return len(self.headers) + (self.ends is not None)

    def covers(self, other: Seen) -> bool:
        """Whether it matches whatever the other matches."""
        is_path = self.path is None or self.path == other.path
        is_end = self.ends is None or (other.ends is not None and other.ends <= self.ends)
        return is_path and is_end and self.headers <= other.headers


def seen_by(match: Match, model_header: str) -> tuple[Seen, ...]:
    """The conjunctions of a class, any of which will do. model_header: that has the model that the body names."""
    paths: list[str | None] = [f"/v1{end.removeprefix('/v1')}" for end in path_ends(match)]
    return tuple(
        Seen(path, headers) for path, headers in product(paths or [None], _header_sets(match, model_header))
    )


def seen_by_end(match: Match, model_header: str) -> tuple[Seen, ...]:
    """The same where a header has the path, and a pattern tells its end."""
    ends = frozenset(path_ends(match)) or None
    return tuple(Seen(None, headers, ends) for headers in _header_sets(match, model_header))


def ordered(classes: Sequence[tuple[Seen, ...]], consumer: str) -> list[tuple[Seen, ...]]:
    """The matches of each class's rule, its own first; the first class that takes a request wins it.

    Raises InfeasibleError where one route cannot hold them: rules of two routes have no order.
    """
    return first_wins(classes, lambda rules: _require_room(rules, consumer))


def ordered_anyhow(
    classes: Sequence[tuple[Seen, ...]], require_room: Callable[[Sequence[tuple[Seen, ...]]], None]
) -> list[tuple[Seen, ...]]:
    """The same, whatever the order of the rules: what two match alike is matched more precisely by the earlier, or by
    it alone. A class that earlier ones leave nothing has an empty rule. require_room: see ``first_wins``.
    """
    return _uncovered(first_wins(_uncovered(classes), require_room, is_order_kept=False))


def first_wins(
    classes: Sequence[tuple[Seen, ...]],
    require_room: Callable[[Sequence[tuple[Seen, ...]]], None],
    *,
    is_order_kept: bool = True,
) -> list[tuple[Seen, ...]]:
    """From the last to the first: whatever later rules match more precisely is matched by the earlier one as well.

    require_room: is asked of the rules so far, and raises where they are more than the consumer holds.  is_order_kept:
    whether the consumer goes by the order of rules that are as precise.
    """
    rules: list[tuple[Seen, ...]] = []
    for own in reversed(classes):
        later = [each for rule in rules for each in rule]
        both = (
            _both(mine, other)
            for mine in own
            for other in later
            if other.precision > mine.precision or (not is_order_kept and other.precision == mine.precision)
        )
        rules.insert(0, tuple(dict.fromkeys((*own, *(each for each in both if each is not None)))))
        require_room(rules)
    return rules


def _uncovered(rules: Sequence[tuple[Seen, ...]]) -> list[tuple[Seen, ...]]:
    """Of each rule what no earlier one matches as well."""
    found: list[tuple[Seen, ...]] = []
    for rule in rules:
        before = [each for earlier in found for each in earlier]
        found.append(tuple(each for each in rule if not any(other.covers(each) for other in before)))
    return found


def _header_sets(match: Match, model_header: str) -> list[frozenset[tuple[str, str]]]:
    own = frozenset((header.name, header.value) for header in match.headers)
    return [own | {(model_header, name)} for name in match.model or ()] or [own]


def _require_room(rules: Sequence[tuple[Seen, ...]], consumer: str) -> None:
    headers = max((len(each.headers) for rule in rules for each in rule), default=0)
    for count, most, what in (
        (len(rules), MOST_RULES, "rules"),
        (max(map(len, rules), default=0), MOST_MATCHES, "matches in a rule"),
        (sum(map(len, rules)), MOST_MATCHES_OF_ALL, "matches"),
        (headers, MOST_HEADERS, "headers in a match"),
    ):
        if count > most:
            raise InfeasibleError(
                f"{consumer} cannot keep the order of the classes.",
                why=f"They need {count} {what} or more; one route holds {most}, and rules of two routes have no order.",
                next_step="Tell classes by a header alone, or emit a policy with fewer classes.",
            )


def _both(first: Seen, second: Seen) -> Seen | None:
    """What both match; None where nothing is."""
    headers = first.headers | second.headers
    if len({name for name, _ in headers}) < len(headers):
        return None
    if first.path is not None and second.path is not None and first.path != second.path:
        return None
    ends = (
        first.ends if second.ends is None else second.ends if first.ends is None else first.ends & second.ends
    )
    if ends is not None and not ends:
        return None
    return Seen(first.path if first.path is not None else second.path, headers, ends)
