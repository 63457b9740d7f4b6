"""Does anything that costctl says or keeps of an input hold a secret of it?

Shape in: a planted file (``planted_secrets``), loaded as ``costctl ingest`` loads it. What is held of it: no part of
its secret in the report in any form, in an error, a line of progress, the quarantine or the store; records in = spans +
those rejected, known and outside, and as many spans in the store; exit code 3 where nothing of it could be used, else
0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from costctl import __version__
from costctl.cli.options import TabularFormat
from costctl.documents.ingestion import SCHEMA_VERSION, IngestReport, IngestTotals, SourceReport
from costctl.documents.provenance import Provenance
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.render import ingestion, ingestion_screen
from costctl.render.document import rendered
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from costctl.store.database import create_tables
from tests.command_line import costctl
from tests.ingest.planted_secrets import Planted

LEAK_LETTERS = 6
_TABLES = ("spans", "resources", "quarantine", "sources")


class Intake:
    """A store in memory and a folder, in which files are loaded one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()
        create_tables(self._connection)
        self._reader = loader.reader_for()

    def hold(self, file: Planted) -> int:
        """Load one file and hold what is said of it to what must be; the exit code."""
        path = self._folder / f"a.{file.ending}"
        path.write_bytes(file.data)
        lines: list[Any] = []
        try:
            (report,) = loader.ingest(
                self._connection, [str(path)], self._reader, progress=lambda *said: lines.append(said)
            )
            code, error = _outcome(report)
            quarantine = self._connection.execute("SELECT code, message, excerpt FROM quarantine").fetchall()
            said = [*_shown(report), error, repr(lines), repr(quarantine)]
            for text in said:
                leaked = leak_in(text, file.mark)
                assert leaked is None, f"{file.name}: {leaked} of {file.mark} is said"
            for table in ("spans", "resources"):
                leaked = leak_in(repr(self._connection.execute(f"FROM {table}").fetchall()), file.mark)
                assert leaked is None, f"{file.name}: {leaked} of {file.mark} is stored in {table}"
            ((spans,),) = self._connection.execute("SELECT COUNT(*) FROM spans").fetchall()
            _hold_counts(report, spans, code)
        finally:
            for table in _TABLES:
                self._connection.execute(f"DELETE FROM {table}")
        return code


def leak_in(text: str, mark: str) -> str | None:
    """A part of the mark that the text holds, in whichever case."""
    low = text.lower()
    parts = (mark[at : at + LEAK_LETTERS] for at in range(len(mark) - LEAK_LETTERS + 1))
    return next((part for part in parts if part in low), None)


def _outcome(report: SourceReport) -> tuple[int, str]:
    try:
        loader.require_usable([report])
    except InputError as error:
        return int(error.exit_code), str(error)
    return 0, ""


def _shown(report: SourceReport) -> list[str]:
    """The report as first screen, tables, JSON and CSV."""
    document = IngestReport(
        schema_version=SCHEMA_VERSION,
        provenance=Provenance(__version__, (), None, None, {}, 0),
        sources=(report,),
        totals=IngestTotals(
            spans=report.spans,
            rejected=report.rejected,
            duplicates=report.duplicates,
            outside=report.outside,
            refused_sources=int(report.state == "refused"),
            seconds=None,
        ),
    )
    screen = as_terminal_text(ingestion_screen.screen(document, View()))
    forms = [rendered(document, form, ingestion.sections, ingestion.csv_text) for form in TabularFormat]
    return [screen, *forms]


def _hold_counts(report: SourceReport, spans: int, code: int) -> None:
    assert report.records == report.spans + report.rejected + report.duplicates + report.outside
    assert report.spans == spans
    assert report.rejected == sum(report.rejected_by_code.values())
    is_used = report.spans + report.duplicates + report.outside > 0
    assert code == (0 if is_used else 3), (code, report)
    assert is_used == (report.state == "complete" and code == 0)


def said_by_command(file: Planted, folder: Path, arguments: list[str]) -> tuple[int, str]:
    """Exit code and everything that a verb of the command line prints about the file, errors and tracebacks too."""
    path = folder / f"b.{file.ending}"
    path.write_bytes(file.data)
    done = costctl(folder, *(str(path) if each == "FILE" else each for each in arguments))
    return done.returncode, done.stdout + done.stderr
