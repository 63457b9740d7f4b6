"""What must a Gateway API route match so that the first class of a policy that fits takes the request?

In: the matches of classes, in order. Out: for each class the matches of its rule. A policy goes by the order of its
classes; Gateway API goes by precision: an exact path before any, then more headers, and the order of rules last. Where
a later class would win by precision a request that an earlier one takes too, the rule of the earlier has both together.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """One conjunction. path: exactly this one; None for any.  headers: (name, value), all of which must be there."""

    path: str | None
    headers: frozenset[tuple[str, str]]

    @property
    def precision(self) -> tuple[bool, int]:
        """By which a gateway prefers it."""
        return self.path is not None, len(self.headers)


def seen_by(match: Match, model_header: str) -> tuple[Seen, ...]:
    """The conjunctions of a class, any of which will do. model_header: that has the model that the body names."""
    paths: list[str | None] = [f"/v1{end.removeprefix('/v1')}" for end in path_ends(match)]
    models = [frozenset({(model_header, name)}) for name in match.model or ()]
    own = frozenset((header.name, header.value) for header in match.headers)
    return tuple(Seen(path, own | model) for path, model in product(paths or [None], models or [own]))


def ordered(classes: Sequence[tuple[Seen, ...]], consumer: str) -> list[tuple[Seen, ...]]:
    """The matches of each class's rule, its own first; the first class that takes a request wins it.

    From the last to the first: whatever later rules match more precisely is matched by the earlier one as well. Raises
    InfeasibleError where one route cannot hold them: rules of two routes have no order.
    """
    rules: list[tuple[Seen, ...]] = []
    for own in reversed(classes):
        later = [each for rule in rules for each in rule]
        both = (_both(mine, other) for mine in own for other in later if other.precision > mine.precision)
        rules.insert(0, tuple(dict.fromkeys((*own, *(each for each in both if each is not None)))))
        _require_room(rules, consumer)
    return rules


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
    return Seen(first.path if first.path is not None else second.path, headers)
