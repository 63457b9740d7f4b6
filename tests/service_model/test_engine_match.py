"""An engine that told of itself is given to a pool only where no other may be meant."""

from __future__ import annotations

import polars as pl
import pytest

from costctl.documents.settings import Pool, Settings
from costctl.service_model.engine_match import Match, matches_of

BIG, SMALL = Pool(models=("org/Big-70B",)), Pool(models=("small-8b",))


def match_of(settings: Settings, *, model: str | None = None, replica: str | None = None) -> Match:
    row = {"series": "s", "engine": "vllm", "model": model, "replica_id": replica, "source": "/logs/a.prom"}
    schema = dict.fromkeys(row, pl.String)
    return matches_of(pl.DataFrame([row], schema=schema), settings, {"big": frozenset({"pod-1"})})["s"]


@pytest.mark.parametrize(
    ("pools", "label", "pool"),
    [
        ({"big": BIG, "small": SMALL}, {"model": "org/Small-8B"}, "small"),
        ({"big": BIG, "small": SMALL}, {"replica": "pod-1"}, "big"),
        ({"big": BIG, "small": Pool(engine={"source": "/logs/*"})}, {"replica": "pod-1"}, "small"),
        ({"only": Pool(match={"service": "llm"})}, {"model": "anything"}, "only"),
        ({"only": BIG}, {"model": "another"}, None),
        ({"big": BIG, "other": BIG}, {"model": "big-70b"}, None),
        ({}, {"model": "anything"}, None),
    ],
)
def test_the_pool_is_told_by_settings_then_replica_then_model(
    pools: dict[str, Pool], label: dict[str, str], pool: str | None
) -> None:
    assert match_of(Settings(pools=pools), **label).pool == pool


def test_where_it_is_not_known_the_line_to_add_is_said() -> None:
    found = match_of(Settings(pools={"a": BIG, "b": BIG}), model="org/Big-70B")
    assert found.why == (
        'of no pool yet: add engine = { model = "org/Big-70B" } to [pools.NAME]; it may be a or b'
    )
