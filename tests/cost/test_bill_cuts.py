"""Every cut of the bill adds up to the bill, exactly and as it is written: of the sample, of worlds, of real traces."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.cuts import CUT_NAMES, Cut, CutRow, SortColumn, cut_by, shown_cut
from costctl.errors import NotEnoughDataError
from costctl.observation import Question
from costctl.stats.reconcile import CENT, units_within
from costctl.synth.presets import world_from_seed
from tests.conftest import unwatched
from tests.synth.written_worlds import written
from tests.thoroughness import how_many

RECORDED_BY_ALL = ("day", "hour", "class", "route")
REAL = (
    "instrumented/litellm/standard_logging_payload.jsonl",
    "instrumented/langfuse/traces_len4be.pb",
    "instrumented/traceloop/otlp_file_exporter.jsonl",
    "instrumented/otel_v2_2.4b0_default/otlp_file_exporter.jsonl",
    "spans/langfuse_framework_traces",
)


def written_sum(rows: tuple[CutRow, ...]) -> Decimal:
    return sum((Decimal(repr(row.written_usd)) for row in rows if row.written_usd is not None), Decimal(0))


def require_adds_up(document: Analysis, cut: Cut) -> None:
    """Rows, idle time and what nothing accounts for are the bill; requests and calls are all there."""
    billed = document.totals.billed_usd
    assert math.isclose(
        math.fsum(row.usd or 0.0 for row in cut.rows), billed or 0.0, rel_tol=1e-9, abs_tol=1e-12
    )
    assert float(written_sum(cut.rows)) == (cut.written_total_usd or 0.0), cut.by
    assert sum(row.calls for row in cut.rows) == document.coverage.calls
    assert sum(row.requests for row in cut.rows) >= document.totals.requests
    assert cut.is_shared == (sum(row.requests for row in cut.rows) > document.totals.requests)
    assert sum(row.unpriced_charges for row in cut.rows) == document.totals.unit_costs.unpriced_charges
    ratios = [row.cost_ratio for row in cut.rows if row.cost_ratio is not None]
    assert not ratios or math.isclose(math.fsum(ratios), 1.0, rel_tol=1e-9)


def require_as_in_the_bill(document: Analysis, cut: Cut) -> None:
    """Idle time and the rest are written as in the bill by class, so that one screen does not contradict another."""
    column = None if document.bill is None else document.bill.attributed
    rest = {row.kind: row.usd for row in column.rows if row.kind != "class"} if column else {}
    assert {row.kind: row.written_usd for row in cut.rows if row.kind in {"idle", "unattributed"}} == rest
    assert cut.written_total_usd == (column.total_usd if column else None)


@pytest.fixture(scope="module")
def sample(sample_question: Question) -> Analysis:
    """The sample, by everything that it has."""
    return verbs.analyze(
        sample_question, unwatched, by=(*RECORDED_BY_ALL, "attr:http.route", "attr:cloud.region")
    )


def test_every_cut_of_the_sample_adds_up_to_its_bill(sample: Analysis) -> None:
    assert [cut.by for cut in sample.cuts][-3:] == ["model", "provider", "tenant"]
    for cut in sample.cuts:
        require_adds_up(sample, cut)
        require_as_in_the_bill(sample, cut)


def test_by_class_the_cut_is_what_the_classes_cost(sample: Analysis) -> None:
    cut = cut_by(sample.cuts, "class")
    assert cut is not None
    found = {row.value: (row.requests, row.successes) for row in cut.rows if row.kind == "value"}
    assert found == {each.request_class: (each.requests, each.successes) for each in sample.classes}
    usd = {row.value: row.usd for row in cut.rows if row.kind == "value"}
    assert usd == {
        each.request_class: pytest.approx(each.cost.attributed_usd, rel=1e-9) for each in sample.classes
    }


def test_tenants_are_the_cut_by_tenant_without_idle_time(sample: Analysis) -> None:
    cut = cut_by(sample.cuts, "tenant")
    assert cut is not None
    found = {row.value: (row.calls, row.usd) for row in cut.rows if row.kind == "value"}
    assert found == {use.tenant: (use.calls, use.usd) for use in sample.tenants}
    assert sum(use.cost_ratio or 0.0 for use in sample.tenants) == pytest.approx(1.0)
    assert sum(use.usd or 0.0 for use in sample.tenants) == pytest.approx(sample.totals.attributed_usd)


def test_the_timeline_is_what_was_attributed(sample: Analysis) -> None:
    assert sample.timeline is not None
    spent = math.fsum(usd or 0.0 for usd in sample.timeline.total.usd)
    assert math.isclose(spent, sample.totals.attributed_usd or 0.0, rel_tol=1e-9)
    assert sum(sample.timeline.total.requests) == sample.totals.requests


@pytest.mark.parametrize("seed", range(how_many(2, thorough=4)))
def test_every_cut_of_a_world_adds_up_to_its_bill(seed: int, tmp_path: Path) -> None:
    document = verbs.analyze(written(world_from_seed(seed), tmp_path), unwatched, by=RECORDED_BY_ALL)
    assert len(document.cuts) == len(RECORDED_BY_ALL) + 3
    for cut in document.cuts:
        require_adds_up(document, cut)


@pytest.mark.parametrize("name", REAL)
def test_every_cut_of_real_traces_adds_up_to_their_bill(name: str, real_traces: Path) -> None:
    document = verbs.analyze(
        Question(paths=(str(real_traces / name),)), unwatched, by=("day", "hour", "class")
    )
    for cut in document.cuts:
        require_adds_up(document, cut)
        require_as_in_the_bill(document, cut)


def test_what_nothing_is_observed_of_is_said_and_not_a_table_of_one_row(sample_question: Question) -> None:
    with pytest.raises(NotEnoughDataError, match="no call and no request has one"):
        verbs.analyze(sample_question, unwatched, by=("team",))


AMOUNTS = st.lists(st.decimals("-100", "1000", places=4), min_size=1, max_size=12)


@given(amounts=AMOUNTS, more=st.integers(-3, 3))
def test_amounts_are_rounded_to_a_total_that_others_were_rounded_to(
    amounts: list[Decimal], more: int
) -> None:
    total = int((sum(amounts, Decimal(0)) / CENT).to_integral_value()) + more
    units = units_within(amounts, CENT, total)
    assert sum(units) == total
    assert all(abs(each - amount / CENT) < 1 + abs(more) for each, amount in zip(units, amounts, strict=True))


def row(value: str, usd: float, requests: int, ratio: float) -> CutRow:
    return CutRow("value", value, 1, requests, 0, ratio, 0, usd, None, 0, None, round(usd, 2))


CUT = Cut(
    by="model",
    is_observed=True,
    requests=60,
    is_shared=False,
    rows=(row("d", 40.0, 10, 0.9), row("b", 30.0, 20, 1.0), row("a", 20.0, 5, 0.5), row("c", 10.0, 25, 0.7)),
    billed_usd=100.0,
    unpriced_charges=0,
    unit_usd=0.01,
    written_total_usd=100.0,
)


@pytest.mark.parametrize(
    ("sort", "order"),
    [(None, "dbac"), ("cost", "dbac"), ("requests", "cbda"), ("success", "acdb"), ("name", "abcd")],
)
def test_rows_are_in_the_order_that_was_asked_for(sort: SortColumn | None, order: str) -> None:
    shown = shown_cut(CUT, 10, sort)
    assert "".join(each.value or "" for each in shown.rows) == order


@given(most=st.integers(1, 6))
def test_what_is_shown_and_what_is_hidden_are_the_whole(most: int) -> None:
    shown = shown_cut(CUT, most)
    assert len(shown.rows) + shown.hidden == 4
    assert float(written_sum(shown.rows)) + (shown.hidden_usd or 0.0) == pytest.approx(100.0)
    assert shown.hidden != 1, "its line is there anyway"


def test_of_days_the_last_ones_are_shown_in_their_order() -> None:
    days = Cut("day", True, 60, False, CUT.rows, 100.0, 0, 0.01, 100.0)
    shown = shown_cut(days, 2)
    assert ([each.value for each in shown.rows], shown.is_earlier, shown.hidden_usd) == (
        ["a", "c"],
        True,
        70.0,
    )


def test_the_names_of_cuts_are_those_of_the_reference(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "cuts.md").read_text(encoding="utf-8")
    assert [name for name in CUT_NAMES if f"| `{name}` |" not in page] == []
