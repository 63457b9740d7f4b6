"""The cost by model, tenant, day or attribute is what a walk over calls and requests says, and adds up to all of it."""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costctl.documents.settings import Pool, Settings
from costctl.engine.asked_cuts import load_cuts
from costctl.engine.duckdb import DuckDBEngine
from costctl.frames.cut_sums import CutSums
from costctl.frames.spending import spending_of
from costctl.stats.exact_sums import sums_of_parts
from tests.cost.spending_worlds import Drawn, spending
from tests.relations.span_rows import chat, engine_of, span
from tests.thoroughness import how_many

POOL = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})}, internet_usd_per_gb_egress=90.0
)
ASKED = ("day", "hour", "class", "team", "route", "attr:app")
BY = ("model", "provider", "tenant", *ASKED)
START_S = 1_795_168_800  # 2026-11-20T10:00:00Z
EMITTERS = {"web": {"app": "shop"}, "batch": {"app": "mill"}}
OF_REQUEST = "INNER JOIN requests AS r ON c.request_id = r.request_id"
REST_IS_NO_CALL = ("model", "provider")


def asked(rows: list[dict[str, Any]], config: Settings | None = None) -> DuckDBEngine:
    engine = engine_of(rows, config, resources=EMITTERS)
    load_cuts(engine, ASKED)
    return engine


def rows_of(engine: DuckDBEngine, by: str) -> dict[tuple[str, str | None], tuple[int, int, float | None]]:
    """(kind, value) → requests, calls, USD."""
    used = CutSums.read(engine.fetch).named(by)
    usd = sums_of_parts(used, ("kind", "value"), "usd")
    counted = used.group_by("kind", "value").agg(pl.col("requests", "calls").sum())
    return {
        (kind, value): (requests, calls, usd.get((kind, value)))
        for kind, value, requests, calls in counted.iter_rows()
    }


def bought(key: str, at_s: float, model: str, tokens: int = 1_000, **facts: Any) -> dict[str, Any]:
    start_s = START_S + at_s
    said = {"provider": "openai", "model_served": model, "input_tokens": tokens, "output_tokens": 0}
    return chat(key, start_s, start_s + 2, **said, **facts)


def test_a_request_of_two_models_is_split_by_call_and_counted_with_both() -> None:
    engine = asked([
        span("a/root", START_S, START_S + 60),
        bought("a/1/root", 1, "gpt-4o"),
        bought("a/2/root", 10, "gpt-4o-mini"),
        bought("b/3", 20, "gpt-4o"),
    ])  # fmt: skip
    assert rows_of(engine, "model") == {
        ("value", "gpt-4o"): (2, 2, pytest.approx(0.005)),
        ("value", "gpt-4o-mini"): (1, 1, pytest.approx(0.00015)),
    }


def test_what_no_call_caused_is_a_row_of_its_own_where_only_calls_have_a_value() -> None:
    engine = asked([
        span("a/root", START_S, START_S + 60, egress_bytes=1_000_000, tenant="acme"),
        bought("a/1/root", 1, "gpt-4o"),
    ], POOL)  # fmt: skip
    assert rows_of(engine, "model")["no_call", None] == (1, 0, pytest.approx(0.09))
    assert rows_of(engine, "tenant") == {("value", "acme"): (1, 1, pytest.approx(0.0925))}


def test_a_call_without_a_model_is_not_observed_and_not_left_out() -> None:
    rows = [bought("a/1", 0, "gpt-4o"), chat("b/2", START_S + 5, START_S + 6)]
    assert rows_of(asked(rows), "model")["not_observed", None] == (1, 1, None)


def test_an_attribute_is_the_calls_else_its_requests_else_its_emitters() -> None:
    engine = asked([
        span("a/root", START_S, START_S + 60, attributes=[("app", "entry")], resource_id="web"),
        bought("a/1/root", 1, "gpt-4o", attributes=[("app", "own")], resource_id="batch"),
        bought("a/2/root", 5, "gpt-4o", resource_id="batch"),
        bought("b/3", 9, "gpt-4o", resource_id="batch"),
        bought("c/4", 9, "gpt-4o", attributes=[("app", "")]),
    ])  # fmt: skip
    found = {value: calls for (_, value), (_, calls, _) in rows_of(engine, "attr:app").items()}
    assert found == {"own": 1, "entry": 1, "mill": 1, None: 1}


def test_an_attribute_that_only_another_record_of_the_call_has_is_the_calls() -> None:
    outer = bought("a/outer", 1, "gpt-4o", attributes=[("app", "framework")], dialect="framework")
    engine = asked([outer, bought("a/inner/outer", 1, "gpt-4o")])
    assert rows_of(engine, "attr:app") == {("value", "framework"): (1, 1, pytest.approx(0.0025))}


def test_the_first_name_of_a_team_that_is_there_counts() -> None:
    engine = asked([
        bought("a/1", 0, "gpt-4o", attributes=[("metadata.user_api_key_team_alias", "red")]),
        bought("b/2", 1, "gpt-4o", attributes=[("team", "blue"), ("metadata.user_api_key_team_alias", "red")]),
    ])  # fmt: skip
    assert {value for _, value in rows_of(engine, "team")} == {"red", "blue"}


def test_a_request_is_counted_on_the_day_on_which_it_started() -> None:
    late_s = 86_400 * 20_778 - 1 - START_S  # a second before midnight
    rows = [span("a/root", START_S + late_s, START_S + late_s + 99), bought("a/1/root", late_s + 9, "gpt-4o")]
    day = datetime.datetime.fromtimestamp(START_S + late_s, datetime.UTC)
    assert rows_of(asked(rows), "day") == {("value", f"{day:%Y-%m-%d}"): (1, 1, pytest.approx(0.0025))}
    assert {value for _, value in rows_of(asked(rows), "hour")} == {f"{day:%Y-%m-%dT%H}:00"}


def test_beyond_a_hundred_values_the_cheapest_are_one_row() -> None:
    rows = [
        bought(f"t{number}/1", number, "gpt-4o", 1_000 + number, tenant=f"u{number:03}")
        for number in range(103)
    ]
    found = rows_of(asked(rows), "tenant")
    assert len(found) == 101
    assert found["others", None][:2] == (3, 3)
    assert ("value", "u102") in found
    assert ("value", "u002") not in found


VALUES = st.sampled_from([None, "a", "b", ""])


@st.composite
def forests(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Spans of three traces, each below another or an entry; some are calls, bought or on a replica."""
    rows: list[dict[str, Any]] = []
    for number in range(1, 1 + draw(st.integers(1, 12))):
        trace = draw(st.sampled_from("abc"))
        above = [row["span_id"] for row in rows if row["trace_id"] == trace]
        parent = draw(st.sampled_from([None, *above, *above]))
        key = f"{trace}/{number}" if parent is None else f"{trace}/{number}/{parent}"
        at_s = draw(st.sampled_from([0, 1, 40, 5_000, 90_000, 200_000]))
        app, team = draw(VALUES), draw(VALUES)
        facts: dict[str, Any] = {
            "attributes": [(name, said) for name, said in (("app", app), ("team", team)) if said is not None],
            "resource_id": draw(st.sampled_from([None, "web", "batch"])),
            "tenant": draw(st.sampled_from([None, "acme", "globex"])),
        }
        if draw(st.booleans()):
            model = draw(st.sampled_from(["gpt-4o", "gpt-4o-mini", "no-such-model"]))
            where = {"service": "llm", "replica_id": "r1"} if draw(st.booleans()) else {}
            rows.append(bought(key, at_s, model, draw(st.integers(1, 9_000)), **facts, **where))
        else:
            facts["egress_bytes"] = draw(st.sampled_from([None, 5, 900]))
            rows.append(span(key, START_S + at_s, START_S + at_s + 9, **facts))
    return rows


def walked(
    engine: DuckDBEngine, rows: list[dict[str, Any]], by: str
) -> dict[tuple[str, str | None], list[Any]]:
    """The slow twin: each charge, call and request by itself. (kind, value) → requests, calls, USD."""
    spans = {row["store_key"]: row for row in ({"store_key": at, **each} for at, each in enumerate(rows))}
    tree = engine.query("SELECT * FROM span_tree").to_dicts()
    calls = {row["call_id"]: row for row in engine.fetch("calls").to_dicts()}
    requests = {row["request_id"]: row for row in engine.fetch("requests").to_dicts()}
    classes = dict(engine.fetch("request_class", ("request_id", "request_class")).iter_rows())
    charges = engine.fetch("charge").to_dicts()
    of_span = {node["span_key"]: spans[node["store_key"]] for node in tree}
    entry = {node["request_id"]: spans[node["store_key"]] for node in tree if node["is_first"]}
    wrappers = defaultdict(list)
    for node in tree:
        if node["leaf_calls"] == 1:
            wrappers[node["leaf_call_id"]].append(spans[node["store_key"]])

    def attribute(key: str, call_id: int | None, request_id: int) -> str | None:
        own = [] if call_id is None else [of_span[call_id]]
        others = [] if call_id is None else wrappers[call_id]
        said = sorted(filter(None, (dict(each["attributes"]).get(key) for each in others)))
        looked = [
            *(dict(each["attributes"]).get(key) for each in own),
            *said[:1],
            dict(entry[request_id]["attributes"]).get(key),
            *(EMITTERS.get(each["resource_id"], {}).get(key) for each in (*own, entry[request_id])),
        ]
        return next(filter(None, looked), None)

    def value(call_id: int | None, request_id: int) -> str | None:
        request = requests[request_id]
        started = datetime.datetime.fromtimestamp(request["start_ns"] // 10**9, datetime.UTC)
        match by:
            case "model" | "provider":
                return None if call_id is None else calls[call_id][by]
            case "tenant":
                return request["tenant"] if call_id is None else calls[call_id]["tenant"]
            case "class":
                return classes[request_id]
            case "day":
                return f"{started:%Y-%m-%d}"
            case "hour":
                return f"{started:%Y-%m-%dT%H}:00"
            case "team":
                return attribute("team", call_id, request_id)
            case "route":
                return request["route"]
        return attribute("app", call_id, request_id)

    def row(call_id: int | None, request_id: int) -> tuple[str, str | None]:
        said = value(call_id, request_id)
        if said is not None:
            return "value", said
        return "no_call" if call_id is None and by in REST_IS_NO_CALL else "not_observed", None

    touched, made, usd = defaultdict(set), defaultdict(int), defaultdict(list)
    for call_id, call in calls.items():
        touched[row(call_id, call["request_id"])].add(call["request_id"])
        made[row(call_id, call["request_id"])] += 1
    for charge in charges:
        key = row(charge["call_id"], charge["request_id"])
        touched[key].add(charge["request_id"])
        usd[key].extend([] if charge["usd"] is None else [charge["usd"]])
    for request_id, request in requests.items():
        if not request["calls"] or (by == "tenant" and request["tenant"] is not None):
            touched[row(None, request_id)].add(request_id)
    return {key: [len(touched[key]), made[key], math.fsum(usd[key]) if usd[key] else None] for key in touched}


@settings(max_examples=how_many(6, thorough=30), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=forests())
def test_every_cut_is_what_a_walk_says_and_nothing_is_lost(rows: list[dict[str, Any]]) -> None:
    engine = asked(rows, POOL)
    whole = [usd for (usd,) in engine.query("SELECT usd FROM charge WHERE usd IS NOT NULL").iter_rows()]
    for by in BY:
        found = rows_of(engine, by)
        assert found == {key: tuple(said) for key, said in walked(engine, rows, by).items()}, by
        assert math.fsum(usd or 0.0 for *_, usd in found.values()) == pytest.approx(
            math.fsum(whole), rel=1e-9
        )
        assert sum(calls for _, calls, _ in found.values()) == engine.fetch("calls").height


@pytest.mark.parametrize("hours", [1.5, 30.0, 60.0, 240.0])
def test_what_is_spent_over_time_is_what_a_plain_sum_of_requests_says(hours: float) -> None:
    rng = np.random.default_rng(int(hours))
    at_s = np.append(0, np.sort(rng.uniform(0, hours * 3600 - 10, 60)).round(3))
    tokens = rng.integers(100, 9_000, at_s.size)
    tenants, models = (
        rng.choice(["acme", "birch"], at_s.size),
        rng.choice(["gpt-4o", "gpt-4o-mini"], at_s.size),
    )
    rows = [
        bought(
            f"t{place}/1",
            float(at_s[place]),
            str(models[place]),
            int(tokens[place]),
            tenant=str(tenants[place]),
        )
        for place in range(at_s.size)
    ]
    rows[-1]["end_ns"] = round((START_S + hours * 3600) * 1e9) - 1
    engine = asked(rows)
    usd = dict(
        engine.query(f"SELECT r.trace_id, c.usd FROM charge AS c {OF_REQUEST} WHERE c.usd > 0").iter_rows()
    )
    classes = dict(
        engine.query(f"SELECT r.trace_id, c.request_class FROM request_class AS c {OF_REQUEST}").iter_rows()
    )
    plain = Drawn(
        at_s,
        np.array([usd[f"t{place}"] for place in range(at_s.size)]),
        {
            "class": np.array([classes[f"t{place}"] for place in range(at_s.size)]),
            "model": models,
            "tenant": tenants,
        },
    )
    twin, found = spending(plain, hours, START_S * 10**9), spending_of(CutSums.read(engine.fetch))
    assert (found.first_ns, found.last_ns, found.slots) == (twin.first_ns, twin.last_ns, twin.slots)
    for key, parts in twin.amounts.items():
        assert found.value[key[0], key[2]] == twin.value[key[0], key[2]]
        assert {part: (each.requests, pytest.approx(each.usd)) for part, each in parts.items()} == {
            part: (each.requests, each.usd) for part, each in found.amounts[key].items()
        }
        np.testing.assert_allclose(found.blocks[key].usd, twin.blocks[key].usd, rtol=1e-9)
        np.testing.assert_allclose(found.blocks[key].usd_squared, twin.blocks[key].usd_squared, rtol=1e-9)
