"""Write docs/reference/telemetry.md from the catalogue of gaps. Run by ``make schemas``; a test keeps it in step."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from costctl.documents.diagnosis import PhaseName
from costctl.telemetry.catalogue import ANY, MOOT_BY_DEFAULT, UNITS, Fact, catalogue

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "telemetry.md"
_HEAD = """# Telemetry: what costctl looks for

`costctl doctor` counts, for each fact below, on how many rows it is expected and on how many it is there. A fact that
is expected nowhere does not apply; it is no gap. Written by scripts/write_telemetry_page.py from
`costctl/telemetry/gaps.toml`. How the scores are made: [maturity](../explanation/maturity.md). Which attribute
of which dialect fills a column: [dialects](dialects.md).

Expected and observed name columns of the relations [span_evidence, call_evidence and request_evidence](relations.md);
all that are listed must hold.
"""
_PHASES = {
    "measure": "what requests are, where their time goes and what they cost",
    "route": "what a gateway must know to send a request somewhere else",
    "tune": "what limits, batches, caches and replicas can be set by",
    "operate": "what promises are held against, and tasks counted by",
}


def rendered() -> str:
    """The page."""
    parts = [_HEAD]
    for phase in get_args(PhaseName):
        facts = [fact for fact in catalogue() if fact.phase == phase]
        parts += [f"## {phase.capitalize()}: {_PHASES[phase]}\n"]
        parts += ["| check | weight | what is looked for | enough |", "|---|---:|---|---|"]
        parts += [
            f"| [{fact.id}](#{fact.id}) | {fact.weight:g} | {fact.about} | {_enough(fact)} |"
            for fact in facts
        ]
        parts += [_section(fact) for fact in facts]
    return "\n".join(parts) + "\n"


def _enough(fact: Fact) -> str:
    return "one" if fact.enough == ANY else f"{fact.enough_ratio:.1%}".replace(".0%", "%")


def _section(fact: Fact) -> str:
    lines = [f"\n### {fact.id}\n", f"{fact.effect}\n", f"- Add {fact.add}."]
    if fact.attributes:
        lines.append("- Read from: " + ", ".join(f"`{key}`" for key in fact.attributes) + ".")
    lines.append(f"- {_counted(fact)}")
    if fact.not_for:
        lines.append("- Not asked of: " + ", ".join(fact.not_for) + ".")
    if fact.moot != MOOT_BY_DEFAULT:
        lines.append(f"- Does not apply where {fact.moot}.")
    by_text: dict[str, list[str]] = {}
    for name, example in fact.examples.items():
        by_text.setdefault(example, []).append(name)
    for example, names in sorted(by_text.items(), key=lambda item: ANY in item[1]):
        lines += ["", _heading(names, is_only=len(by_text) == 1), "", "```", example, "```"]
    return "\n".join(lines)


def _heading(names: list[str], *, is_only: bool) -> str:
    if is_only:
        return "Example:"
    return "Others:" if ANY in names else ", ".join(names) + ":"


def _counted(fact: Fact) -> str:
    if fact.of == "settings":
        return "Counted over the entries of costctl.toml, or the classes that were seen."
    if fact.of == "time":
        return "Counted in milliseconds of requests where " + ", ".join(f"`{x}`" for x in fact.expected) + "."
    expected = " where " + ", ".join(f"`{each}`" for each in fact.expected) if fact.expected else ""
    return f"Expected on {UNITS[fact.of]}{expected}; there if {', '.join(f'`{each}`' for each in fact.observed)}."


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
