"""The configuration: where it is found, and what is said when it is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from costctl.config import load_config
from costctl.errors import UsageError

EXAMPLE = """
[pools.gpu-premium]
tier = "premium"
usd_per_replica_hour = 12.29
replicas = 6
match = { "k8s.pod.name" = "llm-premium-*" }

[classes.chat]
slo = { ttft_p95 = "800ms", e2e_p95 = "6s" }
value = { usd_per_success = 0.04 }
boundary = { jurisdictions = ["uk"], enforcement = "required" }

[bills]
"gpu-premium" = { "2026-11" = 53094.20 }
"""


def written(folder: Path, text: str, name: str = "costctl.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_settings_are_read_as_structs_with_the_digest_of_their_file(tmp_path: Path) -> None:
    loaded = load_config(written(tmp_path, EXAMPLE), tmp_path)

    assert loaded.settings.pools["gpu-premium"].usd_per_replica_hour == 12.29
    assert loaded.settings.classes["chat"].slo.ttft_p95_s == pytest.approx(0.8)
    assert loaded.settings.bills["gpu-premium"]["2026-11"] == 53094.20
    assert loaded.sha256 == hashlib.sha256(EXAMPLE.encode()).hexdigest()


def test_the_nearest_file_above_wins(tmp_path: Path) -> None:
    written(tmp_path, "[pools.outer]\n")
    inner = tmp_path / "team" / "service"
    inner.mkdir(parents=True)
    written(tmp_path / "team", "[pools.inner]\n")

    assert list(load_config(None, inner).settings.pools) == ["inner"]


def test_a_pyproject_counts_only_with_a_table_of_ours(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    inner.mkdir()
    written(tmp_path, "[tool.costctl.pools.from_project]\n", "pyproject.toml")
    written(inner, "[project]\nname = 'x'\n", "pyproject.toml")

    assert list(load_config(None, inner).settings.pools) == ["from_project"]


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load_config(None, tmp_path)
    assert (loaded.path, loaded.sha256, loaded.settings.pools) == (None, None, {})


@pytest.mark.parametrize(
    ("text", "what", "next_step"),
    [
        ("[pools.a]\nusd_per_replica_hr = 1.0\n", "pools.a.usd_per_replica_hr", "usd_per_replica_hour"),
        ("[pool.a]\nreplicas = 1\n", "unknown key pool", "pools"),
        ("[classes.chat]\nslo = { ttft_p59 = '1s' }\n", "classes.chat.slo.ttft_p59", "ttft_p95"),
    ],
)
def test_a_misspelt_key_is_named_with_its_nearest_relative(
    tmp_path: Path, text: str, what: str, next_step: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(written(tmp_path, text), tmp_path)

    assert what in caught.value.what
    assert f"Did you mean {next_step}?" in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "[pools.a]\nreplicas = 'six'\n",
        "[classes.chat]\nslo = { e2e_p95 = 'soon' }\n",
        "[pools.a\n",
        "[pools.a]\nboundary = 'the moon'\n",
        "[pools.a]\nreplicas = 0\n",
        "[pools.a]\nusd_per_replica_hour = -1\n",
        "[pools.a]\nusd_per_replica_hour = nan\n",
        "[pools.gpu]\nkv_tokens = 15",
        "[pools.gpu]\nprefill = 'sometimes'",
        "[pools.gpu]\nmax_batch_size = 8\nkv_tokens = 1600",
        "[pools.gpu]\nreplicas = 3\nmost_replicas = 2",
        "[pools.gpu]\nspot = { usd_per_replica_hour = 1.0 }",
        "[pools.gpu]\nusd_per_replica_hour = 3.0\nspot = { usd_per_replica_hour = 1.0, interruptions_per_hour = 2.0 }",
        "[placement]\nmost_moves = -1",
    ],
)
def test_a_value_that_does_not_fit_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load_config(written(tmp_path, text), tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[classes.a]\npriority = 1\n[classes.b]\npriority = 'first'\n",
            "[classes.b] priority: expected a whole number, got text.",
        ),
        (
            "[classes.chat]\nslo = { e2e_p95 = 'soon' }\n",
            "[classes.chat.slo]: 'soon' is not a duration; write a number and a unit, such as 800ms, 6s or 2h.",
        ),
        ('[pools."gpu.1"]\nreplicas = 0\n', '[pools."gpu.1"] replicas: expected a whole number >= 1.'),
        (
            "[classes.chat]\nallowed_models = ['a', 3]\n",
            "[classes.chat] allowed_models, value 2: expected text, got a whole number.",
        ),
        (
            "[[prices.rates]]\nmodel = 'm'\ninput = 1.0\noutput = 1.0\n[[prices.rates]]\ninput = 1.0\n",
            "[[prices.rates]] number 2: model is missing.",
        ),
        ("[prices]\nunpriced = 'free'\n", "[prices] unpriced: 'free' is not one of recorded, unknown."),
        ("classes = 3\n", "classes: expected a table, got a whole number."),
    ],
)
def test_a_wrong_value_is_named_by_its_table_as_the_file_names_it(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(written(tmp_path, text), tmp_path)
    assert caught.value.why == said


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml", tmp_path)


UNIT = '[commitments.ptu]\nprovider = "azure"\nmodels = ["gpt-4.1"]\ntokens_per_minute = 3000\n'
OWN = '[breakeven.llama]\nclasses = ["chat"]\n'


def test_the_price_of_a_unit_is_by_the_hour_whichever_way_it_is_given(tmp_path: Path) -> None:
    by_hour = load_config(written(tmp_path, UNIT + "usd_per_unit_hour = 1.0\n"), tmp_path)
    assert by_hour.settings.commitments["ptu"].usd_per_hour == 1.0
    by_month = load_config(written(tmp_path, UNIT + "usd_per_unit_month = 365.0\n"), tmp_path)
    assert by_month.settings.commitments["ptu"].usd_per_hour == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (UNIT, "either usd_per_unit_hour or usd_per_unit_month"),
        (UNIT + "usd_per_unit_hour = 1.0\nusd_per_unit_month = 1.0\n", "either usd_per_unit_hour"),
        (UNIT.replace('"gpt-4.1"', "") + "usd_per_unit_hour = 1.0\n", "length >= 1"),
        (UNIT.replace("gpt-4.1", "gpt-*") + "usd_per_unit_hour = 1.0\n", "pattern"),
        (OWN + "usd_per_replica_hour = 1.0\n", "or a pool to measure"),
        (OWN + 'pool = "gpu"\n', "which .pools. does not have"),
        ("[pools.gpu]\n" + OWN + 'pool = "gpu"\nusd_per_replica_hour = 1.0\n', "either the pool or these"),
    ],
)
def test_an_offer_of_capacity_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_config(written(tmp_path, text), tmp_path)
