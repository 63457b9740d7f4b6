"""Write docs/reference/levers.md from the table of levers. Run by ``make schemas``; a test keeps it in step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.lever import MOST_COUNT, MOST_S, Lever
from costctl.levers.table import LEVERS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "levers.md"
_OWNERS = {"pool": "/backends/N", "class": "/classes/N"}


def rendered() -> str:
    """The page."""
    return "\n".join(
        [
            "# Levers: what can be changed\n",
            "One row of `costctl/levers/table.py` each. Recommendations change them, `costctl simulate --set` sets",
            "them, and a policy carries those that have a place in it; the others can be replayed, but no gateway's",
            "file has a word for them. Written by scripts/write_levers_page.py.\n",
            *_table(LEVERS),
            "",
            "## Of what is bought by the token\n",
            "Recommendations change these; the bill is run again under them, and a policy carries them for entries",
            "that go to a provider. They are not replayed. One row of `costctl/levers/bought_levers.py` each.\n",
            *_table(BOUGHT_LEVERS),
            "",
        ]
    )


def _table(levers: Iterable[Lever]) -> list[str]:
    return [
        "| key | unit | counts over | bounds | in a policy | means | where a policy does not say it |",
        "|---|---|---|---|---|---|---|",
        *(_row(lever) for lever in levers),
    ]


def _row(lever: Lever) -> str:
    place = "-" if lever.pointer is None else f"`{_OWNERS[lever.owner]}{lever.pointer}`"
    key = f"`{lever.owner}.NAME.{lever.name}`"
    cells = (key, lever.unit or "-", lever.scope, _bounds(lever), place, lever.meaning, lever.absent)
    return f"| {' | '.join(cells)} |"


def _bounds(lever: Lever) -> str:
    if lever.choices:
        return ", ".join(f"`{each}`" for each in lever.choices)
    if lever.kind in ("class", "pool", "pools", "storages", "model"):
        return "a name"
    if lever.kind == "schedule":
        return "such as `00:00=2,07:00=4`"
    if lever.kind == "weights":
        return "such as `gpu-a=7,gpu-b=3`"
    if lever.kind == "fallbacks":
        return "such as `small:overload+timeout,large`"
    if lever.kind == "hours":
        return "such as `22:00-06:00`"
    most = "" if lever.most in (MOST_COUNT, MOST_S) else f" to {lever.most:g}"
    unlimited = ", or unlimited" if lever.is_limit else ""
    return (f"{lever.least:g}{most}" if most else f"≥ {lever.least:g}") + unlimited


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
