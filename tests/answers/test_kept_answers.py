"""An answer is found again where nothing that it rests on has changed, and nobody can tell it from a fresh one."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from costctl import basis, verbs
from costctl.answers import kept_or_made
from costctl.cli.app import main
from costctl.observation import NO_MATTER, RESOLVED, Question, observed
from costctl.store import kept
from tests.conftest import unwatched

FOUND = "Nothing has changed since this was computed"
RULE = '[[rules]]\nname = "every request"\nclass = "{}"\n'
CALL: dict[str, Any] = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "status": "success",
    "spend": 2.0,
    "model": "o3",
    "model_group": "o3",
    "custom_llm_provider": "openai",
    "startTime": "2026-01-05T10:00:00Z",
    "endTime": "2026-01-05T10:00:02Z",
    "prompt_tokens": 1_000_000,
    "completion_tokens": 0,
    "total_tokens": 1_000_000,
    "metadata": {"status": "success"},
}  # fmt: skip


class Sum(msgspec.Struct, frozen=True):
    """An amount."""

    usd: float


def written(path: Path, *ids: str) -> Path:
    path.write_text("".join(json.dumps({**CALL, "request_id": each}) + "\n" for each in ids))
    return path


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a gateway's log of two calls, in the working directory."""
    monkeypatch.chdir(tmp_path)
    verbs.ingest(
        verbs.IngestRequest((str(written(tmp_path / "log.jsonl", "a", "b")),), tmp_path / "s.duckdb"),
        unwatched,
    )
    return tmp_path / "s.duckdb"


def basis_of(question: Question) -> str:
    with observed(question, unwatched) as observation:
        return observation.basis


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, bool]:
    """What is printed, and whether it was kept."""
    assert main([*arguments, "--store", "s.duckdb"]) == 0
    said = capsys.readouterr()
    return said.out, FOUND in said.err


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
@pytest.mark.parametrize("verb", ["analyze", "recommend"])
def test_a_kept_answer_prints_the_bytes_of_a_fresh_one(
    store: Path, capsys: pytest.CaptureFixture[str], verb: str, form: str
) -> None:
    fresh, was_kept = printed(capsys, verb, "--format", form)
    assert not was_kept
    assert printed(capsys, verb, "--format", form) == (fresh, True)
    kept.clear(store)
    assert printed(capsys, verb, "--format", form) == (fresh, False)


def test_the_answer_about_pools_is_the_same_kept(short_question: Question) -> None:
    fresh = verbs.analyze(dataclasses.replace(short_question, seed=4), unwatched)
    again = verbs.analyze(dataclasses.replace(short_question, seed=4), unwatched)
    assert again is not fresh
    assert msgspec.json.encode(again) == msgspec.json.encode(fresh)


CHANGES: dict[str, Callable[[Question, Path], Question]] = {
    "a source is loaded": lambda question, folder: loaded(question, written(folder / "more.jsonl", "c")),
    "old traces are pruned": lambda question, _: pruned(question),
    "another store of the same content": lambda question, folder: dataclasses.replace(
        question, store=Path(shutil.copy2(folder / "s.duckdb", folder / "copy.duckdb"))
    ),
    "a setting": lambda question, folder: configured(question, folder, "[classes.other]\npriority = 1\n"),
    "a comment in the settings": lambda question, folder: configured(question, folder, "# nothing\n"),
    "a class rule": lambda question, folder: ruled(question, folder, "all"),
    "since": lambda question, _: dataclasses.replace(question, since="2026-01-01"),
    "until": lambda question, _: dataclasses.replace(question, until="2026-02-01"),
    "last": lambda question, _: dataclasses.replace(question, last="7d"),
    "seed": lambda question, _: dataclasses.replace(question, seed=1),
    "the day of the prices": lambda question, _: dataclasses.replace(question, prices_as_of="2025-01-01"),
    "what is extrapolated": lambda question, _: dataclasses.replace(question, is_extrapolating=True),
}


def loaded(question: Question, path: Path) -> Question:
    verbs.ingest(verbs.IngestRequest((str(path),), question.store), unwatched)
    return question


def pruned(question: Question) -> Question:
    assert question.store is not None
    verbs.prune_store(question.store, "2026-06-01", 0.0, unwatched)
    return question


def configured(question: Question, folder: Path, text: str) -> Question:
    (folder / "costctl.toml").write_text(text)
    return question


def ruled(question: Question, folder: Path, name: str) -> Question:
    (folder / "rules.toml").write_text(RULE.format(name))
    return dataclasses.replace(question, rules=folder / "rules.toml")


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_an_answer_rests_on_makes_another_of_it(store: Path, change: str) -> None:
    question = Question(store=store)
    before = basis_of(question)
    assert basis_of(question) == before
    assert basis_of(CHANGES[change](question, store.parent)) != before


def test_the_text_of_a_rule_counts_and_not_its_file(store: Path) -> None:
    question = Question(store=store)
    first = basis_of(ruled(question, store.parent, "all"))
    assert basis_of(ruled(question, store.parent, "each")) != first
    assert basis_of(ruled(question, store.parent, "all")) == first


def test_how_a_store_is_named_changes_nothing(store: Path) -> None:
    assert basis_of(Question(store=Path(store.name))) == basis_of(Question(store=store))


def test_an_answer_about_some_paths_is_another_than_about_all(store: Path) -> None:
    more = str(written(store.parent / "more.jsonl", "c"))
    both = basis_of(Question(store=store, paths=("log.jsonl", more)))
    assert basis_of(Question(store=store)) == both
    apart = [basis_of(Question(store=store, paths=(path,))) for path in ("log.jsonl", more)]
    assert len({both, *apart}) == 3


def test_a_time_before_now_is_an_instant_before_it_counts(store: Path) -> None:
    assert basis_of(Question(store=store, since="9000d")) != basis_of(Question(store=store, since="9000d"))


def test_loading_what_is_there_already_keeps_the_answer(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, _ = printed(capsys, "analyze", "log.jsonl", "--format", "json")
    assert printed(capsys, "analyze", "log.jsonl", "--format", "json") == (fresh, True)
    assert printed(capsys, "analyze", "--format", "json") == (fresh, True)
    assert kept.kept(store).answers == 1


def test_each_option_of_a_verb_has_an_answer_of_its_own(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [printed(capsys, "analyze", "--idle", idle) for idle in ("separate", "weighted", "none")]
    assert [was_kept for _, was_kept in answers] == [False] * 3
    assert kept.kept(store).answers == 3


def test_a_question_counts_in_all_its_fields_but_these() -> None:
    assert {"paths", "store", "config", "rules", "mapping", "since", "until", "last"} == RESOLVED
    assert {"wait_s", "told"} == NO_MATTER

    def named(question: Question) -> str:
        return basis.basis_of(question, RESOLVED | NO_MATTER, {})

    @dataclasses.dataclass(frozen=True)
    class Longer(Question):
        by: str = "class"

    assert named(Longer(by="team")) != named(Longer())
    assert named(Longer(seed=1)) != named(Longer())


def test_code_counts_by_its_source_and_by_what_it_runs_on(tmp_path: Path, repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    needed = {each.split(">")[0] for each in project["dependencies"]}
    reads_and_prints = {
        "altair", "jinja2", "opentelemetry-proto", "ptars", "pyyaml", "rich", "threadpoolctl", "tomlkit", "typer",
        "tzdata", "vl-convert-python", "zstandard",
    }  # fmt: skip
    assert needed - reads_and_prints == set(basis.FIGURES_COME_FROM)
    package = tmp_path / "costctl"
    package.mkdir()
    (package / "a.sql").write_text("SELECT 1")
    before = basis.source_digest(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_text("compiled")
    assert basis.source_digest(package) == before
    (package / "a.sql").write_text("SELECT 2")
    assert basis.source_digest(package) != before


def test_a_damaged_answer_is_computed_again(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh, _ = printed(capsys, "analyze")
    (file,) = kept.folder_beside(store).iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert printed(capsys, "analyze") == (fresh, False)
    file.write_bytes(file.read_bytes()[:-7])
    assert printed(capsys, "analyze") == (fresh, False)
    assert printed(capsys, "analyze") == (fresh, True)


def test_where_nothing_can_be_written_nothing_is_kept(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.folder_beside(store).write_text("a file where the folder would be made")
    fresh, _ = printed(capsys, "analyze")
    assert printed(capsys, "analyze") == (fresh, False)


def test_an_answer_about_a_temporary_store_leaves_nothing(store: Path) -> None:
    verbs.analyze(Question(paths=("log.jsonl",)), unwatched)
    assert [path.name for path in store.parent.glob("*.kept")] == []


def test_what_would_not_be_read_back_as_it_was_is_not_kept(store: Path) -> None:
    odd = Sum(usd=1)  # read back as 1.0
    with observed(Question(store=store), unwatched) as observation:
        made = kept_or_made(observation, unwatched, Sum, lambda *_: odd)
    assert made is odd
    assert kept.kept(store).answers == 0


def test_the_answers_asked_for_longest_ago_go_first(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    for number in range(24):
        kept.write(store, f"key{number}", b"x")
    assert kept.read(store, "key0") == b"x"
    kept.write(store, "key24", b"x")
    assert kept.kept(store).answers == 24
    assert kept.read(store, "key0") == b"x"
    assert kept.read(store, "key1") is None


def test_an_answer_larger_than_the_bound_is_kept_alone(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    kept.write(store, "small", b"x")
    kept.write(store, "large", bytes(65 * 2**20))
    assert kept.read(store, "small") is None
    assert kept.read(store, "large") == bytes(65 * 2**20)


@pytest.mark.parametrize("command", [("prune", "--before", "2020-01-01"), ("compact",)])
def test_upkeep_drops_the_answers(
    store: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    printed(capsys, "analyze")
    info, _ = printed(capsys, "store", "info", "--format", "json")
    assert json.loads(info)["kept_answers"] == 1
    assert json.loads(info)["kept_bytes"] > 0
    printed(capsys, "store", *command)
    assert kept.kept(store) == kept.Kept(0, 0)
