"""A comparison and a review are found again as they were made, and made anew where what they tell has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from costctl import verbs
from costctl.cli.app import main
from costctl.observation import Question
from costctl.store import kept
from costctl.store.database import open_store
from costctl.store.promises import keep_promises
from tests.conftest import unwatched
from tests.recommend.test_promises import PROMISE

FOUND: Final = "Nothing has changed since this was computed"
CALL: Final[dict[str, Any]] = {
    "call_type": "acompletion",
    "status": "success",
    "model": "o3",
    "model_group": "o3",
    "custom_llm_provider": "openai",
    "spend": 0.02,
    "completion_tokens": 100,
    "metadata": {"status": "success"},
}
DAYS: Final = 4


def written(path: Path, *, dearer: bool = False) -> Path:
    """A gateway's log: a call every two hours of four days; in the last two days prompts are twice as long."""
    lines = []
    for number in range(DAYS * 12):
        day, hour = 5 + number // 12, 2 * (number % 12)
        tokens = 10_000 * (2 if day >= 7 else 1) + (number if dearer else 0)
        at = f"2026-01-{day:02}T{hour:02}:00"
        counts = {"prompt_tokens": tokens, "total_tokens": tokens + 100}
        times = {"startTime": f"{at}:00Z", "endTime": f"{at}:02Z"}
        lines.append(json.dumps({"request_id": f"{path.stem}-{number}", **CALL, **counts, **times}))
    path.write_text("\n".join(lines) + "\n")
    return path


def loaded(log: Path, store: Path) -> None:
    verbs.ingest(verbs.IngestRequest((str(log),), store), unwatched)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of four days, in the working directory."""
    monkeypatch.chdir(tmp_path)
    loaded(written(tmp_path / "log.jsonl"), tmp_path / "s.duckdb")
    return tmp_path / "s.duckdb"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, bool]:
    """What is printed, and whether it was kept."""
    assert main([*arguments, "--store", "s.duckdb"]) == 0
    said = capsys.readouterr()
    return said.out, FOUND in said.err


@pytest.mark.parametrize(("verb", "form"), [("diff", "table"), ("report", "html")])
def test_what_is_kept_prints_the_bytes_of_what_is_made_anew(
    store: Path, capsys: pytest.CaptureFixture[str], verb: str, form: str
) -> None:
    screen, document = (printed(capsys, verb, "--format", each)[0] for each in (form, "json"))
    assert printed(capsys, verb, "--format", form) == (screen, True)
    assert printed(capsys, verb, "--format", "json") == (document, True)
    kept.clear(store)
    assert printed(capsys, verb, "--format", "json")[0] == document
    assert printed(capsys, verb, "--format", form) == (screen, True)


def answers_after(store: Path, ask: Callable[[], object]) -> int:
    """How many more answers are kept after asking."""
    before = kept.kept(store).answers
    ask()
    return kept.kept(store).answers - before


def compared(store: Path, base: str | None, new: str | None = None, **question: Any) -> int:
    """How many answers a comparison adds to those that are kept."""
    asked = Question(store=store, **question)
    return answers_after(store, lambda: verbs.diff(base, new, asked, unwatched))


def test_each_pair_of_sides_is_an_answer_of_its_own(store: Path) -> None:
    first, second = "2026-01-05..2026-01-06", "2026-01-06..2026-01-07"
    assert [compared(store, first, second) for _ in range(2)] == [1, 0]
    assert compared(store, first) == 1  # the same two days, of which the second is named otherwise
    assert compared(store, second, first) == 1
    assert compared(store, first, second, seed=1) == 1


def test_a_comparison_with_another_store_or_document_is_new_when_that_changes(store: Path) -> None:
    other, saved = store.with_name("other.duckdb"), store.with_name("saved.json")
    loaded(store.with_name("log.jsonl"), other)
    assert [compared(store, str(other)) for _ in range(2)] == [1, 0]
    loaded(written(store.with_name("more.jsonl"), dearer=True), other)
    assert compared(store, str(other)) == 1
    for seed in (0, 1):
        saved.write_bytes(msgspec.json.encode(verbs.analyze(Question(store=other, seed=seed), unwatched)))
        assert [compared(store, str(saved)) for _ in range(2)] == [1, 0]


def test_a_review_is_made_anew_when_something_was_promised(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = printed(capsys, "report", "--format", "json")
    with open_store(store) as connection:
        state = kept.state_of(store)
        assert keep_promises(connection, [PROMISE])
        connection.execute("CHECKPOINT")
        assert kept.same_traces(store, state)
    after, _ = printed(capsys, "report", "--format", "json")
    reviews = [json.loads(text)["review"] for text in (before, after)]
    assert reviews[0] is None
    assert [each["promise"]["id"] for each in reviews[1]["promises"]] == [PROMISE.id]
    assert printed(capsys, "report", "--format", "json") == (after, True)


def test_a_review_of_some_sources_is_another_than_of_all(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (("report",), ("report", str(store.with_name("log.jsonl"))))
    differences = [
        json.loads(printed(capsys, *words, "--format", "json")[0])["difference"] for words in asked
    ]
    assert [each is None for each in differences] == [False, True]
