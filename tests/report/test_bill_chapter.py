"""The weekly review says whether the bill is right, where bills are given: what ``reconcile`` says, in its words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.documents.report import Report
from costctl.observation import Question
from costctl.progress import silent
from costctl.render.reconciliation_screen import headline, verdict
from costctl.report.chapters import chapters, first_screen
from costctl.report.page import as_page
from costctl.verbs.ingest import IngestRequest
from tests.report.test_page import Told, numbers_in

NOTHING_BILLED = (
    '{"object": "page", "data": [{"object": "bucket", "start_time": 1795132800, "end_time": 1795219200, '
    '"results": []}]}'
)


@pytest.fixture(scope="module")
def gateway(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Question:
    """The calls of the gateway, at the contract's prices."""
    store = tmp_path_factory.mktemp("gateway") / "store.duckdb"
    samples = repository / "sample_traces"
    verbs.ingest(IngestRequest((str(samples / "gateway_spend.jsonl"),), store), silent)
    return Question(store=store, config=samples / "contract.toml")


@pytest.fixture(scope="module")
def billed_report(gateway: Question, repository: Path) -> Report:
    return verbs.report(gateway, silent, [str(repository / "sample_traces" / "bills")])


def card_lines(report: Report) -> tuple[str, ...]:
    return next(card.lines for card in first_screen(report) if card.id == "bill")


def test_the_report_holds_what_reconcile_says(
    billed_report: Report, gateway: Question, repository: Path
) -> None:
    alone = verbs.reconcile([str(repository / "sample_traces" / "bills")], gateway, silent)
    assert billed_report.reconciliation == alone
    assert billed_report.provenance.methods.items() >= alone.provenance.methods.items()


def test_the_first_screen_and_a_chapter_say_why_bill_and_traces_differ(billed_report: Report) -> None:
    compared = billed_report.reconciliation
    assert compared is not None
    lines = card_lines(billed_report)
    assert lines[:2] == (headline(compared), verdict(compared))
    assert "not traced +$1.31" in lines[2]
    assert not any("No invoice is declared" in line for line in lines)
    chapter = next(each for each in chapters(billed_report) if each.id == "reconciled")
    assert len(chapter.sections) > 5


def test_every_number_of_the_page_with_a_bill_is_one_of_the_document(billed_report: Report) -> None:
    told = Told()
    told.feed(as_page(billed_report))
    known = numbers_in(msgspec.json.decode(msgspec.json.encode(billed_report)))
    assert {1.31, 2.0} <= set(told.values) | known
    assert [value for value in told.values if value not in known] == []


def test_a_report_without_bills_has_no_such_chapter_and_says_how_to_get_one(billed_report: Report) -> None:
    without = msgspec.structs.replace(billed_report, reconciliation=None)
    assert "reconciled" not in {each.id for each in chapters(without)}
    assert "No invoice is declared to compare with: [bills] in costctl.toml, or --bills FILE." in card_lines(
        without
    )


def test_a_bill_without_a_line_is_a_warning_and_not_an_agreement(gateway: Question, tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    bill.write_text(NOTHING_BILLED)
    report = verbs.report(gateway, silent, [str(bill)])
    assert report.reconciliation is None
    said = [
        warning
        for warning in report.provenance.warnings
        if warning.startswith("The bills were not compared: ")
    ]
    assert len(said) == 1
