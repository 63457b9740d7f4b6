"""What does costctl say of a world whose marginal cost is known?

Shape in: the seed of a calibration world. Shape out: its cells and laws, estimate beside truth. The world is written as
spans, ingested and analysed as any trace would be; its truth comes from running it again without parts of each class,
by a loop that shares nothing with the replay. It is the truth of the requests that were counted in the class, since
that is what the estimate is of: a long answer to a short question may be counted as another class than its maker meant.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.documents.analysis import Analysis
from costctl.observation import Question, observed
from costctl.synth.calibration_worlds import blurred, calibration_world
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import marginal_usd_of
from costctl.synth.world import World
from costctl.verbs.analyze import analysis_of, fits_of, frames_of
from tests.synth.calibration_page import Cell, Law

LEAST_SHARE: Final = 0.01  # of the requests: the truth of fewer is not known
SHARPNESS: Final = 5.0  # half widths of the interval, over the standard error of the truth that is asked for


def measured(seed: int, sharpness: float = SHARPNESS) -> tuple[list[Cell], list[Law]]:
    """The cells and laws of one world. sharpness: how many times better than the estimate the truth is to be known."""
    each = calibration_world(seed)
    world, demand = each.world, demand_of(each.world)
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_))
    record = blurred(served, each.noise_s, seed)
    analysis, groups = analysed(world, b"".join(otlp_lines(world, demand, record)))
    found = {report.request_class: report.cost.marginal_usd_per_request for report in analysis.classes}
    halves = {
        name: 0.0 if estimate is None else (estimate.high - estimate.low) / 2
        for name, estimate in found.items()
    }
    truth = marginal_usd_of(
        world, demand, served, groups, {name: half / sharpness for name, half in halves.items()}
    )
    load = max(pool.utilisation_ratio for pool in analysis.pools)
    cells = []
    for name, mean in truth.items():
        estimate, share = found[name], float(groups[name].mean())
        cells.append(
            Cell(
                seed, name, each.kind, each.most_replicas, each.noise_s, load, share,
                mean.mean, mean.standard_error,
                estimate and estimate.low, estimate and estimate.mid, estimate and estimate.high,
            )
        )  # fmt: skip
    return cells, _laws(seed, world, each.kind, each.noise_s, analysis)


def analysed(world: World, traces: bytes) -> tuple[Analysis, dict[str, Bools]]:
    """What is said of the world, and which of its requests were counted in each class."""

    def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
        """Progress that nobody watches."""

    with tempfile.TemporaryDirectory() as folder:
        path, settings = Path(folder) / "requests.jsonl", Path(folder) / "costctl.toml"
        path.write_bytes(traces)
        settings.write_text(settings_text(world), encoding="utf-8")
        with observed(Question(config=settings, paths=(str(path),)), quiet) as observation:
            frames = frames_of(observation, quiet)
            analysis = analysis_of(observation, frames, fits_of(observation, frames, quiet), quiet)
            counted = observation.engine.fetch("requests", ("request_id", "trace_id")).join(
                observation.engine.fetch("request_class", ("request_id", "request_class")), on="request_id"
            )
    # A trace's id ends in the number of its request, from 1.
    numbered = counted.select(
        pl.col("request_class"), number=pl.col("trace_id").str.slice(8).str.to_integer(base=16) - 1
    )
    groups = {}
    for (name,), members in sorted(numbered.partition_by("request_class", as_dict=True).items()):
        if members.height < LEAST_SHARE * numbered.height:
            continue
        groups[str(name)] = np.zeros(numbered.height, np.bool_)
        groups[str(name)][members["number"].to_numpy()] = True
    return analysis, groups


def _laws(seed: int, world: World, kind: str, noise_s: float, analysis: Analysis) -> list[Law]:
    laws = []
    for pool in analysis.pools:
        true_law, model = world.pool(pool.pool), pool.service_model
        laws.append(
            Law(
                seed, pool.pool, "static" if true_law.is_static else kind, noise_s,
                None
                if model is None
                else (
                    model.alpha_s / true_law.alpha_s,
                    model.beta_s / true_law.beta_s,
                    model.gamma_s / true_law.gamma_s,
                ),
                None
                if model is None
                else (
                    model.alpha_error_s / model.alpha_s,
                    model.beta_error_s / max(model.beta_s, 1e-12),
                    model.gamma_error_s / max(model.gamma_s, 1e-12),
                ),
                pool.missing_for_model or "none" if model is None else model.discipline,
            )
        )  # fmt: skip
    return laws
