"""How well classes are told at admission: from worlds whose answer is known, never from what comes later."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from costctl.documents.admission_accuracy import Matching
from costctl.errors import NotEnoughDataError
from costctl.segment.admission_accuracy import FOLDS, Matched, admission_accuracy, folds_of, wilson
from costctl.segment.admission_features import encoded
from tests.oracles.rules_by_hand import taken_by
from tests.relations.span_rows import chat, engine_of, span

ADMISSION = pl.Schema(
    {
        "request_id": pl.String, "route": pl.String, "model": pl.String, "operation": pl.String,
        "prompt_tokens": pl.Int64, "max_tokens": pl.Int64, "is_stream": pl.Boolean, "has_tools": pl.Boolean,
        "tenant": pl.String, "data_classification": pl.String, "workload": pl.String,
    }
)  # fmt: skip


def matched(rows: list[dict[str, Any]], seed: int = 0) -> Matched:
    """rows: a request each; "class" is the class, the rest what is known at admission."""
    facts = [
        {"request_id": f"{number:05}", "has_tools": False, **row} | {"class": None}
        for number, row in enumerate(rows)
    ]
    for fact in facts:
        del fact["class"]
    classes = pl.DataFrame(
        {
            "request_id": [fact["request_id"] for fact in facts],
            "request_class": [row["class"] for row in rows],
        }
    )
    return admission_accuracy(pl.DataFrame(facts, schema=ADMISSION), classes, seed)


def mixed(seed: int, count: int = 600) -> list[dict[str, Any]]:
    """Four classes: one told by its route, one by its limit, and two that only the output would tell apart."""
    rng = np.random.default_rng(seed)
    rows = []
    for name in rng.choice(["embed", "label", "chat", "story"], count, p=[0.2, 0.2, 0.45, 0.15]):
        rows.append(
            {
                "class": str(name),
                "route": "/embed" if name == "embed" else "/chat",
                "model": "small",
                "prompt_tokens": int(rng.lognormal(6, 0.8)),
                "max_tokens": 8 if name == "label" else None if rng.random() < 0.5 else 4096,
                "tenant": str(rng.choice(["a", "b", "c"])),
            }
        )
    return rows


def by_class(matching: Matching) -> dict[str, tuple[float | None, float | None]]:
    return {
        item.request_class: (item.recall and item.recall.mid, item.precision and item.precision.mid)
        for item in matching.classes
    }


def test_a_class_with_a_route_of_its_own_is_always_told() -> None:
    found = matched(mixed(1)).without_label
    assert by_class(found)["embed"] == (1.0, 1.0)
    assert by_class(found)["label"] == (1.0, 1.0)


def test_classes_that_differ_only_in_what_is_written_are_not_told_apart() -> None:
    found = by_class(matched(mixed(2)).without_label)
    # Taking both for the more frequent one is the best that can be done: 3 of 4 are chat.
    chat_recall, chat_precision = found["chat"]
    story_recall, _ = found["story"]
    assert chat_recall is not None and chat_precision is not None and story_recall is not None
    assert chat_recall > 0.85
    assert chat_precision == pytest.approx(0.75, abs=0.06)
    assert story_recall < 0.2


def test_classes_that_differ_in_nothing_and_are_as_frequent_are_told_by_half() -> None:
    rng = np.random.default_rng(4)
    rows = [
        {"class": name, "route": "/chat", "prompt_tokens": int(rng.integers(10, 2000))}
        for name in ["chat", "story"] * 300
    ]
    found = matched(rows).without_label
    assert found.accuracy.mid == pytest.approx(0.5, abs=0.07)
    assert found.accuracy.low < 0.53


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_the_classes_shuffled_nothing_is_told(seed: int) -> None:
    """Would the score leak from the requests that the tree has seen, shuffled classes would still be told."""
    rows = mixed(seed)
    shuffled = np.random.default_rng(seed).permutation([row["class"] for row in rows])
    found = matched([{**row, "class": str(name)} for row, name in zip(rows, shuffled, strict=True)])
    chance = found.largest_class_ratio
    assert found.without_label.accuracy.mid <= chance + 0.04
    assert found.without_label.accuracy.low < chance


def test_the_confusion_sums_to_the_requests_and_recall_and_precision_are_its_ratios() -> None:
    found = matched(mixed(5)).without_label
    cells = {(cell.request_class, cell.matched_as): cell.requests for cell in found.confusion}
    assert sum(cells.values()) == 600
    assert all(cells.values())
    right = sum(count for (true, taken), count in cells.items() if true == taken)
    assert found.accuracy.mid == right / 600
    for item in found.classes:
        own = cells.get((item.request_class, item.request_class), 0)
        assert item.requests == sum(c for (true, _), c in cells.items() if true == item.request_class)
        assert item.matched == sum(c for (_, taken), c in cells.items() if taken == item.request_class)
        assert item.recall is not None
        assert item.recall.mid == own / item.requests
        assert (item.precision and item.precision.mid) == (own / item.matched if item.matched else None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rules_followed_by_hand_take_the_requests_that_they_say(seed: int) -> None:
    rows = mixed(seed)
    rules = matched(rows).without_label.rules
    taken = [(taken_by(rules, row), row["class"]) for row in rows]
    for rule in rules:
        own = [name for by, name in taken if by is rule]
        assert len(own) == rule.requests
        assert own.count(rule.request_class) / len(own) == rule.purity_ratio
    assert sum(rule.requests for rule in rules) == len(rows)
    assert rules[-1].conditions == ()


def test_the_rules_say_what_sets_the_classes_apart_and_no_more() -> None:
    found = matched(mixed(1)).without_label
    told = {item.request_class: item.rule_features for item in found.classes}
    assert "route" in told["embed"]
    assert "tenant" not in {feature for features in told.values() for feature in features}
    assert len(found.rules) <= 4


def test_the_label_is_used_only_where_it_may_be() -> None:
    rows = [{**row, "workload": row["class"]} for row in mixed(3)]
    found = matched(rows)
    assert found.with_label is not None
    assert found.with_label.accuracy.mid == 1.0
    assert found.without_label.accuracy.mid < 0.95
    assert "workload" not in found.without_label.features
    assert matched(mixed(3)).with_label is None


def test_a_class_with_a_handful_of_requests_is_not_judged() -> None:
    rows = [*mixed(1), *({"class": "rare", "route": "/rare", "model": "small"} for _ in range(4))]
    rare = next(item for item in matched(rows).without_label.classes if item.request_class == "rare")
    assert (rare.requests, rare.recall, rare.precision) == (4, None, None)


def test_one_class_alone_cannot_be_told_from_anything() -> None:
    with pytest.raises(NotEnoughDataError):
        matched([{"class": "chat", "route": "/chat"} for _ in range(50)])


def test_what_no_request_records_is_named_and_not_used() -> None:
    found = matched(mixed(1))
    assert found.not_observed == (
        "operation",
        "is_stream",
        "has_tools",
        "data_classification",
        "request headers",
    )
    assert found.without_label.features == ("prompt_tokens", "max_tokens", "route", "model", "tenant")


def test_where_nothing_is_recorded_all_are_taken_for_the_largest_class() -> None:
    found = matched([{"class": "chat"}] * 30 + [{"class": "rag"}] * 20).without_label
    assert by_class(found) == {"chat": (1.0, 0.6), "rag": (0.0, None)}


def test_a_failed_call_is_not_told_by_its_missing_count() -> None:
    """Counts come with the answer. A call without one failed, which nobody knows when it arrives."""
    rng = np.random.default_rng(1)
    rows = [
        {
            "class": name,
            "route": "/chat",
            "prompt_tokens": None if name == "chat" else int(rng.integers(50, 900)),
        }
        for name in ["chat"] * 40 + ["long"] * 160
    ]
    assert by_class(matched(rows).without_label)["chat"][0] == 0.0


def test_the_same_seed_gives_the_same_answer_whatever_the_order_of_the_rows() -> None:
    rows = mixed(2)
    facts = [{"request_id": f"{number:05}", "has_tools": False, **row} for number, row in enumerate(rows)]
    classes = pl.DataFrame(
        {
            "request_id": [fact["request_id"] for fact in facts],
            "request_class": [fact["class"] for fact in facts],
        }
    )
    admission = pl.DataFrame([{key: fact.get(key) for key in ADMISSION} for fact in facts], schema=ADMISSION)
    assert admission_accuracy(admission, classes, 7) == admission_accuracy(admission.reverse(), classes, 7)


def test_every_fold_has_its_part_of_every_class() -> None:
    classes = np.array([0] * 52 + [1] * 11 + [2] * 5)
    folds = folds_of(classes, FOLDS, 3)
    for number, size in enumerate((52, 11, 5)):
        counts = np.bincount(folds[classes == number], minlength=FOLDS)
        assert counts.sum() == size
        assert counts.max() - counts.min() <= 1


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # 8 of 10: (0.4902, 0.9433); Newcombe, Statistics in Medicine 17 (1998) 857, method 3.
    found = wilson(8, 10)
    assert (found.low, found.mid, found.high) == pytest.approx((0.4902, 0.8, 0.9433), abs=1e-4)
    assert wilson(5, 5).high == 1.0
    assert wilson(0, 5).low == 0.0


def test_a_limit_that_is_not_given_lies_above_every_limit() -> None:
    frame = pl.DataFrame([{"max_tokens": 8}, {"max_tokens": None}, {"max_tokens": 4096}], schema=ADMISSION)
    found = encoded(frame, 0, uses_label=False)
    place = next(n for n, column in enumerate(found.columns) if column.feature == "max_tokens")
    assert found.values[:, place].tolist() == [8.0, 8194.0, 4096.0]


def test_what_is_known_at_admission_is_the_first_call_and_not_what_follows() -> None:
    engine = engine_of(
        [
            span("t1/a", 0, 9, tenant="acme", name="POST /ask"),
            chat("t1/b/a", 1, 2, model_requested="m", model_served="m-2026", input_tokens=40, max_tokens=64),
            chat("t1/c/a", 3, 5, model_requested="large", input_tokens=9000, max_tokens=2048, is_stream=True,
                 attributes=[("gen_ai.tool.definitions", "sha256:0")]),
            span("t2/a", 0, 1, name="POST /none"),
            chat("t3/a", 4, 5, input_tokens=0, attributes=[("llm.tools.0.tool.json_schema", "sha256:1")]),
        ]
    )  # fmt: skip
    rows = {row["route"]: row for row in engine.fetch("admission_shape").to_dicts()}
    asked = rows["POST /ask"]
    assert (asked["model"], asked["prompt_tokens"], asked["max_tokens"]) == ("m", 40, 64)
    assert (asked["is_stream"], asked["has_tools"], asked["tenant"]) == (None, False, "acme")
    assert (rows["POST /none"]["operation"], rows["POST /none"]["has_tools"]) == (None, False)
    assert (rows[None]["prompt_tokens"], rows[None]["has_tools"]) == (None, True)
