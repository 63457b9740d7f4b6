"""One request that uses some of everything that can be bought, and its FOCUS lines."""

from __future__ import annotations

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.billing_settings import Network, Tool
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Finance, Settings, Storage
from costctl.finance.export import FocusExport, focus_export
from costctl.service_model.pool_fit import fit_pools
from tests.relations.span_rows import chat, engine_of, frames_of, span

GB = 10**9
START_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
HOME = {"region": "eu-west-2", "zone": "eu-west-2a"}
SETTINGS = Settings(
    finance=Finance(billing_account_name="Acme AI platform"),
    storage={
        "hot": Storage(kind="nvme", usd_per_1k_reads=0.5, match={"db.namespace": "hot"}),
        "cold": Storage(kind="object", usd_per_gb_egress=0.09, match={"db.namespace": "cold"}, **HOME),
        "odd": Storage(usd_per_1k_reads=0.25, match={"db.namespace": "odd"}),
    },
    tools={
        "vectors": Tool(usd_per_1k_calls=0.4, usd_per_cpu_hour=7.2, match={"operation": "retrieval"}),
        "browser": Tool(usd_per_1k_calls=10.0, usd_per_cpu_hour=3.6, match={"operation": "execute_tool"}),
    },
    network=Network(usd_per_gb_between_zones=0.01, usd_per_gb_between_regions=0.02),
    internet_usd_per_gb_egress=0.08,
)


def of_everything() -> FocusExport:
    """The lines of one request that uses some of everything that can be bought, at the rates above."""

    def stored(name: str, **facts: object) -> dict[str, object]:
        return {"attributes": [("db.namespace", name)], **facts}

    spans = [
        span("a/root", START_S, START_S + 30, egress_bytes=GB),
        chat("a/call/root", START_S + 1, START_S + 2, provider="openai", model_served="gpt-4o-mini",
             input_tokens=1000, output_tokens=100),
        span("a/search/root", START_S + 1.5, START_S + 4, operation="retrieval"),
        span("a/browse/root", START_S + 4, START_S + 9, operation="execute_tool", name="browse"),
        span("a/hot/root", START_S + 10, START_S + 11, **stored("hot", storage_reads=2000)),
        span("a/odd/root", START_S + 11, START_S + 12, **stored("odd", storage_reads=4000)),
        span("a/zone/root", START_S + 12, START_S + 13, region="eu-west-2", zone="eu-west-2b",
             **stored("cold", storage_bytes=2 * GB)),
        span("a/region/root", START_S + 13, START_S + 14, region="us-east-1", zone="us-east-1a",
             **stored("cold", storage_bytes=3 * GB)),
    ]  # fmt: skip
    engine = engine_of(spans, SETTINGS)
    frames = frames_of(engine, SETTINGS)
    provenance = Provenance("0", (), None, "book 1", METHODS, 0)
    analysis = build_analysis(frames, SETTINGS, fit_pools(frames, SETTINGS), provenance, 0)
    return focus_export(
        frames,
        engine.fetch("usage_day"),
        engine.fetch("class_day"),
        SETTINGS,
        analysis,
        "plain",
        is_idle_spread=False,
    )
