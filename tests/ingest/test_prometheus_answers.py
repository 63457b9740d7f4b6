"""Answers of Prometheus' query interface are read as the scrapes are that they were made of; what is none is set apart,
and takes nothing with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costctl.documents.ingestion import SourceReport
from costctl.ingest.loader import ingest
from costctl.store.database import open_store
from tests.ingest.engine_files import LABELS, REPORTS, START_S, sampled, scrape

NAMES = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:generation_tokens_total",
    "vllm:prompt_tokens_total",
    "vllm:kv_cache_usage_perc",
)
CONFIG = {"__name__": "vllm:cache_config_info", **LABELS, "block_size": "16", "num_gpu_blocks": "2588"}
Samples = list[list[Any]]


def series(name: str, values: Samples, **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": name, **LABELS, "job": "vllm", **labels}, "values": values}


def matrix(*result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(result)}}


def ranged(reports: tuple[tuple[float, ...], ...] = REPORTS) -> list[dict[str, Any]]:
    """The series of a range query over these reports."""
    return [
        series(name, [[START_S + report[0], f"{report[1 + place]}"] for report in reports])
        for place, name in enumerate(NAMES)
    ] + [{"metric": CONFIG, "values": [[START_S + report[0], "1"] for report in reports]}]


def vector(report: tuple[float, ...]) -> dict[str, Any]:
    """The answer of a query of one moment."""
    result = [
        {"metric": each["metric"], "value": [START_S + report[0], each["values"][0][1]]}
        for each in ranged((report,))
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def kept(folder: Path, text: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the relations say of a file with this text, without its name."""
    folder.mkdir()
    file = folder / "answer.json"
    file.write_text(text, encoding="utf-8")
    samples, engines = sampled(folder, file)
    return samples.drop("source", "series"), engines.drop("source", "series")


def report_of(folder: Path, text: str) -> SourceReport:
    folder.mkdir(exist_ok=True)
    (folder / "answer.json").write_text(text, encoding="utf-8")
    connection = open_store(folder / "store.duckdb")
    try:
        (report,) = ingest(connection, [str(folder / "answer.json")])
        return report
    finally:
        connection.close()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(matrix(*ranged())),
        json.dumps(matrix(*reversed(ranged())), indent=2),
        "\n".join(json.dumps(vector(report)) for report in REPORTS),
        "\n".join(json.dumps(matrix(each)) for each in ranged()),
    ],
    ids=["a range", "in another order", "moments, one after another", "an answer for each metric"],
)
def test_an_answer_says_what_the_scrapes_said(tmp_path: Path, text: str) -> None:
    scraped, of_scrapes = kept(tmp_path / "scrapes", "".join(map(scrape, REPORTS)))
    answered, of_answers = kept(tmp_path / "answers", text)
    assert answered.equals(scraped)
    assert of_answers.equals(of_scrapes)


def test_a_scrape_that_a_finer_step_repeats_counts_once_while_the_engine_is_busy(tmp_path: Path) -> None:
    repeated = tuple((at_s + more, *told) for at_s, *told in REPORTS for more in range(10))
    once, _ = kept(tmp_path / "once", json.dumps(matrix(*ranged())))
    finer, _ = kept(tmp_path / "finer", json.dumps(matrix(*ranged(repeated))))
    assert finer.equals(once)
    alone = matrix(series(NAMES[0], [[START_S + at_s, "3"] for at_s in (0, 10, 20)]))
    assert kept(tmp_path / "alone", json.dumps(alone))[1]["most_running"].to_list() == [3.0]
    idle = tuple((at_s, 0, 0, 1000, 4000, 0.0) for at_s in (0, 10, 20))
    assert kept(tmp_path / "idle", json.dumps(matrix(*ranged(idle))))[0].height == len(idle)


def test_sglang_tells_as_much(tmp_path: Path) -> None:
    told = {
        "num_running_reqs": (3, 5),
        "generation_tokens_total": (0, 900),
        "max_total_num_tokens": (4096, 4096),
    }
    answer = matrix(
        *(
            series(f"sglang:{name}", [[START_S, str(first)], [START_S + 10, str(then)]], tp_rank="0")
            for name, (first, then) in told.items()
        )
    )
    samples, engines = kept(tmp_path / "sglang", json.dumps(answer))
    assert samples["decoded_tokens"].to_list() == [None, 900.0]
    assert engines["reported_kv_tokens"].to_list() == [4096.0]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (series(NAMES[0], [[START_S, "many"]]), "bad_value"),
        (series(NAMES[0], [[START_S], ["soon", "3"], "3"]), "bad_value"),
        ({"metric": {"pod": "a"}, "values": [[START_S, "1"]]}, "no_engine"),
        (series("up", [[START_S, "1"]]), "no_engine"),
        (7, "no_engine"),
    ],
    ids=["no number", "no samples", "no name", "another exporter", "no series"],
)
def test_what_is_no_sample_is_set_apart_and_the_rest_is_kept(tmp_path: Path, broken: Any, code: str) -> None:
    report = report_of(tmp_path / "broken", json.dumps(matrix(*ranged(), broken)))
    assert set(report.rejected_by_code) == {code}
    whole, _ = kept(tmp_path / "whole", json.dumps(matrix(*ranged())))
    beside, _ = kept(tmp_path / "beside", json.dumps(matrix(*ranged(), broken)))
    assert beside.equals(whole)


def test_an_answer_that_is_an_error_says_so(tmp_path: Path) -> None:
    failed = {"status": "error", "errorType": "bad_data", "error": "what the user asked"}
    report = report_of(tmp_path, json.dumps(failed) + "\n" + json.dumps(matrix(*ranged())))
    assert set(report.rejected_by_code) == {"no_data"}


def test_an_answer_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    whole = json.dumps(matrix(*ranged()))
    report = report_of(tmp_path, json.dumps(vector(REPORTS[0])) + "\n" + whole[: len(whole) // 2])
    assert set(report.rejected_by_code) == {"truncated"}
