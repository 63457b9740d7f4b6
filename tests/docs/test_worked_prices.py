"""The worked examples of what is charged by quantity: tokens of every kind, storage, networks, tools; and how much of
it is priced.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cost.two_minutes import analysed
from tests.docs.page_tables import explanation, last_digit, number, number_or_none, rows_after, settings_on
from tests.relations.span_rows import chat, engine_of, span

TOKENS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "input_audio_tokens",
    "cached_audio_tokens",
    "output_tokens",
    "output_audio_tokens",
)
BYTES_PER_GB = 10**9


def test_every_call_on_the_page_of_prices_costs_what_it_says(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "token-prices")
    rows = rows_after(page, "call | I")
    spans = [
        chat(
            f"{name}/call",
            0,
            1,
            model_served="acme-voice",
            provider="acme",
            service_tier=tier,
            **{column: int(number(cell)) for column, cell in zip(TOKENS, cells, strict=True)},
        )
        for name, *cells, tier, _ in rows
    ]
    engine = engine_of(spans, settings_on(page, tmp_path))
    charge = engine.fetch("charge").join(
        engine.fetch("requests").select("request_id", "trace_id"), on="request_id"
    )
    assert charge["usd"].null_count() == 0
    usd = dict(charge.group_by("trace_id").agg(pl.col("usd").sum()).iter_rows())
    assert usd == {row[0]: pytest.approx(number(row[-1]), abs=last_digit(row[-1])) for row in rows}

    audio = charge.filter(pl.col("trace_id") == "audio").with_columns(
        pl.col("resource").str.extract("([^/]*)$").alias("kind"), pl.col("usd_per_unit") * 1e6
    )
    found = {
        kind: (tokens, pytest.approx(rate), pytest.approx(usd))
        for kind, tokens, rate, usd in audio.select("kind", "quantity", "usd_per_unit", "usd").iter_rows()
    }
    said = {
        kind: (number(tokens), number(rate), number(usd))
        for kind, tokens, rate, usd in rows_after(page, "kind | tokens")
    }
    assert said == found


def test_every_charge_on_the_page_of_other_charges(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "other-charges")
    spans = [span("t/root", 0, 100)]
    rows = rows_after(page, "span | operation")
    for place, (name, operation, region, zone, reads, read_gb, sent_gb, seconds) in enumerate(rows):
        start_s = 10.0 * place
        spans.append(
            span(
                f"t/s{place}/root",
                start_s,
                start_s + number(seconds),
                name=name,
                operation=None if operation == "none" else operation,
                region=region,
                zone=zone,
                storage_reads=int(number(reads)) or None,
                storage_bytes=round(number(read_gb) * BYTES_PER_GB) or None,
                egress_bytes=round(number(sent_gb) * BYTES_PER_GB) or None,
                attributes=[("db.namespace", "documents")] if number(reads) else [],
            )
        )
    charge = engine_of(spans, settings_on(page, tmp_path)).fetch("charge")
    found = {
        (component, resource): (pytest.approx(quantity), pytest.approx(usd))
        for component, resource, quantity, usd in charge.select(
            "component", "resource", "quantity", "usd"
        ).iter_rows()
    }
    said = {
        (component, resource): (number(quantity), number(usd))
        for component, resource, quantity, usd in rows_after(page, "component | resource")
    }
    assert said == found


def test_the_ratios_on_the_page_of_coverage(repository: Path, tmp_path: Path) -> None:
    page = explanation(repository, "coverage")
    spans, said_usd = [], {}
    for name, server, seconds, tokens_in, tokens_out, usd in rows_after(page, "request | served by"):
        model = {"model_served": server, "provider": "acme"} if server.startswith("acme") else {}
        where = {} if model else {"service": server, "replica_id": server}
        start_s = 10.0 * len(said_usd)
        said_usd[name] = number_or_none(usd)
        spans.append(
            chat(
                f"{name}/call",
                start_s,
                start_s + number(seconds),
                input_tokens=int(number(tokens_in)),
                output_tokens=int(number(tokens_out)),
                **model,
                **where,
            )
        )
    settings = settings_on(page, tmp_path)
    engine = engine_of(spans, settings)
    usd_of = engine.query(
        "SELECT trace_id, CASE WHEN unpriced_charges = 0 THEN usd END AS usd FROM request_usd "
        "INNER JOIN requests ON requests.request_id = request_usd.request_id"
    )
    assert dict(usd_of.iter_rows()) == pytest.approx(said_usd)
    coverage = analysed(spans, settings).coverage
    for name, value in rows_after(page, "ratio | value"):
        assert getattr(coverage, name) == pytest.approx(number(value), abs=last_digit(value)), name
    assert {note.split(":")[0] for note in coverage.notes} >= {
        "accelerator of old",
        "input, output tokens of acme/acme-huge",
    }
