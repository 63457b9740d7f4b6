"""The first screen of ``costctl ingest``: it adds up to the totals, names what is wrong, and folds no path."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl import verbs
from costctl.documents.ingestion import SCHEMA_VERSION, IngestReport, IngestTotals, SourceReport
from costctl.documents.provenance import Provenance
from costctl.documents.source_groups import leading
from costctl.render.ingestion_screen import screen
from costctl.render.sections import Facts, Table, shortened_path
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from tests.conftest import ROOT, unwatched


def source(uri: str, spans: int, rejected: int = 0, state: str = "complete") -> SourceReport:
    return SourceReport(
        uri=uri, format="otlp_json", spans=spans, records=spans + rejected, rejected=rejected, state=state
    )


def report(*sources: SourceReport) -> IngestReport:
    return IngestReport(
        schema_version=SCHEMA_VERSION,
        provenance=Provenance("0", (), None, None, {}, 0),
        sources=sources,
        totals=IngestTotals(
            spans=sum(each.spans for each in sources),
            rejected=sum(each.rejected for each in sources),
            duplicates=0,
            outside=0,
            refused_sources=sum(each.state == "refused" for each in sources),
            seconds=None,
        ),
    )


FOLDER = report(
    *(source(f"/var/log/traces/part-{number:03}.json", spans=number) for number in range(200)),
    source("/var/log/traces/broken.json", spans=0, rejected=7),
    source("/var/log/traces/foreign.json", spans=0, state="refused"),
)


def test_of_a_folder_the_faulty_and_the_largest_are_shown_and_the_rest_is_counted() -> None:
    folder, told, rest = leading(FOLDER.sources, 4)
    assert folder == "/var/log/traces/"
    assert [each.name for each in told] == ["foreign.json", "broken.json", "part-199.json", "part-198.json"]
    assert rest is not None
    assert rest.name == "198 more"
    assert sum(each.spans for each in (*told, rest)) == FOLDER.totals.spans


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=30))
def test_the_rows_add_up_to_the_totals(counts: list[tuple[int, int]]) -> None:
    found = report(*(source(f"/a/{place}", *each) for place, each in enumerate(counts)))
    (table,) = (each for each in screen(found, View()) if isinstance(each, Table))
    spans = [row[table.columns.index("spans")] for row in table.rows]
    assert sum(getattr(cell, "value", 0) for cell in spans) == found.totals.spans


def test_what_was_rejected_stands_in_the_first_line() -> None:
    first = screen(FOLDER, View())[0]
    assert isinstance(first, Facts)
    assert "7 records REJECTED, 1 source REFUSED" in first.lines[0][1]


@pytest.mark.parametrize("columns", ["80", "100"])
def test_no_name_of_a_file_is_folded(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    name = "a-name-of-a-trace-export-of-the-gateway.json"
    text = as_terminal_text(screen(report(source(f"/srv/gateway/europe/exports/2026/11/{name}", 12)), View()))
    assert name in text
    assert max(len(line) for line in text.splitlines()) <= int(columns)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("traces/a.json", "traces/a.json"),
        ("/srv/gateway/europe/exports/2026/11/24/a.json", "/srv/gateway/europe/exports/2026/11/…/a.json"),
        ("/srv/gateway/europe/exports/2026/11/24/hours/", "/srv/gateway/europe/exports/2026/11/…/hours/"),
        (f"/x/{'y' * 60}.json", f"/…/{'y' * 60}.json"),
    ],
)
def test_a_long_path_loses_the_middle_of_its_folders(path: str, shown: str) -> None:
    assert shortened_path(path) == shown


def test_the_screen_of_the_sample_says_what_is_next(tmp_path: Path) -> None:
    traces = str(ROOT / "sample_traces" / "gateway_spend.jsonl")
    found = verbs.ingest(verbs.IngestRequest((traces,), tmp_path / "s.duckdb"), unwatched)
    text = as_terminal_text(screen(found, View(again=" --store s.duckdb")))
    assert text.splitlines()[0] == "44 spans loaded from 1 source, 44 of them model calls; nothing rejected"
    assert (
        text.splitlines()[-1] == "Next   costctl analyze --store s.duckdb · costctl doctor --store s.duckdb"
    )
    again = verbs.ingest(verbs.IngestRequest((traces,), tmp_path / "s.duckdb"), unwatched)
    assert as_terminal_text(screen(again, View())).startswith("Nothing new in 1 source")
