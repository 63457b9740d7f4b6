"""The bill by who pays for it adds up to the bill, whoever is named."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.cost.analysis import METHODS, build_analysis
from costctl.cost.cuts import cuts_of
from costctl.documents.analysis import Window
from costctl.documents.cuts import Cut
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Chargeback, Finance, Pool, Settings
from costctl.finance.chargeback import chargeback_of
from costctl.finance.export import hashed
from costctl.frames.cut_sums import CutSums
from costctl.render import chargeback as render
from costctl.service_model.pool_fit import fit_pools
from costctl.verbs.asked_cuts import ask_for_cuts
from tests.relations.span_rows import chat, engine_of, frames_of

POOLS = Settings(pools={"gpu": Pool(usd_per_replica_hour=7.77, match={"service": "llm"})})
WINDOW = Window("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", 86_400.0)
PLAIN = Finance()
MANY = 130  # tenants: more than have a row of their own on a screen


def cut_of(tenants: int) -> Cut:
    """By tenant: bought tokens and a pool with idle time; the last request has no tenant."""
    bought = {"provider": "openai", "model_served": "gpt-4o-mini", "input_tokens": 1234, "output_tokens": 77}
    spans = [
        chat(f"t{number}/call", number, number + 1, tenant=f"tenant-{number:03d}", **bought)
        for number in range(tenants)
    ]
    spans.append(chat("own/call", 0, 20, service="llm", replica_id="r1", input_tokens=5, output_tokens=5))
    engine = engine_of(spans, POOLS)
    ask_for_cuts(engine, ("tenant",), is_whole=True)
    frames = frames_of(engine, POOLS)
    provenance = Provenance("0", (), None, "book", METHODS, 0)
    analysis = build_analysis(frames, POOLS, fit_pools(frames, POOLS), provenance, 0)
    (cut,) = cuts_of(CutSums.read(engine.fetch), ("tenant",), analysis)
    return cut


@pytest.fixture(scope="module")
def cut() -> Cut:
    return cut_of(MANY)


@settings(max_examples=20)
@given(st.dictionaries(st.text(min_size=1, max_size=5), st.lists(st.sampled_from(["tenant-00*", "*5", "*"]))))
def test_the_rows_add_up_to_the_bill_as_it_is_written(cut: Cut, payers: dict[str, list[str]]) -> None:
    found = chargeback_of(cut, payers, PLAIN, "plain")
    *rows, total = csv.DictReader(io.StringIO(render.csv_text(found, WINDOW)))
    assert sum(Decimal(row["charged_usd"] or "0") for row in rows) == Decimal(total["charged_usd"])
    assert Decimal(total["charged_usd"]) == Decimal(repr(cut.written_total_usd))
    assert sum(int(row["requests"]) for row in rows) == int(total["requests"]) == MANY + 1


def test_every_value_has_a_row_and_idle_time_is_nobodys(cut: Cut) -> None:
    found = chargeback_of(cut, {"R&D": ("tenant-*",)}, PLAIN, "plain")
    assert [row.kind for row in found.rows] == ["value"] * MANY + ["not_observed", "idle"]
    assert {row.payer for row in found.rows[:MANY]} == {"R&D"}
    assert {row.payer for row in found.rows[MANY:]} == {None}
    assert found.notes == ()


def test_the_first_payer_that_names_a_value_pays_for_it(cut: Cut) -> None:
    payers = {"Sales": ("tenant-00[0]",), "Lab": ("tenant-001",), "Rest": ("tenant-*",)}
    found = chargeback_of(cut, payers, PLAIN, "plain")
    payer = {row.value: row.payer for row in found.rows}
    assert (payer["tenant-000"], payer["tenant-001"], payer["tenant-002"]) == ("Sales", "Lab", "Rest")
    assert [row.payer for row in found.rows[:3]] == ["Sales", "Lab", "Rest"]


def test_values_without_a_payer_are_counted(cut: Cut) -> None:
    found = chargeback_of(cut, {"Lab": ("tenant-001",)}, PLAIN, "plain")
    (note,) = found.notes
    assert note.startswith(f"{MANY - 1} of {MANY} values, ")
    assert "tenant-" not in note


def test_tenants_are_hashed_and_patterns_are_of_their_names(cut: Cut) -> None:
    found = chargeback_of(cut, {"Lab": ("tenant-001",)}, Finance(tenant_salt="pepper"), "hashed")
    assert found.rows[0].value == hashed("tenant-001", "pepper")
    assert found.rows[0].payer == "Lab"


def test_the_frame_has_the_cells_of_the_csv(cut: Cut) -> None:
    found = chargeback_of(cut, {"=cmd()": ("tenant-001",)}, PLAIN, "plain")
    frame = render.columns(found, WINDOW)
    rows = list(csv.DictReader(io.StringIO(render.csv_text(found, WINDOW))))
    assert frame["charged_usd"].to_list() == [float(row["charged_usd"]) for row in rows]
    assert frame["payer"][0] == "=cmd()"
    assert rows[0]["payer"] == "'=cmd()"


def test_a_value_that_two_pay_for_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="acme is named for Lab and for Sales"):
        msgspec.convert({"payers": {"Lab": ["acme"], "Sales": ["acme"]}}, Chargeback)
