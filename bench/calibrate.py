"""How close is marginal cost from traces to the truth? Forty fresh worlds of known truth, through the whole pipeline.

Each world is written as spans, ingested and analysed as any trace would be; its truth comes from running it again
without parts of each class, by a loop that shares nothing with the replay. Prints and writes
docs/explanation/marginal-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from bench.calibration_page import Cell, Law, page
from costctl import verbs
from costctl.observation import Question
from costctl.synth.calibration_worlds import DAYS, blurred, calibration_world
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from costctl.synth.truth import truth_of

WORLDS: Final = 40
FIRST_SEED: Final = 8800
PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "marginal-accuracy.md"


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


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.worlds)
    cells: list[Cell] = []
    laws: list[Law] = []
    with ProcessPoolExecutor(arguments.processes) as executor:
        for some_cells, some_laws in executor.map(measured, seeds):
            cells += some_cells
            laws += some_laws
            for cell in some_cells:
                off = f"off by {cell.error_ratio:.1%}, {'covered' if cell.is_covered else 'NOT COVERED'}"
                print(f"world {cell.seed} {cell.kind} {cell.request_class}: {off}", flush=True)
    text = page(cells, laws)
    print(text)
    if arguments.worlds >= WORLDS:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
