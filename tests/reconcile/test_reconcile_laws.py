"""Whatever the bill says, the parts add up to the difference; order and copies change nothing, size the size alone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.reconciliation import Reconciliation
from costctl.reconcile.compare import compared as compare
from costctl.reconcile.sides import Billed, Bucket, Provider
from costctl.reconcile.traced import SLOTS_A_DAY, Traced, summed
from tests.reconcile.compared_worlds import compared, traced_of
from tests.synth.billed_worlds import World

EVERYTHING = World(41, frozenset({"key", "price", "zone", "discount"}))
DAYS: list[Bucket] = [(day * SLOTS_A_DAY, (day + 1) * SLOTS_A_DAY) for day in range(20_000, 20_003)]
MODELS = ("one", "two")
KINDS = ("input", "output", "web_searches")
amounts = st.integers(0, 10**6).map(lambda cents: Fraction(cents, 100))
maybe = st.one_of(st.none(), amounts)
names = st.sampled_from([None, "k1", "k2"])
billed_lines = st.builds(
    Billed, bucket=st.sampled_from(DAYS), model=st.sampled_from([None, *MODELS, "three"]),
    kind=st.sampled_from([None, *KINDS]), item=st.sampled_from([None, None, None, "storage"]),
    charge=st.sampled_from(["usage", "usage", "usage", "credit", "tax"]), key=names, project=names,
    calls=st.one_of(st.none(), st.integers(0, 9)), quantity=maybe, usd=maybe,
)  # fmt: skip
traced_rows = st.builds(
    Traced, slot=st.integers(DAYS[0][0] - 60, DAYS[-1][1] + 59), provider=st.just("openai"),
    model=st.sampled_from([*MODELS, "four"]), service_tier=st.just("default"),
    kind=st.sampled_from([*KINDS, "calls"]), key=names, team=names, calls=st.integers(0, 3), quantity=amounts,
    usd=amounts, unpriced=st.integers(0, 1), unknown=st.integers(0, 1),
)  # fmt: skip


def without_price(model: str, kind: str, day: int) -> Fraction | None:
    """The price book of a test: one model is in it."""
    return Fraction(1, 1000) if model == "three" and day and kind else None


@settings(deadline=None, max_examples=60)
@given(st.lists(traced_rows, max_size=30))
def test_rows_without_keys_hold_all_that_rows_with_keys_do(rows: list[Traced]) -> None:
    expected: dict[tuple[int, str | None, str], list[Fraction]] = {}
    for row in rows:
        own = (row.calls, row.quantity, row.usd, row.unpriced, row.unknown)
        before = expected.get((row.slot, row.model, row.kind), [Fraction(0)] * len(own))
        expected[row.slot, row.model, row.kind] = [
            one + other for one, other in zip(before, own, strict=True)
        ]
    found = summed(rows)
    assert [
        ((row.slot, row.model, row.kind), [row.calls, row.quantity, row.usd, row.unpriced, row.unknown])
        for row in found
    ] == list(expected.items())
    assert {(row.key, row.team) for row in found} <= {(None, None)}


@settings(deadline=None, max_examples=60)
@given(st.lists(billed_lines, min_size=1, max_size=12), st.lists(traced_rows, max_size=12))
def test_the_parts_sum_to_billed_less_traced_exactly(billed: list[Billed], traced: list[Traced]) -> None:
    has_amounts = any(row.usd is not None for row in billed)
    has_quantities = any(row.quantity is not None for row in billed)
    whole = (DAYS[0][0], DAYS[-1][1])
    usd = [
        row if row.kind != "calls" else replace(row, usd=Fraction(0), quantity=Fraction(0)) for row in traced
    ]
    found = compare(
        Provider("openai", tuple(DAYS), tuple(billed), tuple(usd), (whole[0] - 60, whole[1] + 60),
                 whole if has_amounts else None, whole if has_quantities else None),
        without_price,
    )  # fmt: skip
    assert found.parts.total() == found.billed - found.traced


def money(values: Sequence[float]) -> Decimal:
    return sum((Decimal(repr(value)) for value in values), Decimal(0))


@pytest.mark.parametrize("form", ["api", "focus"])
def test_what_is_written_adds_up_to_the_cent(form: str, tmp_path: Path) -> None:
    document = compared(replace(EVERYTHING, form=form, calls=[]), tmp_path)
    difference = Decimal(repr(document.difference_usd))
    assert difference == Decimal(repr(document.billed_usd)) - Decimal(repr(document.traced_usd))
    assert money([part.usd for part in document.parts]) == difference
    assert money([each.usd for each in document.differences]) == difference
    for provider in document.providers:
        assert money([part.usd for part in provider.parts]) == Decimal(repr(provider.difference_usd))
    days = [day.difference_usd for day in document.days if day.difference_usd is not None]
    assert money(days) == difference


def said(document: Reconciliation) -> bytes:
    """All but which files it was read from."""
    return msgspec.json.encode(msgspec.structs.replace(document, files=(), notes=()))


def test_the_order_of_rows_and_files_changes_nothing(tmp_path: Path) -> None:
    world = replace(EVERYTHING, form="focus", calls=[])
    first = said(compared(world, tmp_path))
    lines = (tmp_path / "focus.csv").read_text(encoding="utf-8").splitlines()
    rows, shuffled = lines[1:], random.Random(5)
    shuffled.shuffle(rows)
    for name, part in (("a.csv", rows[:50]), ("b.csv", rows[50:])):
        (tmp_path / name).write_text("\n".join([lines[0], *part]) + "\n", encoding="utf-8")
    traced = traced_of(world)
    shuffled.shuffle(traced)
    bills = [str(tmp_path / "b.csv"), str(tmp_path / "a.csv")]
    assert said(compared(world, tmp_path, traced, bills)) == first
    assert said(compared(world, tmp_path, traced, bills[::-1])) == first


def test_a_file_that_is_given_twice_counts_once_and_is_named(tmp_path: Path) -> None:
    bills = EVERYTHING.write(tmp_path)
    copy = shutil.copy(bills[1], tmp_path / "again.json")
    once, twice = (compared(EVERYTHING, tmp_path, bills=each) for each in (bills, [*bills, str(copy)]))
    assert said(twice) == said(once)
    assert [Path(str(file.copy_of)).name for file in twice.files if file.copy_of] in (
        ["costs.json"],
        ["again.json"],
    )
    assert "1 file is given twice and counted once." in twice.notes


def test_days_that_two_answers_of_an_api_share_count_once(tmp_path: Path) -> None:
    usage, costs = EVERYTHING.write(tmp_path)
    page = msgspec.json.decode(Path(costs).read_bytes())
    for name, data in (("early.json", page["data"][:6]), ("late.json", page["data"][3:])):
        (tmp_path / name).write_bytes(msgspec.json.encode({**page, "data": data}))
    parts = [usage, str(tmp_path / "early.json"), str(tmp_path / "late.json")]
    whole, overlapping = (compared(EVERYTHING, tmp_path, bills=each) for each in ([usage, costs], parts))
    assert overlapping.billed_usd == whole.billed_usd
    assert (
        sum(part.repeated_rows for file in overlapping.files for part in file.parts) == 27
    )  # 3 days of 9 lines


def test_a_bill_ten_times_as_large_differs_by_ten_times_as_much(tmp_path: Path) -> None:
    larger = replace(EVERYTHING, calls=[])
    larger.calls[:] = [
        replace(call, tokens=tuple(10 * count for count in call.tokens)) for call in larger.calls
    ]
    small, large = compared(EVERYTHING, tmp_path), compared(larger, tmp_path)
    assert [
        (each.cause, each.reason, each.subject, each.model) for each in large.differences if abs(each.usd) > 1
    ] == [
        (each.cause, each.reason, each.subject, each.model)
        for each in small.differences
        if abs(each.usd) > 0.1
    ]
    for one, ten in zip(small.parts, large.parts, strict=True):
        assert ten.usd == pytest.approx(10 * one.usd, abs=0.2)
