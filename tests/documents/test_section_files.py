"""Every table of a document as a file holds the values of the screen."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import polars as pl
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.schemas import DOCUMENTS
from costctl.errors import InputError
from costctl.render import analysis
from costctl.render.section_files import SECTIONS, section_files
from costctl.render.sections import HeatMap, Table
from costctl.saved import read_any_saved
from tests.command_line import costctl

# Documents that are no tables: settings, files for others, and lists of what they leave out.
NO_TABLES = {"undo", "policy", "price_check", "client", "coverage"}


def test_every_document_with_tables_can_be_exported() -> None:
    assert {name for name, (struct, _) in DOCUMENTS.items() if struct not in SECTIONS} == NO_TABLES


def test_each_table_is_a_file_with_its_rows(sample_analysis: Analysis) -> None:
    tables = [each for each in analysis.sections(sample_analysis) if isinstance(each, Table | HeatMap)]
    files = dict(section_files(sample_analysis, is_parquet=False))
    assert len(files) == len(tables)
    for table, content in zip(tables, files.values(), strict=True):
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert len(rows) == 1 + len(table.rows)


def test_both_forms_have_the_same_cells(sample_analysis: Analysis) -> None:
    pairs = zip(
        section_files(sample_analysis, is_parquet=False),
        section_files(sample_analysis, is_parquet=True),
        strict=True,
    )
    for (name, text), (_, content) in pairs:
        header, *rows = csv.reader(io.StringIO(text.decode()))
        frame = pl.read_parquet(io.BytesIO(content))
        assert frame.columns == header, name
        assert frame.height == len(rows)


def test_a_saved_document_becomes_a_folder_of_tables(sample_analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "analysis.json").write_bytes(msgspec.json.encode(sample_analysis))
    done = costctl(tmp_path, "export", "--document", "analysis.json", "--format", "csv", "-o", "tables")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "tables").iterdir()} == dict(
        section_files(sample_analysis, is_parquet=False)
    ).keys()
    refused = costctl(tmp_path, "export", "--document", "analysis.json")
    assert refused.returncode == 2
    assert "--format csv" in refused.stderr


def test_a_document_without_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"schema_version": "costctl.undo/v1"}', encoding="utf-8")
    with pytest.raises(InputError, match="cannot be used here"):
        read_any_saved(tmp_path / "policy.json", SECTIONS)


def test_prices_can_be_exported() -> None:
    document = verbs.list_prices(None, "2026-11-24", "gpt-4o-mini")
    assert dict(section_files(document, is_parquet=False))
