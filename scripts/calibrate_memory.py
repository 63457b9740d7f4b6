"""Write how well half of a real vLLM run predicts the rest (``tests/service_model/llmservingsim_runs.py``).

In: the folder of the runs ``llmservingsim_vllm``. Out: the tables of docs/explanation/replay-accuracy.md, written
between its two marks.

    python -m scripts.calibrate_memory FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.service_model.llmservingsim_runs import MACHINES, MEASURES, MODEL, Result, measured

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "replay-accuracy.md"
MARKS = ("<!-- written by scripts/calibrate_memory.py -->", "<!-- end of what calibrate_memory.py writes -->")


def rendered(results: dict[str, Result]) -> str:
    """The tables, as markdown."""
    lines = [
        "| of which | " + " | ".join(MEASURES) + " |",
        "|---|" + "---:|" * len(MEASURES),
    ]
    for machine, result in results.items():
        cells = [_cell(*pair) for pair in result.second_half]
        lines.append(f"| {machine}, second half, predicted | " + " | ".join(cells) + " |")
        whole = [f"{replayed / observed - 1.0:+.1%}" for observed, replayed in result.whole]
        lines.append(f"| {machine}, whole run, half of it fitted | " + " | ".join(whole) + " |")
        peer = [f"{result.peer_error[measure]:+.1%}" for measure in MEASURES]
        lines.append(f"| {machine}, whole run, LLMServingSim's own | " + " | ".join(peer) + " |")
    lines += ["", "| fitted on the first half | " + " | ".join(results) + " |"]
    lines += ["|---|" + "---:|" * len(results)]
    rows = {
        "α, ms a step": [f"{each.fit.model.alpha_s * 1e3:.2f}" for each in results.values()],
        "β, ms a step and sequence": [f"{each.fit.model.beta_s * 1e3:.3f}" for each in results.values()],
        "γ, ms a prompt token": [f"{each.fit.model.gamma_s * 1e3:.4f}" for each in results.values()],
        "κ, ns a step and token in the cache": [
            f"{each.fit.model.kappa_s * 1e9:.0f}" if each.engine.kappa_s else "not told"
            for each in results.values()
        ],
        "pre-emptions, replayed": [str(each.preemptions) for each in results.values()],
    }
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(lines)


def _cell(observed: float, replayed: float) -> str:
    return f"{replayed:.4g} of {observed:.4g} ({replayed / observed - 1.0:+.1%})"


def main(folder: str) -> None:
    """Write the tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    tables = rendered({machine: measured(Path(folder) / machine / MODEL) for machine in MACHINES})
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{tables}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
