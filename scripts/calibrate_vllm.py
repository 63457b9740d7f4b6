"""Write how well the replay predicts a real vLLM server (``tests/service_model/vllm_runs.py``).

In: the folder of the runs ``vllm_burstgpt_replay``. Out: the tables of docs/explanation/replay-accuracy.md, written
between its two marks.

    python -m scripts.calibrate_vllm FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.service_model.vllm_runs import FITTED, MEASURES, PREDICTED, Result, measured

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "replay-accuracy.md"
MARKS = ("<!-- written by scripts/calibrate_vllm.py -->", "<!-- end of what it writes -->")


def rendered(result: Result) -> str:
    """The tables, as markdown."""
    engine, model = result.engine, result.fit.model
    lines = [
        "| fitted on speeds 100 and 300 | from the engine's log | through the replay |",
        "|---|---:|---:|",
        f"| α, ms a step | {engine.alpha_s * 1e3:.2f} | {model.alpha_s * 1e3:.2f} |",
        f"| β, ms a step and sequence | {engine.beta_s * 1e3:.3f} | {model.beta_s * 1e3:.3f} |",
        f"| γ, ms a prompt token | {engine.gamma_s * 1e3:.4f} | {model.gamma_s * 1e3:.4f} |",
        f"| κ, ns a step and token in the cache | {_in_ns(engine.kappa_s)} | {_in_ns(model.kappa_s)} |",
        f"| overhead outside the engine, ms a request | | {result.fit.overhead_s * 1e3:.1f} |",
        f"| max_num_seqs | {engine.max_num_seqs} | |",
        f"| max_num_batched_tokens | {engine.max_batched_tokens} | |",
        f"| tokens of KV memory | {result.kv_tokens:,} | |",
        "",
        "| speed | " + " | ".join(MEASURES) + " |",
        "|---|" + "---:|" * len(MEASURES),
    ]
    for speed, pairs in result.pairs.items():
        kind = "fitted" if speed in FITTED else "predicted"
        cells = [
            f"{replayed:.3g} of {observed:.3g} ({replayed / observed - 1.0:+.1%})"
            for observed, replayed in pairs
        ]
        lines.append(f"| {speed}, {kind} | " + " | ".join(cells) + " |")
    lines += ["", "| over speeds 500 and 1000 | " + " | ".join(MEASURES) + " |"]
    lines += ["|---|" + "---:|" * len(MEASURES), "| median error, without sign | " + _medians(result) + " |"]
    return "\n".join(lines)


def _in_ns(kappa_s: float | None) -> str:
    return "not told" if not kappa_s else f"{kappa_s * 1e9:.0f}"


def _medians(result: Result) -> str:
    errors = [np.median([abs(result.error_ratio(speed, name)) for speed in PREDICTED]) for name in MEASURES]
    return " | ".join(f"{error:.1%}" for error in errors)


def main(folder: str) -> None:
    """Write the tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    tables = rendered(measured(Path(folder)))
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{tables}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
