"""What does a shop do in the days after, when some of its applications buy otherwise?

In: a shop, what was changed, and how much traffic came. Out: the shop of the next period: other sessions, the same
applications. An application of which a part of the sessions is changed stands twice, once as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from costctl.synth.shop.world import App, Shop

_OTHER_DRAWS: Final = 1_000_003


@dataclass(frozen=True, slots=True)
class Remedy:
    """app: by name.  choices: fields of ``App`` and what they are set to.  part: of its sessions, 0 to 1."""

    app: str
    choices: Mapping[str, Any]
    part: float = 1.0


def later(shop: Shop, remedies: Iterable[Remedy], times: float = 1.0) -> Shop:
    """The period of the same length that follows. times: as much traffic as there was."""
    named = {each.app: each for each in remedies}
    return replace(
        shop,
        seed=shop.seed + _OTHER_DRAWS,
        start_ns=shop.start_ns + round(shop.hours * 3600e9),
        apps=tuple(part for app in shop.apps for part in _parts(app, named.get(app.name), times)),
    )


def _parts(app: App, remedy: Remedy | None, times: float) -> Iterator[App]:
    more = replace(app, sessions=app.sessions * times)
    if remedy is None or remedy.part < 1.0:
        yield replace(more, sessions=more.sessions * (1.0 - (0.0 if remedy is None else remedy.part)))
    if remedy is not None and remedy.part > 0.0:
        yield replace(more, sessions=more.sessions * remedy.part, **remedy.choices)
