"""What an inference server says of itself is read alike from scrapes, OTLP metrics, log lines and time series."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from costctl.documents.ingestion import SourceReport
from costctl.ingest.follow import follow_files
from costctl.ingest.loader import ingest, reader_for
from costctl.store.database import open_store
from tests.ingest.engine_files import REPORTS, otlp_metrics, sampled, scrape, written

TOLD = ("since_s", "running", "waiting", "decoded_tokens", "prompt_tokens", "kv_usage_ratio")
BETWEEN = [
    (None, 3.0, 1.0, None, None, 0.10),
    (10.0, 5.0, 0.0, 900.0, 600.0, 0.20),
    (10.0, 4.0, 2.0, 1050.0, 0.0, 0.15),
]
SCRAPES = "".join(map(scrape, REPORTS))
WITH_TIMES = "".join(
    f'vllm:num_requests_running{{instance="a:8000"}} {report[1]} {1_796_025_600_000 + 1000 * report[0]}\n'
    f'vllm:generation_tokens_total{{instance="a:8000"}} {report[3]} {1_796_025_600_000 + 1000 * report[0]}\n'
    for report in REPORTS
)
VLLM_LOG = "".join(
    f"(APIServer pid=7) INFO 11-30 08:00:{at:02d} [loggers.py:123] Engine 000: Avg prompt throughput: {read} tokens/s, "
    f"Avg generation throughput: {decoded} tokens/s, Running: {running} reqs, Waiting: {waiting} reqs, "
    f"GPU KV cache usage: {usage}%, Prefix cache hit rate: 0.0%\n"
    'INFO:     10.0.0.7:5 - "POST /v1/chat/completions?q=what+he+asked HTTP/1.1" 200 OK\n'
    for at, read, decoded, running, waiting, usage in (
        (0, 9.0, 9.0, 3, 1, 10.0),
        (10, 60.0, 90.0, 5, 0, 20.0),
        (20, 0.0, 105.0, 4, 2, 15.0),
    )
)
SGLANG_LOG = (
    "[2026-11-30 08:00:00 TP0] max_total_num_tokens=41408, chunked_prefill_size=8192, max_running_requests=96\n"
    "[2026-11-30 08:00:00 TP0] Decode batch. #running-req: 3, #token: 4140, token usage: 0.10, cuda graph: True, "
    "gen throughput (token/s): 9.00, #queue-req: 1,\n"
    "[2026-11-30 08:00:04 TP0] Prefill batch. #new-seq: 1, #new-token: 400, #cached-token: 0, token usage: 0.10\n"
    "[2026-11-30 08:00:07 TP0] Prefill batch. #new-seq: 1, #new-token: 150, #cached-token: 50, token usage: 0.10\n"
    "[2026-11-30 08:00:10 TP0] Decode batch, #running-req: 5, #full token: 8281, full token usage: 0.20, "
    "#swa token: 512, swa token usage: 0.01, gen throughput (token/s): 90.00, #queue-req: 0,\n"
    "[2026-11-30 08:00:20 TP0] Decode batch. #running-req: 4, #token: 6211, token usage: 0.15, "
    "gen throughput (token/s): 105.00, #queue-req: 2,\n"
)
SERIES_CSV = (
    "t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct\n"
    "1.0,9.0,9.0,3,1,10.0\n11.0,60.0,90.0,5,0,20.0\n21.0,0.0,105.0,4,2,15.0\n"
)
SERIES_JSON = {
    str(place): {
        "timestamp": 14592657.5 + at, "prompt_throughput": read, "generation_throughput": decoded,
        "num_running": running, "num_swapped": 0.0, "num_pending": waiting, "gpu_kvcache_usage": usage,
    }
    for place, (at, read, decoded, running, waiting, usage) in enumerate(
        ((0, 9.0, 9.0, 3.0, 1.0, 10.0), (10, 60.0, 90.0, 5.0, 0.0, 20.0), (20, 0.0, 105.0, 4.0, 2.0, 15.0))
    )
}  # fmt: skip
PROTOBUF = ParseDict(otlp_metrics(), ExportMetricsServiceRequest()).SerializeToString()
FORMS = {
    "prometheus_text": ("a.prom", SCRAPES),
    "otlp_metrics_json": ("a.json", otlp_metrics()),
    "otlp_metrics_protobuf": ("a.pb", PROTOBUF),
    "engine_log": ("a.log", VLLM_LOG),
    "engine_log of SGLang": ("b.log", SGLANG_LOG),
    "engine_series_csv": ("a.csv", SERIES_CSV),
    "engine_series_json": ("b.json", SERIES_JSON),
}


def told(samples: pl.DataFrame) -> list[tuple[float | None, ...]]:
    """What the samples say, to nine digits."""
    return samples.select(pl.col(name).round(9) for name in TOLD).rows()


def loaded(folder: Path, *files: Path) -> tuple[tuple[SourceReport, ...], list[tuple[str, int]]]:
    """The reports, and of the quarantine code and position."""
    connection = open_store(folder / "q.duckdb")
    try:
        reports = ingest(connection, [str(file) for file in files])
        rows = connection.execute("SELECT code, position FROM quarantine ORDER BY position, code").fetchall()
    finally:
        connection.close()
    return reports, rows


@pytest.mark.parametrize("form", FORMS)
def test_the_same_minute_says_the_same_in_every_format(form: str, tmp_path: Path) -> None:
    name, content = FORMS[form]
    samples, series = sampled(tmp_path, written(tmp_path / name, content))
    assert told(samples) == BETWEEN
    assert series["samples"].to_list() == [3]


def test_a_scrape_says_the_model_and_what_the_cache_holds(tmp_path: Path) -> None:
    _, series = sampled(tmp_path, written(tmp_path / "a.prom", SCRAPES))
    said = series.select("engine", "model", "reported_kv_tokens", "most_kv_usage_ratio", "resets").rows()
    assert said == [("vllm", "org/Small-8B", 2588 * 16, 0.20, 0)]


def test_what_an_engine_says_when_it_starts_is_kept_too(tmp_path: Path) -> None:
    _, series = sampled(tmp_path, written(tmp_path / "b.log", SGLANG_LOG))
    assert series.select("reported_kv_tokens", "max_num_seqs").rows() == [(41408.0, 96.0)]


def test_times_may_stand_behind_the_values(tmp_path: Path) -> None:
    samples, series = sampled(tmp_path, written(tmp_path / "a.prom", WITH_TIMES))
    assert samples["decoded_tokens"].to_list() == [None, 900.0, 1050.0]
    assert series["replica_id"].to_list() == ["a:8000"]


def test_the_order_of_files_does_not_matter_and_a_file_twice_changes_nothing(tmp_path: Path) -> None:
    parts = [
        written(tmp_path / f"scrape-{place}.prom", scrape(report)) for place, report in enumerate(REPORTS)
    ]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    there, _ = sampled(tmp_path / "one", *parts)
    back, _ = sampled(tmp_path / "two", *reversed(parts), *parts)
    assert there.equals(back)
    assert told(there) == BETWEEN
    labelled = {"model_name": "org/Small-8B", "instance": "a:8000"}
    once = written(tmp_path / "once.prom", "".join(scrape(each, labelled) for each in REPORTS))
    more = written(tmp_path / "more.prom", "".join(scrape(each, labelled) for each in REPORTS[1:]) + "\n")
    (tmp_path / "three").mkdir()
    overlapping, series = sampled(tmp_path / "three", once, more)
    assert told(overlapping) == BETWEEN
    assert series["samples"].to_list() == [3]


def test_differenced_counters_sum_to_the_whole_and_a_restart_is_known(tmp_path: Path) -> None:
    after = ((30, 2, 0, 40, 100, 0.01), (40, 2, 0, 240, 130, 0.02))
    samples, series = sampled(
        tmp_path, written(tmp_path / "a.prom", "".join(map(scrape, (*REPORTS, *after))))
    )
    assert series.select("decoded_tokens", "prompt_tokens", "resets").rows() == [
        (1950.0 + 200.0, 600.0 + 30.0, 1)
    ]
    assert samples["decoded_tokens"].to_list() == [None, 900.0, 1050.0, None, 200.0]
    assert samples["is_reset"].to_list() == [False, False, False, True, False]


def test_damaged_lines_are_set_apart_with_a_reason_and_the_others_kept(tmp_path: Path) -> None:
    broken = SCRAPES.replace("1.900e+03", "many").replace(
        "} 4\n", "} 4\nvllm:num_requests_waiting{broken 3\n"
    )
    timeless = scrape(REPORTS[0]).split("\n", 1)[1]
    cut = VLLM_LOG.replace("Avg generation throughput: 90.0 tokens/s, ", "")
    reports, quarantined = loaded(
        tmp_path,
        written(tmp_path / "a.prom", broken),
        written(tmp_path / "b.prom", timeless),
        written(tmp_path / "c.log", cut),
        written(tmp_path / "d.csv", SERIES_CSV.replace("90.0", "fast")),
    )
    said = [(each.readings, each.rejected_by_code, each.state) for each in reports]
    assert said == [
        (3, {"bad_value": 2}, "complete"),
        (0, {"no_time": 1}, "refused"),
        (2, {"bad_value": 1}, "complete"),
        (2, {"bad_value": 1}, "complete"),
    ]
    assert sorted(code for code, _ in quarantined) == ["bad_value"] * 4 + ["no_time"]


def test_nothing_that_was_asked_or_labelled_otherwise_is_kept(tmp_path: Path) -> None:
    loaded(tmp_path, written(tmp_path / "a.prom", SCRAPES), written(tmp_path / "b.log", VLLM_LOG))
    with duckdb.connect(str(tmp_path / "q.duckdb")) as connection:
        kept = str(connection.execute("SELECT * FROM engine_readings").fetchall())
        kept += str(connection.execute("SELECT * FROM quarantine").fetchall())
    assert "what he asked" not in kept
    assert "what+he+asked" not in kept
    assert "who asked" not in kept


def test_metrics_of_something_else_are_refused_with_what_to_do(tmp_path: Path) -> None:
    other = otlp_metrics()
    for metric in other["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]:
        metric["name"] = "http.server.duration"
    ((report,), quarantined) = loaded(tmp_path, written(tmp_path / "a.json", other))
    assert report.rejected_by_code == {"not_traces": 1}
    assert quarantined == [("not_traces", 1)]


def test_scrapes_are_followed_as_they_grow_each_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "growing.prom"
    parts = [*map(scrape, REPORTS)]
    file.write_text(parts[0] + parts[1][:200])
    looks = iter([parts[1][200:] + parts[2][:150], parts[2][150:], None])

    def is_stopped() -> bool:
        more = next(looks)
        if more is None:
            return True
        with file.open("a") as appended:
            appended.write(more)
        return False

    connection = open_store(tmp_path / "store.duckdb")
    try:
        ((report,)) = follow_files(
            connection, [str(file)], reader_for(), progress=lambda *_: None, is_stopped=is_stopped
        )
        rows: pl.DataFrame = connection.sql(
            "SELECT at_ns, decoded_total FROM engine_readings WHERE running IS NOT NULL ORDER BY at_ns"
        ).pl()
    finally:
        connection.close()
    assert report.rejected == 0
    assert rows["decoded_total"].to_list() == [float(each[3]) for each in REPORTS]
