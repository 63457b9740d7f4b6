"""``costctl recommend --review``: advice is kept, reviewed when later calls are there, and taken back."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import pytest

from costctl.documents.recommendations import Recommendations
from costctl.documents.review import Review, Undo
from costctl.render import review as tables
from costctl.render import review_screen
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.sections import Section
from costctl.render.view import View
from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.traffic import traffic_of
from tests.cli.first_screens import SMALL_TERMINAL, terminal
from tests.command_line import costctl
from tests.synth.written_shop import TRACES, small_shop, written

FOUND: Final = "Nothing has changed since this was computed"
TAKEN: Final = (Remedy("support", {"caching": "1h"}), Remedy("digest", {"tier": "batch"}, 0.5))
APPS: Final = ("support", "cached", "digest", "faq")
COUNTED: Final = ("sql", "SELECT COUNT(*) AS kept FROM promises", "--format", "csv")
FEW_LINES: Final = 3


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the traces of two days, those of the two days after, and a store that has been advised on."""
    folder = tmp_path_factory.mktemp("advised")
    shop = small_shop(part=0.08)
    apps = (replace(app, sessions=max(app.sessions, 120.0)) for app in shop.apps if app.name in APPS)
    world = replace(shop, apps=tuple(apps))
    written(world, traffic_of(world), folder)
    (folder / "later").mkdir()
    after = later(world, TAKEN)
    written(after, traffic_of(after), folder / "later")
    for verb in (("ingest", TRACES), ("analyze",), ("recommend",)):
        assert costctl(folder, *verb).returncode == 0
    return folder


@pytest.fixture(scope="module")
def after(advised: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the calls of the two days after, reviewed."""
    folder = shutil.copytree(advised, tmp_path_factory.mktemp("copies") / "after")
    for verb in (("ingest", f"later/{TRACES}"), ("recommend", "--review", "-o", "review.json")):
        assert costctl(folder, *verb).returncode == 0
    return folder


@pytest.fixture(scope="module")
def review(after: Path) -> Review:
    return msgspec.json.decode((after / "review.json").read_bytes(), type=Review)


def text(document: Review, form: TabularFormat, sections: Callable[[Review], list[Section]]) -> str:
    return rendered(document, form, sections, tables.csv_text, is_brief=True)


def first_screen(document: Review, columns: int = 100) -> str:
    with terminal(columns):
        return text(document, TabularFormat.TABLE, lambda shown: review_screen.screen(shown, View()))


def test_advice_that_is_given_again_is_kept_once_and_answers_about_the_traces_stay(advised: Path) -> None:
    kept = costctl(advised, *COUNTED).stdout
    for verb in ("analyze", "recommend"):
        assert FOUND in costctl(advised, verb).stderr  # what was written into the store is none of its traces
    assert costctl(advised, *COUNTED).stdout == kept
    assert int(kept.split()[1]) > 3


def test_without_calls_since_it_is_too_early_and_the_next_step_is_named(advised: Path) -> None:
    told = costctl(advised, "recommend", "--review")
    assert told.returncode == 0
    assert "Too early: no call has started since" in told.stdout
    assert "costctl ingest LATER-TRACES" in told.stdout


def test_a_store_without_advice_says_what_keeps_some(review: Review) -> None:
    nothing = msgspec.structs.replace(
        review, promises=(), together=None, past=None, since_from=None, since_to=None
    )
    assert "no advice is kept in this store" in first_screen(nothing)
    assert "No advice is kept in this store" in text(nothing, TabularFormat.MARKDOWN, tables.sections)


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_the_first_screen_says_what_was_delivered(review: Review, columns: int) -> None:
    lines = first_screen(review, columns).splitlines()
    assert lines[0].startswith("Delivered $")
    assert len(lines) <= SMALL_TERMINAL
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("Past advice") for line in lines)
    assert any(line.startswith("Undo one") and "costctl recommend --undo" in line for line in lines)


def test_each_change_has_the_outcome_that_was_made_of_it(review: Review) -> None:
    found = {each.promise.id: each.outcome for each in review.promises}
    assert found["prompt_cache.support"] == "delivered"
    assert found["service_tier.digest"] == "partly"
    assert found["prompt_cache.cached"] == "not_taken"
    assert found["response_cache.faq"] in ("not_taken", "not_observable")
    assert review.together is not None
    parts = [each.delivered_usd.mid for each in review.taken if each.delivered_usd is not None]
    assert len(parts) == 2
    assert review.together.delivered_usd.mid == pytest.approx(sum(parts))  # of classes that share no call


def test_every_form_has_every_promise(review: Review) -> None:
    ids = [each.promise.id for each in review.promises]
    rows = csv.DictReader(io.StringIO(text(review, TabularFormat.CSV, tables.sections)))
    assert [row["id"] for row in rows] == ids
    page = text(review, TabularFormat.MARKDOWN, tables.sections)
    assert [each for each in ids if each not in page] == []


def test_past_advice_stands_beside_new_one(after: Path, review: Review) -> None:
    assert costctl(after, "recommend", "-o", "advice.json").returncode == 0
    advice = msgspec.json.decode((after / "advice.json").read_bytes(), type=Recommendations)
    assert advice.past == review.past
    assert advice.past is not None
    assert (advice.past.taken, advice.past.delivered) == (2, 1)
    assert "Past advice" in costctl(after, "recommend").stdout


def test_a_change_is_taken_back_by_the_settings_before_it(after: Path) -> None:
    assert costctl(after, "recommend", "--undo", "prompt_cache.support", "-o", "undo.json").returncode == 0
    undo = msgspec.json.decode((after / "undo.json").read_bytes(), type=Undo)
    assert [(each.key, each.to) for each in undo.change] == [("class.support.prompt_cache", "none")]
    shown = costctl(after, "recommend", "--undo", "prompt_cache.support").stdout
    assert "To take back prompt_cache.support" in shown
    assert "cache_control" in shown


def test_what_was_never_advised_cannot_be_taken_back(after: Path) -> None:
    told = costctl(after, "recommend", "--undo", "prompt_cache.nobody")
    assert (told.returncode, told.stdout) == (2, "")
    assert "Nothing to undo under prompt_cache.nobody" in told.stderr


def test_two_documents_at_once_are_refused(tmp_path: Path) -> None:
    told = costctl(tmp_path, "recommend", "--review", "--undo", "prompt_cache.support")
    assert told.returncode == 2
    assert "--review and --undo cannot be combined" in told.stderr


def test_without_a_store_nothing_is_kept_and_only_verbose_says_so(advised: Path, tmp_path: Path) -> None:
    with (advised / TRACES).open(encoding="utf-8") as lines:
        (tmp_path / "few.jsonl").write_text("".join(islice(lines, FEW_LINES)), encoding="utf-8")
    asked = ("recommend", "few.jsonl", "--no-store")
    assert "--no-store keeps nothing" in costctl(tmp_path, *asked, "--verbose").stderr
    assert "keeps nothing" not in costctl(tmp_path, *asked).stderr
    assert [each.name for each in tmp_path.iterdir()] == ["few.jsonl"]
