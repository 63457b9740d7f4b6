"""``costctl reconcile`` as a user meets it: forms that agree, the first screen, hostile names, errors."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from costctl.api import open_store
from costctl.documents.reconciliation import Reconciliation
from costctl.render import reconciliation, reconciliation_screen
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.view import View
from tests.billed.pages import bucket, costs_page, focus_row, page, table, usage
from tests.command_line import costctl
from tests.reconcile.compared_worlds import compared
from tests.synth.billed_worlds import World

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "| a | b |\n\n# heading",
    "```\nrm",
    "[x](javascript:alert(1))",
    "n" * 10_000,
)


def shown(document: Reconciliation, form: TabularFormat, *, detail: bool = True) -> str:
    view = View(detail=detail)
    sections = reconciliation.sections if detail else lambda each: reconciliation_screen.screen(each, view)
    return rendered(document, form, sections, reconciliation.csv_text)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Reconciliation:
    world = World(61, frozenset({"key", "price", "zone", "discount"}))
    return compared(world, tmp_path_factory.mktemp("bills"))


def test_the_first_screen_answers_within_a_small_terminal(
    everything: Reconciliation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(everything, TabularFormat.TABLE, detail=False).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for said in ("The bill is", "WHY", "key-c", "12%", "UTC-8", "→", "All is explained"):
        assert said in text


def test_the_csv_has_the_numbers_of_the_document(everything: Reconciliation) -> None:
    *rows, total = csv.DictReader(io.StringIO(reconciliation.csv_text(everything)))
    assert [float(row["difference_usd"]) for row in rows] == [each.usd for each in everything.differences]
    assert float(total["difference_usd"]) == everything.difference_usd
    assert (float(total["billed_usd"]), float(total["traced_usd"])) == (
        everything.billed_usd,
        everything.traced_usd,
    )


@pytest.mark.parametrize("form", [TabularFormat.TABLE, TabularFormat.MARKDOWN])
def test_the_tables_have_the_numbers_of_the_document(everything: Reconciliation, form: TabularFormat) -> None:
    text = shown(everything, form)
    for each in everything.differences:
        assert f"{'-' if each.usd < 0 else '+'}${abs(each.usd):,.2f}" in text
    for number in (everything.billed_usd, everything.traced_usd):
        assert f"${number:,.2f}" in text


def of_names(tmp_path: Path, name: str) -> Reconciliation:
    """A bill in which every name is this one: of a key, a line item, a model, a provider."""
    files = {
        "usage.json": page(bucket([usage(f"m{name}", input_tokens=50, api_key_id=name, project_id=name)])),
        "costs.json": costs_page({f"{name}": 3.0, f"m{name}, input": 2.0}),
        "focus.csv": table(
            focus_row(ServiceProviderName=name, ServiceName=name, SkuMeter=name, ResourceId=name)
        ),
    }
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    return compared(World(62), tmp_path, bills=[str(tmp_path / file) for file in files])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_does_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    document = of_names(tmp_path, name)
    screen = shown(document, TabularFormat.TABLE, detail=False)
    texts = [screen, shown(document, TabularFormat.TABLE), shown(document, TabularFormat.MARKDOWN)]
    for text in texts:
        assert not {"\x1b", "\u202e"} & set(text)
        assert "n" * 100 not in text
        assert "\n# heading" not in text
    assert max(map(len, screen.splitlines())) <= 80
    markdown = texts[-1]
    assert "<script" not in markdown
    assert not re.search(r"(?<!\\)\]\(javascript", markdown)
    assert markdown.count("\n```\n") % 2 == 0
    for row in csv.reader(io.StringIO(reconciliation.csv_text(document))):
        assert not [cell for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_a_bill_of_what_no_trace_has_is_all_untraced(sample_store: Path, tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text(costs_page({"gpt-4o, input": 0.2}), encoding="utf-8")
    done = costctl(tmp_path, "reconcile", "costs.json", "--store", str(sample_store), "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["billed_usd"], document["traced_usd"]) == (0.2, 0.0)
    assert [each["cause"] for each in document["differences"]] == ["not_traced"]


def test_a_file_that_is_no_bill_ends_with_what_is_read(sample_store: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"secret": 1}', encoding="utf-8")
    done = costctl(tmp_path, "reconcile", "notes.json", "--store", str(sample_store))
    assert done.returncode == 3
    assert "is no bill" in done.stderr
    assert "secret" not in done.stderr


def test_our_own_export_is_a_bill_that_agrees(repository: Path, tmp_path: Path) -> None:
    log = repository / "sample_traces" / "gateway_spend.jsonl"
    for words in (
        ("ingest", str(log)),
        ("export", "-o", "focus.csv"),
        ("reconcile", "focus.csv", "-o", "agreed.json"),
    ):
        done = costctl(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "agreed.json").read_text(encoding="utf-8"))
    assert document["is_agreed"]
    assert document["difference_usd"] == 0
    assert document["billed_usd"] > 0
    from_python = open_store(tmp_path / "costctl.duckdb").reconcile(tmp_path / "focus.csv")
    assert (from_python.billed_usd, from_python.is_agreed) == (document["billed_usd"], True)


def test_charges_without_an_amount_add_up_alike_by_kind_and_by_day_and_their_sums_say_so(
    tmp_path: Path, repository: Path
) -> None:
    sample = repository / "sample_traces"
    assert costctl(tmp_path, "ingest", str(sample / "gateway_spend.jsonl")).returncode == 0
    store = open_store(tmp_path / "costctl.duckdb")
    found = store.reconcile(str(sample / "bills"))
    for provider in found.providers:
        by_kind = [each.unpriced_charges for each in found.kinds if each.provider == provider.provider]
        by_day = [each.unpriced_charges for each in found.days if each.provider == provider.provider]
        assert sum(by_kind) == sum(by_day) == provider.unpriced_charges
    partly = next(each for each in found.kinds if each.unpriced_charges)
    row = next(
        line
        for line in shown(found, TabularFormat.MARKDOWN).splitlines()
        if line.startswith(f"| {partly.provider} | {partly.model} | {partly.kind} |")
    )
    assert "≥ $" in row
