"""A calibration for people: which figures may be acted on, and how well each class and pool is reproduced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from costctl.documents.calibration import Calibration, Fit, Metric, MetricFit
from costctl.render.numbers import NOT_OBSERVED, count
from costctl.render.tables import Table

_QUANTITIES: Final[tuple[tuple[str, tuple[Metric, ...]], ...]] = (
    ("end-to-end latency", ("latency_p50", "latency_p95")),
    ("time to first token", ("ttft_p50", "ttft_p95")),
    ("busy time", ("busy",)),
)
_SHORT: Final[dict[Metric, str]] = {
    "latency_p50": "p50",
    "latency_p95": "p95",
    "ttft_p50": "TTFT p50",
    "ttft_p95": "TTFT p95",
    "busy": "busy",
}


def trust_lines(calibration: Calibration) -> list[str]:
    """What may be acted on, what may not and how far it is off, and who has too few calls to say."""
    fits = [*_named(calibration)]
    holders = {quantity: _holders(fits, metrics) for quantity, metrics in _QUANTITIES}
    everywhere = [quantity for quantity, names in holders.items() if names is None]
    holding = [f"{_listed(everywhere)} of all classes and pools"] if everywhere else []
    holding += [f"{quantity} of {_listed(names)}" for quantity, names in holders.items() if names]
    lines = ["A replay of today reproduces nothing of what was observed well enough to act on."]
    if holding:
        lines = [
            f"Act on {'; '.join(holding)}: a replay of today is within {calibration.tolerance_ratio:.0%} of what was "
            "observed, or off by too little to matter."
        ]
    lines += [
        f"DO NOT ACT on {quantity} of {_listed(failing)}."
        for quantity, metrics in _QUANTITIES
        if (failing := [*_failing(fits, metrics)])
    ]
    few = [name for name, fit in fits if any(each.is_trusted is None for each in fit.metrics)]
    if few:
        lines.append(f"Too few calls to judge, fewer than {calibration.fewest_calls}: {_listed(few)}.")
    return lines


def marked(text: str, is_trusted: bool | None) -> str:
    """The text of a figure or of its name, with a mark where it may not be acted on, or nobody can say."""
    return text + {True: "", False: " *", None: " ?"}[is_trusted]


def legend(texts: Iterable[str]) -> str:
    """What the marks in these texts mean, in brackets; nothing where there are none."""
    meanings = {" *": "* do not act on", " ?": "? too few calls to say"}
    shown = [*texts]
    found = [meaning for mark, meaning in meanings.items() if any(text.endswith(mark) for text in shown)]
    return f" ({', '.join(found)})" if found else ""


def calibration_table(calibration: Calibration) -> Table:
    """One row per pool and class: how far each metric is off, marked where it may not be acted on."""
    rows = tuple(
        (name, count(fit.calls), *_errors(fit, is_pool=name != fit.name)) for name, fit in _named(calibration)
    )
    cells = (cell for row in rows for cell in row)
    return Table(
        "Replay of today against what was observed: replayed / observed - 1" + legend(cells),
        ("calls of", "calls", *_SHORT.values()),
        rows,
        frozenset({"calls of"}),
    )


def _named(calibration: Calibration) -> Iterable[tuple[str, Fit]]:
    """Pools, then classes; a pool may have the name of a class."""
    yield from ((f"pool {fit.name}", fit) for fit in calibration.pools)
    yield from ((fit.name, fit) for fit in calibration.classes)


def _of(fit: Fit, metrics: tuple[Metric, ...]) -> list[MetricFit]:
    return [each for each in fit.metrics if each.metric in metrics]


def _holders(fits: list[tuple[str, Fit]], metrics: tuple[Metric, ...]) -> list[str] | None:
    """Whose metrics hold, all of them; None where those of all that could be judged do."""
    judged = [
        (name, each)
        for name, fit in fits
        if (each := _of(fit, metrics)) and all(one.is_trusted is not None for one in each)
    ]
    holding = [name for name, each in judged if all(one.is_trusted for one in each)]
    return None if len(holding) == len(judged) > 0 else holding


def _listed(names: list[str]) -> str:
    """One, two and three."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _failing(fits: list[tuple[str, Fit]], metrics: tuple[Metric, ...]) -> Iterable[str]:
    """Those whose metrics do not hold, with how far they are off: chat (TTFT p50 -23.1%)."""
    for name, fit in fits:
        off = [each for each in _of(fit, metrics) if each.is_trusted is False]
        if off:
            yield f"{name} ({', '.join(f'{_SHORT[each.metric]} {_error(each)}' for each in off)})"


def _errors(fit: Fit, *, is_pool: bool) -> Iterable[str]:
    errors = {each.metric: marked(_error(each), each.is_trusted) for each in fit.metrics}
    for metric in _SHORT:
        is_asked = is_pool or metric != "busy"
        yield errors.get(metric, NOT_OBSERVED if is_asked else "")


def _error(fit: MetricFit) -> str:
    if fit.error_ratio is None:
        return "0.0%" if fit.replayed_s == 0 else "from 0 s"
    return "0.0%" if abs(fit.error_ratio) < 0.0005 else f"{fit.error_ratio:+.1%}"
