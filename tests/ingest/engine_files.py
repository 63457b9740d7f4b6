"""The same minute of one engine as scrapes and as OTLP metrics, and what the store makes of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.small_tables import load_settings
from costctl.ingest.loader import ingest
from costctl.segment.rules import default_rules
from costctl.store.database import open_store

START_S = 1_796_025_600  # 2026-11-30T08:00:00Z
# Seconds since then, running, waiting, decoded and read since the engine started, part of the KV cache in use.
REPORTS = ((0, 3, 1, 1000, 4000, 0.10), (10, 5, 0, 1900, 4600, 0.20), (20, 4, 2, 2950, 4600, 0.15))
LABELS = {"model_name": "org/Small-8B", "engine": "0"}


def scrape(report: tuple[float, ...], labels: dict[str, str] = LABELS) -> str:
    at_s, running, waiting, decoded, read, usage = report
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return (
        f"# {START_S + at_s}\n"
        "# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
        "# TYPE vllm:num_requests_running gauge\n"
        f"vllm:num_requests_running{{{told}}} {running}\n"
        f"vllm:num_requests_waiting{{{told}}} {waiting}\n"
        f"vllm:generation_tokens_total{{{told}}} {decoded:.3e}\n"
        f"vllm:prompt_tokens_total{{{told}}} {read}.0\n"
        f"vllm:kv_cache_usage_perc{{{told}}} {usage}\n"
        f'vllm:cache_config_info{{{told},block_size="16",num_gpu_blocks="2588"}} 1.0\n'
        'process_cpu_seconds_total{secret="who asked"} 12.5\n'
    )


def otlp_metrics(reports: tuple[tuple[float, ...], ...] = REPORTS) -> dict[str, Any]:
    names = (
        "num_requests_running",
        "num_requests_waiting",
        "generation_tokens",
        "prompt_tokens",
        "kv_cache_usage_perc",
    )
    kinds = ("gauge", "gauge", "sum", "sum", "gauge")
    label = {"key": "model_name", "value": {"stringValue": "org/Small-8B"}}
    metrics = [
        {
            "name": f"vllm:{name}",
            kind: {
                "dataPoints": [
                    {
                        "timeUnixNano": str((START_S + int(report[0])) * 10**9),
                        "asDouble": float(report[1 + place]),
                        "attributes": [label],
                    }
                    for report in reports
                ]
            },
        }
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    return {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [{"metrics": metrics}]}]}


def sampled(folder: Path, *files: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The relations engine_samples and engine_series of a store with these files, loaded in this order."""
    connection = open_store(folder / "store.duckdb")
    try:
        ingest(connection, [str(file) for file in files])
        engine = DuckDBEngine(connection)
        load_settings(engine, Settings(), default_rules(), None, None)
        return engine.fetch("engine_samples"), engine.fetch("engine_series")
    finally:
        connection.close()


def written(path: Path, content: object) -> Path:
    """The file with this content: text as it is, bytes as they are, anything else as JSON."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
