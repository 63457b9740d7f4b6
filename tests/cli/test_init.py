"""``costctl init`` writes a costctl.toml that changes no figure until its owner fills in what only they know."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.config import load_config
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question
from tests.command_line import costctl
from tests.conftest import AFTER_TWENTY_MINUTES, unwatched

API_LOG = (
    "trace_id,span_id,start_ns,end_ns,operation,provider,model_requested,input_tokens,output_tokens\n"
    "a1,b1,1795132800000000000,1795132801000000000,chat,openai,gpt-4o,1000,100\n"
    "a2,b2,1795132802000000000,1795132803000000000,chat,acme,own-model,1000,100\n"
    "a3,b3,1795132804000000000,1795132805000000000,chat,openai,gpt-4.1,,\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "api.csv").write_text(API_LOG)
    return tmp_path


@pytest.fixture(scope="module")
def sampled(sample_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which init has looked at the sample's first minutes."""
    folder = tmp_path_factory.mktemp("sampled")
    done = costctl(folder, "init", "--store", str(sample_store), "--until", AFTER_TWENTY_MINUTES)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_pools_of_the_sample_are_found_by_the_services_that_serve_them(sampled: Path) -> None:
    settings = load_config(sampled / "costctl.toml", sampled).settings
    assert {name: pool.models for name, pool in settings.pools.items()} == {
        "embedder": ("bge-m3",),
        "llm-premium": ("llama-3.3-70b",),
        "llm-economy": ("llama-3.1-8b",),
    }
    assert "# [classes.chat]" in (sampled / "costctl.toml").read_text()


def mapped(store: Path, config: Path) -> WorkloadMap:
    question = Question(store=store, config=config, until=AFTER_TWENTY_MINUTES)
    return verbs.segment(question, unwatched)


def test_classes_are_what_they_were_before(sampled: Path, sample_store: Path) -> None:
    (sampled / "none.toml").write_text("")
    before, after = (mapped(sample_store, sampled / name) for name in ("none.toml", "costctl.toml"))
    assert [(each.request_class, each.requests) for each in after.classes] == [
        (each.request_class, each.requests) for each in before.classes
    ]


def test_a_bill_of_bought_tokens_is_what_it_was_before(folder: Path) -> None:
    costs = "SELECT component, resource, quantity, usd FROM charge ORDER BY ALL"
    before = costctl(folder, "sql", costs, "api.csv", "--format", "csv").stdout
    assert costctl(folder, "init").returncode == 0
    assert costctl(folder, "sql", costs, "--format", "csv").stdout == before
    text = (folder / "costctl.toml").read_text()
    assert '# [[prices.rates]]  # acme/own-model: 1 call without a price\n# model = "own-model"' in text
    assert text.count("# model = ") == 1, "a price is known where tokens are not"


def test_twice_is_once(folder: Path) -> None:
    assert costctl(folder, "init", "api.csv").returncode == 0
    written = (folder / "costctl.toml").read_bytes()
    again = costctl(folder, "init")
    assert (again.returncode, (folder / "costctl.toml").read_bytes()) == (0, written)
    assert "nothing to add" in again.stdout


def test_a_file_that_is_there_is_added_to_and_keeps_its_permissions(folder: Path) -> None:
    mine = '# a comment of mine\n[classes.chat]\nslo = { e2e_p95 = "6s" }  # promised\n'
    (folder / "costctl.toml").write_text(mine)
    (folder / "costctl.toml").chmod(0o600)
    done = costctl(folder, "init", "api.csv")
    assert "Added to" in done.stdout
    assert (folder / "costctl.toml").read_text().startswith(mine)
    assert (folder / "costctl.toml").stat().st_mode & 0o777 == 0o600


def test_dry_run_prints_the_file_and_writes_none(folder: Path) -> None:
    printed = costctl(folder, "init", "api.csv", "--dry-run").stdout
    assert not (folder / "costctl.toml").exists()
    costctl(folder, "init")
    assert (folder / "costctl.toml").read_text() == printed


@pytest.mark.parametrize(
    "text", ["pools = {}\nclasses = {}\n", "classes = { x = { priority = 1 } }\npools = {}\n"]
)
def test_a_file_that_takes_no_tables_is_left_alone(sample_store: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "costctl.toml").write_text(text.replace("x", "chat"))
    done = costctl(tmp_path, "init", "--store", str(sample_store), "--until", AFTER_TWENTY_MINUTES)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Nothing can be added" in done.stderr
    assert (tmp_path / "costctl.toml").read_text() == text.replace("x", "chat")


def test_settings_in_a_pyproject_are_not_touched(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.costctl]\ninternet_usd_per_gb_egress = 0.1\n")
    done = costctl(folder, "init", "api.csv")
    assert done.returncode == 2
    assert "pyproject.toml" in done.stderr
    assert costctl(folder, "init", "api.csv", "--config", "costctl.toml").returncode == 0
    assert msgspec.toml.decode((folder / "costctl.toml").read_bytes()) == {}


def test_without_traces_the_next_step_is_to_load_some(tmp_path: Path) -> None:
    done = costctl(tmp_path, "init")
    assert done.returncode == 6
    assert "costctl ingest PATH" in done.stderr
