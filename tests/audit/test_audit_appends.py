"""Entries are added one after the other: by many processes, after a kill, and after damage, which stays visible."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from costctl.audit.trail import Record, append, read_record
from tests.audit.records import (
    check,
    entries_file,
    entry,
    head_file,
    kinds,
    lines,
    of,
    recorded,
    tear,
)

STORE = "costctl.duckdb"


def _append(store: Path, times: int) -> None:
    recorded(store, times)


def test_processes_that_append_at_once_lose_none_and_break_nothing(tmp_path: Path) -> None:
    at_once = multiprocessing.get_context("fork")
    many = [at_once.Process(target=_append, args=(tmp_path / STORE, 25)) for _ in range(4)]
    for each in many:
        each.start()
    for each in many:
        each.join()
    assert [each.exitcode for each in many] == [0] * 4
    found = check(read_record(tmp_path / STORE))
    assert (found.faults, found.entries) == ((), 100)


@pytest.mark.parametrize("written", [1, 9, 200, 600])
def test_a_command_cut_off_while_it_wrote_is_told_and_nothing_is_lost(tmp_path: Path, written: int) -> None:
    store = tmp_path / STORE
    recorded(store, 2)
    tear(store, written)
    torn = entries_file(store).read_bytes()
    told = check(read_record(store))
    assert (told.faults, told.entries, told.is_torn) == ((), 2, True)

    recorded(store, 2)
    mended = check(read_record(store))
    assert (mended.faults, mended.entries, mended.torn_lines, mended.is_torn) == ((), 4, 1, False)
    assert entries_file(store).read_bytes().startswith(torn)


def test_a_line_that_lacks_only_its_end_is_an_entry(tmp_path: Path) -> None:
    store = tmp_path / STORE
    recorded(store, 2)
    tear(store, len(lines(read_record(store))[-1]))
    recorded(store, 1)
    found = check(read_record(store))
    assert (found.faults, found.entries, found.torn_lines) == ((), 4, 0)


def test_a_first_entry_cut_off_is_told_too(tmp_path: Path) -> None:
    store = tmp_path / STORE
    recorded(store, 1)
    entries_file(store).write_bytes(b"")
    head_file(store).write_bytes(b'{"entries":0,"sha256":"' + b"0" * 64 + b'"}\n')
    tear(store, 50)
    recorded(store, 1)
    found = check(read_record(store))
    assert (found.faults, found.entries, found.torn_lines) == ((), 1, 1)


def test_two_commands_cut_off_one_after_the_other_are_both_told(tmp_path: Path) -> None:
    store = tmp_path / STORE
    recorded(store, 2)
    tear(store, 90)
    tear(store, 91)  # it had begun to go on below
    assert check(read_record(store)).is_torn
    recorded(store, 1)
    found = check(read_record(store))
    assert (found.faults, found.entries, found.torn_lines) == ((), 3, 2)


def test_an_entry_whose_head_was_not_noted_any_more_counts(tmp_path: Path) -> None:
    store = tmp_path / STORE
    recorded(store, 2)
    tear(store, 10_000)  # all of it was written
    told = check(read_record(store))
    assert (told.faults, told.entries, told.since_kept_head) == ((), 3, 1)
    recorded(store, 1)
    assert check(read_record(store)).entries == 4


def test_a_process_killed_while_it_appends_leaves_a_record_that_others_go_on_with(tmp_path: Path) -> None:
    store = tmp_path / STORE
    program = (
        "from pathlib import Path\nfrom tests.audit.records import recorded\n"
        f"recorded(Path({str(store)!r}), 100_000)"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ})
        before = size_of(store)
        while size_of(store) <= before + 2_000 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert kinds(read_record(store)) == []
    entries = check(read_record(store)).entries
    recorded(store, 1)
    assert check(read_record(store)).entries in (
        entries + 1,
        entries + 2,
    )  # a line may have lacked its end alone


def size_of(store: Path) -> int:
    return entries_file(store).stat().st_size if entries_file(store).exists() else 0


def _cut(record: Record) -> Record:
    return of(lines(record)[:3], record.head)


def _emptied(record: Record) -> Record:
    return Record(b"", record.head)


def _damaged_at_the_end(record: Record) -> Record:
    return of([*lines(record)[:-1], lines(record)[-1][:-1]], record.head)


def _without_head(record: Record) -> Record:
    return Record(record.entries, None)


def _with_another_head(record: Record) -> Record:
    assert record.head is not None
    return Record(record.entries, record.head.replace(b'"', b"'"))


@pytest.mark.parametrize("harm", [_cut, _emptied, _damaged_at_the_end, _without_head, _with_another_head])
def test_later_entries_hide_no_damage(tmp_path: Path, harm: Callable[[Record], Record]) -> None:
    store = tmp_path / STORE
    harmed = harm(recorded(store, 5))
    entries_file(store).write_bytes(harmed.entries)
    if harmed.head is None:
        head_file(store).unlink()
    else:
        head_file(store).write_bytes(harmed.head)
    first = check(read_record(store)).faults
    for _ in range(3):
        append(store, entry)
        assert check(read_record(store)).faults
    assert first
