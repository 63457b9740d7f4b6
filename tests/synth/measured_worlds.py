"""What does costctl say of a world whose marginal cost is known?

Shape in: the seed of a calibration world. Shape out: its cells and laws, estimate beside truth. The world is written as
spans, ingested and analysed as any trace would be; its truth comes from running it again without parts of each class,
by a loop that shares nothing with the replay.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from costctl import verbs
from costctl.observation import Question
from costctl.synth.calibration_worlds import DAYS, blurred, calibration_world
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of
from tests.synth.calibration_page import Cell, Law


def measured(seed: int) -> tuple[list[Cell], list[Law]]:
    """The cells and laws of one world."""
    each = calibration_world(seed)
    world, demand = each.world, demand_of(each.world)
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_))
    record = blurred(served, each.noise_s, seed)
    with tempfile.TemporaryDirectory() as folder:
        traces, settings = Path(folder) / "requests.jsonl", Path(folder) / "costctl.toml"
        traces.write_bytes(b"".join(otlp_lines(world, demand, record)))
        settings.write_text(settings_text(world), encoding="utf-8")
        question = Question(store=None, config=settings, paths=(str(traces),))
        analysis = verbs.analyze(question, lambda _what, _ratio, _detail="": None)
    truth = truth_of(world, demand, served, DAYS)
    found = {report.request_class: report.cost.marginal_usd_per_request for report in analysis.classes}
    load = max(pool.utilisation_ratio for pool in analysis.pools)
    cells = []
    for name, true in truth.classes.items():
        estimate = found.get(name)
        mean = true.marginal_usd_per_request
        cells.append(
            Cell(
                seed, name, each.kind, each.most_replicas, each.noise_s, load, true.requests / truth.requests,
                mean.mean, mean.standard_error,
                estimate and estimate.low, estimate and estimate.mid, estimate and estimate.high,
            )
        )  # fmt: skip
    laws = []
    for pool in analysis.pools:
        true_law, model = truth.pools[pool.pool], pool.service_model
        laws.append(
            Law(
                seed, pool.pool, "static" if world.pool(pool.pool).is_static else each.kind, each.noise_s,
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
    return cells, laws
