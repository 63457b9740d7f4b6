"""``segment --learn`` in every format, and its rules as a file that ``segment --rules`` takes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from costctl.documents.schemas import schema_for
from costctl.documents.taxonomy import Taxonomy
from costctl.render import taxonomy as render
from costctl.render.cells import count, ratio
from costctl.render.markdown import as_markdown
from costctl.render.sections import Table
from costctl.render.terminal import as_terminal_text
from tests.command_line import costctl


def run(*arguments: str) -> str:
    done = costctl(Path.cwd(), "segment", "--quiet", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learned") / "rules.toml"


@pytest.fixture(scope="module")
def document(sample_store: Path, rules: Path, repository: Path) -> Taxonomy:
    config = str(repository / "sample_traces" / "costctl.toml")
    text = run("--learn", "--store", str(sample_store), "--config", config, "--format", "json",
               "--rules-out", str(rules))  # fmt: skip
    Draft202012Validator(schema_for("taxonomy")).validate(json.loads(text))
    return msgspec.json.decode(text, type=Taxonomy)


def test_the_classes_of_the_sample_traces_are_found_and_their_rules_make_the_map(
    document: Taxonomy, rules: Path, sample_store: Path
) -> None:
    assert document.agreement_ratio >= 0.95
    assert document.stability >= 0.9
    assert document.explained_variance is not None
    assert document.explained_variance.measure == "usd_per_request"
    assert document.explained_variance.learned == pytest.approx(document.explained_variance.default, abs=0.02)
    assert rules.read_text(encoding="utf-8") == document.rules_toml
    found = json.loads(run("--store", str(sample_store), "--rules", str(rules), "--format", "json"))
    sizes = {mix["request_class"]: mix["requests"] for mix in found["classes"]}
    assert set(sizes) == {cluster.name for cluster in document.clusters}
    assert sum(abs(sizes[each.name] - each.requests) for each in document.clusters) <= 2 * 0.05 * 5629


def test_csv_holds_the_numbers_of_the_document_to_the_last_digit(document: Taxonomy) -> None:
    rows = list(csv.DictReader(io.StringIO(render.csv_text(document))))
    assert [row["name"] for row in rows] == [cluster.name for cluster in document.clusters]
    for row, cluster in zip(rows, document.clusters, strict=True):
        assert int(row["requests"]) == cluster.requests
        assert float(row["agreement_ratio"]) == cluster.agreement_ratio
        assert (float(row["output_tokens_p50"]) if row["output_tokens_p50"] else None) == (
            cluster.features.output_tokens
        )


def test_markdown_and_terminal_show_the_same_cells_and_the_whole_rules(document: Taxonomy) -> None:
    sections = render.sections(document)
    markdown, terminal = as_markdown(sections), as_terminal_text(sections)
    table = sections[0]
    assert isinstance(table, Table)
    for row, cluster in zip(table.rows, document.clusters, strict=True):
        assert row[:3] == (cluster.name, count(cluster.requests), ratio(cluster.ratio))
        assert "| " + " | ".join(map(str, row)) + " |" in markdown
    assert f"```toml\n{document.rules_toml.rstrip()}\n```" in markdown
    assert document.rules_toml.rstrip() in terminal
    assert max(len(line) for line in terminal.splitlines()) <= 100


def test_rules_are_written_only_where_they_are_learned(tmp_path: Path) -> None:
    done = costctl(tmp_path, "segment", "--rules-out", "rules.toml")
    assert done.returncode == 2
    assert "--rules-out needs --learn" in done.stderr
