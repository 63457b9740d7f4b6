"""Write docs/reference/metrics.md from the catalogue of metrics. Run by ``make schemas``; a test keeps it in step."""

from __future__ import annotations

from pathlib import Path

from costctl.documents.metric import Metric, Place
from costctl.documents.metrics import METRICS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "metrics.md"
_HEAD = """# Metrics

Every quantity that an effect, a difference, an objective or a gate may name: its unit, which way is better, and where
its values stand in which document. Written by scripts/write_metrics_page.py from `costctl/documents/metrics.py`.

A path is a JSON Pointer with two more kinds of segment. `{request_class}` goes over the items of a list, and the field
of that name says whom the value is of; `{pool=name}` does the same where the field is called `name`. `[kind=class]`
keeps the items that hold this value. In `costctl simulate`, `baseline` is the replay of today and `result` that of the
scenario. A value is a number, an estimate with `low`, `mid` and `high`, or null: not observed, or not priced.

From Python: `costctl.documents.metric_values.values_of(METRICS["e2e_p95"], document)`.

| metric | shown as | unit | better | meaning |
|---|---|---|---|---|
"""
_UNITS = {"1": "number", "ratio": "ratio, 0 to 1", "1/s": "per second"}
_BETTER = {"neither": ""}


def rendered() -> str:
    """The page."""
    rows = [
        f"| [`{metric.id}`](#{metric.id}) | {metric.short} | {_UNITS.get(metric.unit, metric.unit)} | "
        f"{_BETTER.get(metric.direction, metric.direction)} | {metric.meaning} |"
        for metric in METRICS.values()
    ]
    return _HEAD + "\n".join(rows) + "\n" + "".join(_section(metric) for metric in METRICS.values())


def _section(metric: Metric) -> str:
    places = [_place(place) for place in metric.places] or ["In no document by itself."]
    return f"\n### {metric.id}\n\n" + "\n".join(f"- {place}" for place in places) + "\n"


def _place(place: Place) -> str:
    return f"{place.document}: `{place.path}`"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
