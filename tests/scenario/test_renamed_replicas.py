"""A rolling restart changes no figure: the same calls, by replicas that come back renamed at an idle instant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest

from costctl.cost.analysis import build_analysis
from costctl.documents.settings import ClassSettings, Pool, Settings, Slo
from costctl.progress import silent
from costctl.recommend.document import build_recommendations
from costctl.scenario.document import Asked, build_simulation
from costctl.service_model.pool_fit import fit_pools
from tests.cost.two_minutes import two_minutes
from tests.recommend.calls_by_hand import NOWHERE
from tests.relations.span_rows import engine_of, frames_of

HALF_NS, SHIFT_NS = 60 * 10**9, 3 * 10**8
ROLLED = (("c", "d"), ("d", "c"))


def served_twice(after: tuple[str, str]) -> list[dict[str, Any]]:
    """The two minutes on a replica a, and, a little later, on b; after: their names in the second minute."""
    spans: list[dict[str, Any]] = []
    for before, then, shift_ns in (("a", after[0], 0), ("b", after[1], SHIFT_NS)):
        for each in two_minutes((before, then)):
            times = {key: each[key] + shift_ns for key in ("start_ns", "end_ns")}
            spans.append({**each, **times, "trace_id": f"{before}{each['trace_id']}"})
    return sorted(spans, key=lambda each: (each["start_ns"], each["trace_id"]))


@cache
def documents(after: tuple[str, str], declared: int | None) -> dict[str, dict[str, float]]:
    """Every figure of the three documents, by where it stands."""
    settings = Settings(
        pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"}, replicas=declared)},
        classes={name: ClassSettings(slo=Slo(e2e_p95="2s")) for name in ("chat", "rag")},
    )
    frames = frames_of(engine_of(served_twice(after), settings), settings)
    fits = fit_pools(frames, settings)
    asked = Asked(assignments=("pool.gpu.replicas=1",))
    made = {
        "analyze": build_analysis(frames, settings, fits, NOWHERE, 0),
        "recommend": build_recommendations(frames, settings, fits, None, NOWHERE, 0, is_weekly_asked=True),
        "simulate": build_simulation(frames, settings, fits, asked, NOWHERE, 0, silent),
    }
    return {verb: dict(figures("", msgspec.to_builtins(document))) for verb, document in made.items()}


def figures(at: str, value: object) -> Iterator[tuple[str, float]]:
    """The numbers of a document, and where each stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from figures(f"{at}/{key}", inner)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from figures(f"{at}/{place}", inner)
    elif isinstance(value, (int, float)):
        yield at, float(value)


def test_renaming_happens_while_nothing_runs() -> None:
    spans = served_twice(("a", "b"))
    assert not any(each["start_ns"] < HALF_NS < each["end_ns"] for each in spans)


@pytest.mark.parametrize("verb", ["analyze", "recommend", "simulate"])
@pytest.mark.parametrize("declared", [None, 2, 3])
@pytest.mark.parametrize("after", ROLLED)
def test_renaming_replicas_changes_no_figure(verb: str, declared: int | None, after: tuple[str, str]) -> None:
    stayed, rolled = documents(("a", "b"), declared)[verb], documents(after, declared)[verb]
    assert len(stayed) > 30
    assert rolled == pytest.approx(stayed, rel=1e-9, abs=1e-12)


def test_one_of_three_replicas_less_saves_a_third_of_the_bill() -> None:
    found = documents(("c", "d"), 3)["recommend"]
    dropped = "/recommendations/0"
    assert found["/baseline/pools/0/replicas"] == found[f"{dropped}/change/0/from"] == 3
    assert found[f"{dropped}/change/0/to"] == 2
    saved_usd = found[f"{dropped}/cash_usd_per_week/mid"]
    assert saved_usd == pytest.approx(found["/baseline/usd_per_week"] / 3, rel=1e-9)
