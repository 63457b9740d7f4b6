"""A record that was touched anywhere is found, and what was done to it is named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from costctl.audit.chain import GENESIS, digest, line_of, read_line
from costctl.audit.trail import Record
from tests.audit import records
from tests.audit.records import check, kinds, lines, of, recorded, tear

STORE = "costctl.duckdb"


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return recorded(tmp_path_factory.mktemp("five") / STORE, 5)


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Two entries, a torn line, and the entry after it."""
    store = tmp_path_factory.mktemp("mended") / STORE
    recorded(store, 2)
    tear(store, 100)
    return recorded(store, 1)


def test_each_entry_holds_the_digest_of_the_one_before(five: Record) -> None:
    previous = GENESIS
    for number, line in enumerate(lines(five), 1):
        found = read_line(line)
        assert found is not None
        assert (found.entry.number, found.entry.previous) == (number, previous)
        assert digest(msgspec.json.encode(found.entry)) == found.sha256
        previous = found.sha256
    assert check(five).is_whole
    assert check(five).head == previous


@pytest.mark.parametrize("name", ["five", "mended"])
@pytest.mark.parametrize("bit", [0, 5])
def test_every_flipped_byte_is_found(name: str, bit: int, request: pytest.FixtureRequest) -> None:
    record: Record = request.getfixturevalue(name)
    assert record.entries is not None
    assert record.head is not None
    missed = [at for at, touched in flipped(record.entries, bit) if not kinds(Record(touched, record.head))]
    missed += [at for at, touched in flipped(record.head, bit) if not kinds(Record(record.entries, touched))]
    assert missed == []


def flipped(content: bytes, bit: int) -> list[tuple[int, bytes]]:
    return [
        (at, content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
        for at in range(len(content))
    ]


def test_a_changed_entry_is_named_by_its_line(five: Record) -> None:
    for place in range(5):
        touched = lines(five)
        touched[place] = touched[place].replace(b"ana", b"eve")
        (fault,) = check(of(touched, five.head)).faults
        assert (fault.kind, fault.line, fault.number) == ("changed", place + 1, place + 1)


def test_an_entry_that_was_changed_with_its_digest_is_found_by_the_next(five: Record) -> None:
    for place in range(5):
        touched = lines(five)
        found = read_line(touched[place])
        assert found is not None
        touched[place] = line_of(msgspec.structs.replace(found.entry, user="eve"))
        (fault,) = check(of(touched, five.head)).faults
        assert fault.kind == "rewritten"
        assert fault.number == (place + 2 if place < 4 else 5)  # the last by the head that is kept


def test_a_removed_entry_is_found(five: Record) -> None:
    for place in range(4):
        found = lines(five)
        del found[place]
        (fault,) = check(of(found, five.head)).faults
        assert (fault.kind, fault.line, fault.number) == ("removed", place + 1, place + 1)


def test_a_swapped_pair_is_found(five: Record) -> None:
    for one in range(5):
        for other in range(one + 1, 5):
            found = lines(five)
            found[one], found[other] = found[other], found[one]
            (fault,) = check(of(found, five.head)).faults
            assert (fault.kind, fault.line) == ("moved", one + 1)


def test_a_copied_entry_is_found_wherever_it_is_put(five: Record) -> None:
    for copied in range(5):
        for place in range(copied + 1, 6):
            found = lines(five)
            found.insert(place, found[copied])
            (fault,) = check(of(found, five.head)).faults
            assert (fault.kind, fault.line) == ("duplicated", place + 1)


def test_an_inserted_entry_is_found_though_it_fits_the_one_above(five: Record) -> None:
    for place in range(5):
        found = lines(five)
        above = read_line(found[place - 1]) if place else None
        forged = records.entry(place + 1, GENESIS if above is None else above.sha256, None, word="emit")
        found.insert(place, line_of(forged))
        assert kinds(of(found, five.head)) == ["inserted"]


def test_a_line_that_is_no_entry_is_found_between_entries(five: Record) -> None:
    for place in range(5):
        found = lines(five)
        found.insert(place, b"# nothing to see here")
        (fault,) = check(of(found, five.head)).faults
        assert (fault.kind, fault.line) == ("inserted", place + 1)


def test_an_end_that_was_cut_off_is_found_by_the_head_that_is_kept(five: Record) -> None:
    for left in range(5):
        (fault,) = check(of(lines(five)[:left], five.head)).faults
        assert (fault.kind, fault.number) == ("cut off", left + 1)


def test_an_end_that_was_cut_off_within_a_line_is_found(five: Record) -> None:
    assert five.entries is not None
    missed = [left for left in range(len(five.entries)) if not kinds(Record(five.entries[:left], five.head))]
    assert missed == []


def test_a_record_without_its_head_is_not_called_whole(five: Record) -> None:
    assert kinds(Record(five.entries, None)) == ["head missing"]


def test_only_a_digest_noted_elsewhere_tells_that_all_was_written_anew(five: Record, tmp_path: Path) -> None:
    noted = check(five).head
    anew = recorded(tmp_path / STORE, 5, word="emit")
    assert kinds(anew) == []
    assert kinds(anew, noted) == ["not found"]


def test_a_noted_digest_is_found_however_many_entries_follow(five: Record) -> None:
    for number, line in enumerate(lines(five), 1):
        found = read_line(line)
        assert found is not None
        anchor = check(five, found.sha256).anchor
        assert anchor is not None
        assert (anchor.number, anchor.later) == (number, 5 - number)


def test_a_cut_end_with_a_head_to_match_is_found_by_a_noted_digest(five: Record, tmp_path: Path) -> None:
    shorter = Record(of(lines(five)[:3], None).entries, recorded(tmp_path / STORE, 3).head)
    assert kinds(shorter) == []  # the same entries, and their head: nothing else could tell
    assert "not found" in kinds(shorter, check(five).head)
