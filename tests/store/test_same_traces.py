"""Answers about the traces outlive what is written beside them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.store import kept
from costctl.store.database import open_store

BESIDE = "INSERT INTO promises (id) VALUES ('a')"
TRACES = "INSERT INTO quarantine VALUES (1, 1, 'code', 'message', 'excerpt')"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    open_store(tmp_path / "s.duckdb").close()
    return tmp_path / "s.duckdb"


def write(store: Path, statement: str) -> kept.State:
    """Write a row; the state before."""
    with open_store(store) as connection:
        before = kept.state_of(store)
        connection.execute(statement)
        connection.execute("CHECKPOINT")
    return before


def write_beside(store: Path) -> None:
    """Write a row, and note that the traces are the same."""
    assert kept.same_traces(store, write(store, BESIDE))


def test_what_is_noted_as_no_trace_keeps_the_state(store: Path) -> None:
    before = kept.state_of(store)
    for _ in range(2):
        write_beside(store)
        assert kept.state_of(store) == before


def test_what_is_written_after_that_is_another_state(store: Path) -> None:
    before = kept.state_of(store)
    write_beside(store)
    write(store, TRACES)
    assert kept.state_of(store) != before


def test_a_note_that_was_damaged_or_dropped_counts_as_none(store: Path) -> None:
    before = kept.state_of(store)
    write_beside(store)
    (kept.folder_beside(store) / ".same").write_bytes(b"{")
    assert kept.state_of(store) != before
    kept.clear(store)
    assert kept.state_of(store) != before


def test_a_note_is_no_answer(store: Path) -> None:
    write_beside(store)
    assert kept.kept(store) == kept.Kept(answers=0, bytes=0)


def test_a_folder_that_cannot_be_written_keeps_no_note(store: Path) -> None:
    kept.folder_beside(store).write_text("no folder")
    assert not kept.same_traces(store, kept.state_of(store))
