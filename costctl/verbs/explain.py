"""One request, or one class, through every relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from costctl.documents.explanation import (
    SCHEMA_VERSION,
    ClassExample,
    ClassExplanation,
    Explanation,
    RequestExplanation,
    RequestName,
    RuleExplanation,
    StageLine,
)
from costctl.engine.protocol import Engine
from costctl.explain.cost_parts import parts_of_class, wasted_usd
from costctl.explain.request import class_rule_lines, request_explanation, rule_explanation, stage_lines
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.units import NS_PER_S, iso_utc
from costctl.verbs.explain_caches import with_caches_of_class, with_caches_of_requests
from costctl.verbs.explain_ids import entries_of, meant_by

MOST_REQUESTS: Final = 3  # of one trace that are all explained; of more, the first
_BY_REQUEST: Final = (
    "requests",
    "request_shape",
    "request_class",
    "request_steps",
    "span_ids",
    "staged_spans",
    "calls",
    "call_records",
    "stage_time",
    "charge",
)
_EXAMPLES: Final = ("typical", "slow", "expensive")
_METHODS: Final = {
    "classes": "ordered rules, first match",
    "stages": "self time on the critical path",
    "busy time": "equal split of each instant among the calls in progress",
    "prompt caches": "the provider's rule played on the recorded calls",
}


def explain(asked: str, question: Question, progress: Progress) -> Explanation:
    """What is known of the request, the class or the rule that ``asked`` names.

    Raises UsageError for an ID that is too short or ambiguous, InputError for one that names nothing.
    """
    with observed(question, progress) as observation:
        engine = observation.engine
        progress("Looking up the ID", None)
        meant = meant_by(engine, asked, MOST_REQUESTS)
        rules = engine.query("SELECT * FROM class_rules ORDER BY rule_order")
        progress("Collecting details", None)
        return Explanation(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance(_METHODS),
            asked=asked,
            requests=with_caches_of_requests(
                observation,
                progress,
                [_request(engine, key, rules) for key in meant.request_ids],
                meant.request_ids,
            ),
            other_requests=_names(engine, meant.others),
            request_class=None
            if meant.request_class is None
            else with_caches_of_class(observation, progress, _class(engine, meant.request_class, rules)),
            rule=None if meant.rule is None else _rule(engine, meant.rule, rules),
        )


def _request(engine: Engine, request_id: Any, rules: pl.DataFrame) -> RequestExplanation:
    rows = {name: engine.fetch_where(name, "request_id", [request_id]) for name in _BY_REQUEST}
    rows["call_share"] = engine.fetch_where("call_share", "call_id", rows["calls"]["call_id"].to_list())
    return request_explanation(rows, rules)


def _names(engine: Engine, request_ids: Sequence[Any]) -> tuple[RequestName, ...]:
    rows = engine.fetch_where("requests", "request_id", request_ids)
    name_of = entries_of(engine, request_ids)
    return tuple(
        RequestName(
            request_id=name_of[row["request_id"]],
            route=row["route"],
            start=None if row["start_ns"] is None else iso_utc(row["start_ns"]),
        )
        for row in rows.sort("start_ns", "request_id", nulls_last=True).iter_rows(named=True)
    )


def _class(engine: Engine, name: str, rules: pl.DataFrame) -> ClassExplanation:
    by_rule = engine.query(
        "SELECT rule, COUNT(request_id) AS requests FROM request_class WHERE request_class = ? GROUP BY rule",
        [name],
    )
    cost = engine.fetch_where("class_cost", "request_class", [name]).to_dicts()
    unpriced = engine.query(
        "SELECT SUM(request_usd.unpriced_charges) FROM request_usd INNER JOIN request_class "
        "ON request_usd.request_id = request_class.request_id WHERE request_class.request_class = ?",
        [name],
    ).rows()
    charged = engine.fetch_where("class_charge", "request_class", [name])
    examples = engine.fetch_where("class_example", "request_class", [name]).to_dicts()
    name_of = entries_of(engine, [row["request_id"] for row in examples])
    return ClassExplanation(
        request_class=name,
        requests=cost[0]["requests"] if cost else 0,
        successes=cost[0]["successes"] if cost else 0,
        usd=cost[0]["attributed_usd"] if cost else None,
        unpriced_charges=int(unpriced[0][0] or 0),
        rules=class_rule_lines(name, rules, dict(by_rule.iter_rows())),
        examples=tuple(
            ClassExample(
                example=row["example"],
                trace_id=row["trace_id"],
                request_id=name_of[row["request_id"]],
                duration_s=row["duration_s"],
                usd=row["usd"],
                unpriced_charges=int(row["unpriced_charges"] or 0),
            )
            for row in sorted(examples, key=lambda row: _EXAMPLES.index(row["example"]))
        ),
        stages=_stages_of_class(engine, name),
        cost_parts=parts_of_class(charged),
        wasted_usd=wasted_usd(charged),
    )


def _stages_of_class(engine: Engine, name: str) -> tuple[StageLine, ...]:
    by_stage = engine.query(
        "SELECT stage_time.stage, CAST(SUM(stage_time.self_ns) AS BIGINT) AS self_ns FROM stage_time "
        "INNER JOIN request_class ON stage_time.request_id = request_class.request_id "
        "WHERE request_class.request_class = ? GROUP BY stage_time.stage",
        [name],
    )
    return stage_lines(by_stage.with_columns(self_s=pl.col("self_ns") / NS_PER_S))


def _rule(engine: Engine, name: str, rules: pl.DataFrame) -> RuleExplanation:
    taken = dict(
        engine.query(
            "SELECT rule, COUNT(request_id) AS requests FROM request_class GROUP BY rule"
        ).iter_rows()
    )
    return rule_explanation(name, rules, taken)
