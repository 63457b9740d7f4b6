"""By which attributes is the cost of a window told apart? The small tables cuts and cut_attributes.

In: names, such as model, team or attr:region. Out: an engine that has the tables loaded. Relations know what a model,
a tenant or a day is; a team, an API key and a route are attributes of many names, tried in this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from costctl.documents.cuts import ALWAYS_CUT, ATTRIBUTE_PREFIX, IN_ORDER_OF_TIME
from costctl.engine.protocol import Engine

MOST_VALUES: Final = 100  # with a row of their own; more than a person reads, and few beside the requests
_ALL_VALUES: Final = 1_000_000  # of classes, days and hours, of which a window has few
_FIXED: Final = (*IN_ORDER_OF_TIME, "class")
_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "team": (
        "team",
        "team.name",
        "team.id",
        "team_name",
        "team_id",
        "metadata.user_api_key_team_alias",  # LiteLLM; its team id is the tenant where it names one
        "metadata.user_api_key_team_id",
        "metadata.team_alias",
        "metadata.team_id",
        "metadata.team",
        "langfuse.trace.metadata.team",
        "langfuse.trace.metadata.team_id",
        "traceloop.association.properties.team",
        "traceloop.association.properties.team_id",
        "ai.telemetry.metadata.team",
        "ai.telemetry.metadata.teamId",
    ),
    "key": (
        "api_key.name",
        "api_key.alias",
        "api_key.id",
        "api_key_name",
        "api_key_alias",
        "api_key_id",
        "metadata.user_api_key_alias",
        "metadata.user_api_key_hash",
        "scope.public_key",  # Langfuse: the key of a project
    ),
    "route": (
        "http.route",
        "url.template",
        "metadata.user_api_key_request_route",
    ),  # failing these, the entry's name
}


def load_cuts(engine: Engine, by: Sequence[str] = (), *, is_whole: bool = False) -> None:
    """Load cuts and cut_attributes: those that every analysis has, class for changes, and those that are asked for.

    is_whole: of these every value has a row of its own.
    """
    names = [*dict.fromkeys((*ALWAYS_CUT, "class", *by))]
    whole = (*_FIXED, *by) if is_whole else _FIXED
    most = [_ALL_VALUES if name in whole else MOST_VALUES for name in names]
    engine.load(
        "cuts", pl.DataFrame({"cut": names, "most": most}, schema={"cut": pl.String, "most": pl.Int64})
    )
    rows = [
        {"cut": name, "attribute": attribute, "place": place}
        for name in names
        for place, attribute in enumerate(attributes_of(name))
    ]
    schema = {"cut": pl.String, "attribute": pl.String, "place": pl.Int64}
    engine.load("cut_attributes", pl.DataFrame(rows, schema=schema))


def attributes_of(by: str) -> tuple[str, ...]:
    """The attributes that a cut is read from, the first that is there; none where relations know it."""
    if by.startswith(ATTRIBUTE_PREFIX):
        return (by.removeprefix(ATTRIBUTE_PREFIX),)
    return _ATTRIBUTES.get(by, ())
