"""Families of metrics as OpenMetrics 1.0 text, for the textfile collector of a node exporter, or a gateway that is
pushed to. Ends with # EOF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from costctl.legible import legible

if TYPE_CHECKING:
    from costctl.finance.open_metrics import Family, Labels


def open_metrics_text(families: Sequence[Family]) -> str:
    """Every digit kept."""
    return "".join(f"{line}\n" for line in _lines(families))


def _lines(families: Sequence[Family]) -> Iterator[str]:
    for family in families:
        yield f"# TYPE {family.name} {family.kind}"
        if family.unit:
            yield f"# UNIT {family.name} {family.unit}"
        yield f"# HELP {family.name} {_escaped(family.means)}"
        for sample in family.samples:
            yield f"{family.name}{sample.suffix}{_labels(sample.labels)} {sample.value!r}"
    yield "# EOF"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{pairs}}}"


def _escaped(text: str) -> str:
    """As OpenMetrics writes texts; what steers a terminal is spelled out."""
    return legible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
