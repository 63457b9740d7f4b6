"""First screens are the golden ones, read by a person; they answer in 24 lines and 80 columns, on any trace in 40."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.documents.ingestion import IngestReport
from costctl.errors import CostctlError
from costctl.observation import Question
from tests.cli.advice_screens import GOLDEN, MOST_LINES, SCREENS, Worlds, golden, screen_text
from tests.conftest import unwatched

REAL = (
    "workload/azure",
    "workload/agentic_coding",
    "logs/litellm_spend",
    "logs/llmservingsim_vllm",
    "instrumented/langfuse",
    "instrumented/traceloop",
    "spans",
)
# Screens that say all there is of one thing: those of a class or a request with much to tell are longer than 24.
LONGER = {"recommend-show", "explain-class", "explain-request"}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return Worlds(tmp_path_factory.mktemp("worlds"))


def without_numbers(text: str) -> list[list[str]]:
    """The words of each line; fitted figures differ in their last digits from machine to machine."""
    plain = re.sub(r"\x1b\[[\d;]*m", lambda code: f" {code[0].translate(LETTERS)} ", text)
    lines = [
        re.sub(r"[-+]?[\d,.]*\d", "0", line).replace("µs", "s").replace("ms", "s").split()
        for line in plain.splitlines()
    ]
    return [[word for word in line if word.strip("─")] for line in lines]


LETTERS = str.maketrans("0123456789", "abcdefghij")  # of a colour, which is no figure


@pytest.mark.parametrize(("name", "world", "columns", "is_coloured"), GOLDEN)
def test_the_screen_is_the_golden_one(
    name: str, world: str, columns: int, is_coloured: bool, worlds: Worlds
) -> None:
    text = screen_text(name, worlds.document(name, world), columns, is_coloured=is_coloured)
    kept = golden(name, world, columns, is_coloured).read_text(encoding="utf-8")
    assert without_numbers(text) == without_numbers(kept)


@pytest.mark.parametrize("name", SCREENS)
def test_the_answer_fits_on_a_small_terminal_and_ends_with_what_is_next(name: str, worlds: Worlds) -> None:
    lines = screen_text(name, worlds.document(name, "sample"), 80).splitlines()
    assert len(lines) <= (MOST_LINES if name in LONGER else 24)
    assert max(len(line) for line in lines) <= 80
    (place,) = (place for place, line in enumerate(lines) if line.startswith("Next "))
    assert all(line.startswith("     ") for line in lines[place + 1 :])


def documents(traces: Path, folder: Path) -> Iterator[tuple[str, Any]]:
    """Of each screen that needs no setting: the document of these traces. What cannot be said of them is left out."""
    store = folder / "real.duckdb"
    (folder / "none.toml").write_text("", encoding="utf-8")
    question = Question(store=store, config=folder / "none.toml")
    report: IngestReport = verbs.ingest(verbs.IngestRequest((str(traces),), store), unwatched)
    yield "ingest", report
    yield "store-info", verbs.store_info(store, 0.0, unwatched)
    yield "prices-verify", verbs.verify_prices(folder / "none.toml", store, "2026-11-24")
    for name, make in (
        ("recommend", lambda: verbs.recommend(question, unwatched)),
        ("explain-request", lambda: verbs.explain(longest(question), question, unwatched)),
    ):
        try:
            yield name, make()
        except CostctlError as error:
            assert error.next_step  # these traces do not say enough, and the message what to do


def longest(question: Question) -> str:
    query = "SELECT trace_id FROM requests ORDER BY spans DESC, trace_id LIMIT 1"
    return str(verbs.sql(query, question, unwatched).rows()[0][0])


@pytest.mark.parametrize("path", REAL)
def test_no_screen_of_a_real_trace_is_longer_than_forty_lines(
    path: str, real_traces: Path, tmp_path: Path
) -> None:
    for name, document in documents(real_traces / path, tmp_path):
        for columns in (80, 100, 120):
            lines = screen_text(name, document, columns).splitlines()
            assert len(lines) <= MOST_LINES, name
            assert max(len(line) for line in lines) <= columns, name
