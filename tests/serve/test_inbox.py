"""What the inbox has acknowledged is there afterwards, whole and once, whatever happens in between."""

from __future__ import annotations

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.serve.inbox import Inbox, InboxFullError

ROOM = 10_000_000


def messages(path: Path) -> list[bytes]:
    """What a file of messages with their lengths holds, read by itself."""
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


def test_bodies_of_many_threads_are_all_there_and_each_is_whole(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, ROOM)
    bodies = [str(number).encode() * (number % 50 + 1) for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        sealed = [threads.submit(inbox.seal) for _ in range(5)]
        list(threads.map(lambda body: inbox.add("traces", "protobuf", body), bodies))
        assert all(each.result() is not None for each in sealed)
    found = [body for path in inbox.seal() for body in messages(path)]
    assert sorted(found) == sorted(bodies)
    assert inbox.waiting_bytes == sum(map(len, bodies)) + 4 * len(bodies)


def test_json_is_a_line_each_however_it_was_written(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, ROOM)
    said = {"resourceSpans": [{"name": "a\nb"}]}
    inbox.add("traces", "json", json.dumps(said, indent=2).encode())
    inbox.add("traces", "json", json.dumps(said).encode())
    (path,) = inbox.seal()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [said, said]


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8), st.integers(0, 400))
def test_after_a_crash_every_whole_message_is_found_and_no_half_one(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], torn: int
) -> None:
    folder = tmp_path_factory.mktemp("inbox")
    inbox = Inbox(folder, ROOM)
    for body in bodies:
        inbox.add("logs", "protobuf", body)
    (path,) = folder.glob("*.open")
    data = path.read_bytes()
    cut = min(torn, len(data))
    path.write_bytes(data[:cut])
    whole, at = [], 0
    for body in bodies:
        at += 4 + len(body)
        if at <= cut:
            whole.append(body)
    again = Inbox(folder, ROOM).seal()
    assert [body for each in again for body in messages(each)] == whole


def test_more_than_there_is_room_for_is_refused_until_some_is_loaded(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 100)
    inbox.add("traces", "protobuf", b"x" * 60)
    with pytest.raises(InboxFullError):
        inbox.add("traces", "protobuf", b"y" * 60)
    inbox.forget(inbox.seal())
    assert inbox.waiting_bytes == 0
    inbox.add("traces", "protobuf", b"y" * 60)
    assert [messages(path) for path in inbox.seal()] == [[b"y" * 60]]


def test_what_could_not_be_loaded_stays_in_nobody_s_way(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, ROOM)
    inbox.add("traces", "protobuf", b"x")
    kept = inbox.set_aside(*inbox.seal())
    assert messages(kept) == [b"x"]
    assert inbox.seal() == ()
    assert Inbox(tmp_path, ROOM).waiting_bytes == 0


def test_only_the_owner_can_read_what_waits(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox", ROOM)
    inbox.add("traces", "json", b"{}")
    (path,) = inbox.seal()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
