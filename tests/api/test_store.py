"""A store from Python gives what the command line prints, says nothing by itself, and raises."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

import costctl
from costctl.cli.app import main

SPEND = {
    "request_id": "chatcmpl-1", "call_type": "acompletion", "status": "success", "spend": 2.0, "model": "o3",
    "model_group": "o3", "custom_llm_provider": "openai", "startTime": "2026-01-05T10:00:00Z",
    "endTime": "2026-01-05T10:00:02Z", "prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000,
    "metadata": {"status": "success"},
}  # fmt: skip


@pytest.fixture
def spend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gateway's log of one call of a million tokens of a model whose price fell from $10 to $2 on 2025-06-10."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spend.jsonl").write_text(json.dumps(SPEND) + "\n")
    return tmp_path / "spend.jsonl"


def test_a_document_is_the_one_that_the_command_line_prints(
    sample_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = costctl.open_store(sample_store).segment()
    assert main(["segment", "--store", str(sample_store), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(msgspec.json.encode(document))


def test_nothing_is_printed_unless_progress_is_asked_for(
    spend: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    steps: list[str] = []
    costctl.open_store("quiet.duckdb").ingest(spend)
    costctl.open_store("told.duckdb", progress=lambda step, _fraction, _detail="": steps.append(step)).ingest(
        spend
    )
    assert capfd.readouterr() == ("", "")
    assert steps != []


def test_loading_twice_adds_nothing(spend: Path) -> None:
    store = costctl.open_store("s.duckdb")
    assert store.ingest(spend).totals.spans == 1
    assert store.ingest(str(spend)).totals.spans == 0
    assert store.info().spans == 1


def test_errors_are_raised_with_what_to_do(spend: Path) -> None:
    store = costctl.open_store("s.duckdb")
    with pytest.raises(costctl.StoreError, match="costctl ingest"):
        store.analyze()
    spend.with_name("noise.bin").write_bytes(bytes(range(256)))
    with pytest.raises(costctl.InputError, match=r"noise\.bin"):
        store.ingest("noise.bin", spend)
    assert store.info().spans == 1  # the source that could be read is loaded
    with pytest.raises(costctl.UsageError, match="--last"):
        dataclasses.replace(store, last="yesterday").doctor()
    with pytest.raises(costctl.CostctlError, match=r"no_policy\.json"):
        costctl.check_policy("no_policy.json")


def test_rejected_records_are_an_error_only_where_that_is_asked_for(spend: Path) -> None:
    with spend.open("a") as log:
        log.write("{\n")
    assert costctl.open_store("lenient.duckdb").ingest(spend).totals.rejected == 1
    with pytest.raises(costctl.InputError, match="1 records were rejected"):
        costctl.open_store("strict.duckdb").ingest(spend, strict=True)


@pytest.mark.parametrize(("day", "usd"), [(None, 2.0), ("2025-06-09", 10.0), ("2025-06-10", 2.0)])
def test_every_verb_prices_the_calls_as_of_the_day_that_is_asked_for(
    spend: Path, day: str | None, usd: float
) -> None:
    store = costctl.open_store("s.duckdb", prices_as_of=day)
    store.ingest(spend)
    (request,) = store.explain(store.sql("SELECT trace_id FROM requests").item()).requests
    assert store.analyze().totals.billed_usd == pytest.approx(usd)
    assert store.sql("SELECT SUM(usd) FROM charge").item() == pytest.approx(usd)
    assert float(store.export().lines["BilledCost"].sum()) == pytest.approx(usd)
    assert sum(charge.usd or 0.0 for charge in request.charges) == pytest.approx(usd)


def test_the_list_of_prices_is_of_the_day() -> None:
    found = costctl.list_prices(as_of="2025-06-09", model="o3")
    assert ("o3", "input", 10.0) in {
        (each.model, each.token_kind, each.usd_per_million) for each in found.prices
    }
