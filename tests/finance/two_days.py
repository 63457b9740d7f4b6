"""Two days of one pool, with two tenants, tokens, reads and bytes, and their FOCUS file as rows."""

from __future__ import annotations

import csv
import io

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Pool, Settings, Storage
from costctl.finance.export import FocusExport, Tenants, focus_export
from costctl.finance.focus_column import FocusVersion
from costctl.render import exported
from costctl.service_model.pool_fit import fit_pools
from tests.relations.span_rows import chat, engine_of, frames_of, span

DAY_S = 86_400
SETTINGS = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=12.29, accelerators_per_replica=3, match={"service": "llm"})},
    storage={"hot": Storage(usd_per_1k_reads=0.4, match={"db.namespace": "hot-*"})},
    internet_usd_per_gb_egress=0.09,
)


def read(export: FocusExport, version: FocusVersion = "1.4") -> list[dict[str, str]]:
    """The rows of the CSV file of that version."""
    return list(csv.DictReader(io.StringIO(exported.focus_csv(export, version))))


def exported_of(
    spans: list[dict[str, object]],
    *,
    tenants: Tenants = "plain",
    is_idle_spread: bool = False,
    settings: Settings = SETTINGS,
) -> FocusExport:
    """The lines of these spans."""
    engine = engine_of(spans, settings)
    frames = frames_of(engine, settings)
    provenance = Provenance("0", (), None, "book 1", METHODS, 0)
    analysis = build_analysis(frames, settings, fit_pools(frames, settings), provenance, 0)
    return focus_export(
        frames,
        engine.fetch("usage_day"),
        engine.fetch("class_day"),
        settings,
        analysis,
        tenants,
        is_idle_spread=is_idle_spread,
    )


def over_midnight() -> list[dict[str, object]]:
    """Three calls on two days, the second over midnight; two tenants; tokens bought, reads and bytes."""
    llm = {"service": "llm", "replica_id": "r1", "input_tokens": 900, "output_tokens": 5}
    bought = {"provider": "openai", "model_served": "gpt-4o-mini", "input_tokens": 1000, "output_tokens": 7}
    return [
        span("a/root", DAY_S - 100, DAY_S - 60, tenant="=cmd()", egress_bytes=12_345),
        span("a/read/root", DAY_S - 99, DAY_S - 98, operation="retrieval", storage_reads=4,
             attributes=[("db.namespace", "hot-1")]),
        chat("a/call/root", DAY_S - 90, DAY_S - 60, **llm),
        span("b/root", DAY_S - 80, DAY_S + 40, tenant="büro"),
        chat("b/call/root", DAY_S - 70, DAY_S + 40, **llm),
        chat("c/call", DAY_S + 50, DAY_S + 61, error_type="timeout", **llm),
        chat("d/call", DAY_S + 10, DAY_S + 12, **bought),
    ]  # fmt: skip
