"""What is recommended from Python is kept, reviewed and taken back as by the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import msgspec
import pytest

import costctl
from costctl.cli.app import main
from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.traffic import traffic_of
from tests.synth.written_shop import SETTINGS, TRACES, small_shop, written

KEPT = "SELECT id FROM promises"
ADVISED = "service_tier.digest"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of a team whose ``digest`` could be bought from the batch tier; then it was."""
    folder = tmp_path_factory.mktemp("team")
    whole = small_shop()
    digest = next(app for app in whole.apps if app.name == "digest")
    world = replace(whole, apps=(replace(digest, sessions=70.0),))
    written(world, traffic_of(world), folder)
    (folder / "later").mkdir()
    after = later(world, [Remedy("digest", {"tier": "batch"})])
    written(after, traffic_of(after), folder / "later")
    costctl.open_store(folder / "s.duckdb").ingest(folder / TRACES)
    return folder


@pytest.fixture
def store(team: Path, tmp_path: Path) -> costctl.Store:
    """A copy of the store before anything was recommended."""
    path = tmp_path / "s.duckdb"
    path.write_bytes((team / "s.duckdb").read_bytes())
    return costctl.open_store(path, config=team / SETTINGS)


def printed(store: costctl.Store, capsys: pytest.CaptureFixture[str], *asked: str) -> object:
    """What the command line prints of the same store, as JSON."""
    capsys.readouterr()
    assert main([*asked, "--store", str(store.path), "--config", str(store.config), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_recommended_is_kept_once_and_is_what_the_command_line_prints(
    store: costctl.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    document = store.recommend()
    assert ADVISED in [each.id for each in document.made]
    kept = store.sql(KEPT)["id"].to_list()
    assert ADVISED in kept
    assert printed(store, capsys, "recommend") == json.loads(msgspec.json.encode(document))
    store.recommend()
    assert store.sql(KEPT)["id"].to_list() == kept


def test_nothing_is_kept_where_that_is_asked_for_and_of_one_that_is_looked_at(store: costctl.Store) -> None:
    store.recommend(keep=False)
    (one,) = store.recommend(show=ADVISED).recommendations
    assert one.id == ADVISED
    assert store.sql(KEPT).height == 0
    with pytest.raises(costctl.UsageError, match="No recommendation nothing"):
        store.recommend(show="nothing")


def test_what_came_of_it_is_reviewed_kept_and_taken_back(
    team: Path, store: costctl.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.recommend()
    store.ingest(team / "later" / TRACES)
    reviewed = store.review(keep=False)
    assert {each.promise.id: each.outcome for each in reviewed.promises}[ADVISED] == "delivered"
    assert store.recommend(keep=False).past is None
    assert printed(store, capsys, "recommend", "--review") == json.loads(msgspec.json.encode(store.review()))
    past = store.recommend(keep=False).past
    assert past is not None
    assert past.delivered == 1
    taken_back = store.undo(ADVISED)
    assert [(each.from_, each.to) for each in taken_back.change] == [("batch", "default")]
    with pytest.raises(costctl.UsageError, match="Nothing to undo"):
        store.undo("service_tier.nobody")


def test_a_store_that_cannot_be_written_is_answered_all_the_same_with_a_warning(store: costctl.Store) -> None:
    with (
        duckdb.connect(str(store.path), read_only=True),
        pytest.warns(UserWarning, match="kept for a later review") as warned,
    ):
        document = store.recommend()
    assert ADVISED in [each.id for each in document.made]
    assert [Path(each.filename).name for each in warned] == [Path(__file__).name]
    assert store.sql(KEPT).height == 0
