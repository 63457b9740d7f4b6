"""What a world's engines would report agrees with what its calls did, and gives its law again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from costctl.service_model.engine_interval import EngineTimes, engine_times
from costctl.service_model.engine_pools import logs_of
from costctl.synth.demand import demand_of
from costctl.synth.engine_metrics import kv_tokens_of, metric_lines
from costctl.synth.platform import SCRAPED, CallEnd, serve
from costctl.synth.presets import sample_world
from costctl.synth.world import World
from tests.ingest.engine_files import sampled, written

SCRAPE_S = 1.0
CONTINUOUS = ("llm-premium", "llm-economy")


def world() -> World:
    """Half an hour of the sample, prompts riding along in steps."""
    sample = sample_world()
    pools = tuple(each if each.is_static else replace(each, chunk_tokens=512) for each in sample.pools)
    return replace(sample, hours=0.5, requests=2600.0, pools=pools)


def test_the_law_of_each_pool_is_found_again_and_tokens_are_those_of_the_calls(tmp_path: Path) -> None:
    made = world()
    demand = demand_of(made)
    served = serve(made, demand, np.ones(demand.requests.start_s.size, np.bool_), scrape_s=SCRAPE_S)
    text = b"".join(metric_lines(made, served, SCRAPE_S))
    samples, series = sampled(tmp_path, written(tmp_path / "engines.prom", text))
    for name in CONTINUOUS:
        pool = made.pool(name)
        of_pool = series.filter(pl.col("replica_id") == f"{name}-0")
        assert of_pool["reported_kv_tokens"].to_list() == [kv_tokens_of(pool)]
        times = engine_times(list(logs_of(samples.filter(pl.col("replica_id") == f"{name}-0"))))
        assert isinstance(times, EngineTimes)
        truth = (pool.alpha_s, pool.beta_s, pool.gamma_s)
        inside = [
            low <= true <= high for low, true, high in zip(times.low_s, truth, times.high_s, strict=True)
        ]
        assert inside == [True, True, True]


def test_counters_come_to_what_the_calls_read_and_decoded() -> None:
    made = world()
    demand = demand_of(made)
    served = serve(made, demand, np.ones(demand.requests.start_s.size, np.bool_), scrape_s=SCRAPE_S)
    last_s = served.scrapes.shape[1] * SCRAPE_S
    done = (served.end == CallEnd.OK) & (served.end_s <= last_s)
    under_way = (served.begin_s <= last_s) & ~done
    for place, pool in enumerate(made.pools[:2]):
        of_pool = demand.calls.pool == place
        least = float((demand.calls.steps[done & of_pool] + 1).sum())
        most = least + float((demand.calls.steps[under_way & of_pool] + 1).sum())
        counted = float(served.scrapes[served.replica[of_pool].max(), -1, SCRAPED.index("decoded")])
        assert pool.replicas == 1
        assert least <= counted <= most


def test_nothing_is_scraped_where_nobody_asks() -> None:
    made = replace(world(), requests=50.0)
    demand = demand_of(made)
    served = serve(made, demand, np.ones(demand.requests.start_s.size, np.bool_))
    assert served.scrapes.size == 0
    assert (
        pytest.approx(served.busy_s.sum())
        == serve(made, demand, np.ones(demand.requests.start_s.size, np.bool_), scrape_s=1.0).busy_s.sum()
    )
