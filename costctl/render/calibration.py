"""A calibration for people: which figures may be acted on, and how well each class and pool is reproduced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from costctl.documents.calibration import Calibration, Fit, Metric, MetricFit
from costctl.documents.metrics import METRICS
from costctl.render.cells import NOT_OBSERVED, Quantity, Row, count, ratio, trust_of
from costctl.render.sections import Table, first

_QUANTITIES: Final[tuple[tuple[str, tuple[Metric, ...]], ...]] = (
    ("end-to-end latency", ("call_latency_p50", "call_latency_p95")),
    ("time to first token", ("call_ttft_p50", "call_ttft_p95")),
    ("busy time", ("busy",)),
)
_MOST_NAMED: Final = 2
_NOTHING_SEEN: Final = "no call tells how long it took, so that all rests on the step times given"
_METRICS: Final = tuple(metric for _, metrics in _QUANTITIES for metric in metrics)


def trust_lines(calibration: Calibration) -> list[str]:
    """What may be acted on, what may not and how far it is off, and who has too few calls to say."""
    fits = [*_named(calibration)]
    holders = {quantity: _holders(fits, metrics) for quantity, metrics in _QUANTITIES}
    everywhere = [quantity for quantity, names in holders.items() if names is None]
    holding = [f"{_listed(everywhere)} of all classes and pools"] if everywhere else []
    holding.extend(f"{quantity} of {_listed(names)}" for quantity, names in holders.items() if names)
    unseen = _unseen(calibration)
    lines = (
        []
        if len(unseen) == len(calibration.pools) > 0
        else ["A replay of today reproduces nothing of what was observed well enough to act on."]
    )
    if holding:
        lines = [
            f"Act on {'; '.join(holding)}: a replay of today is within {_whole_percent(calibration)} of what was "
            "observed, or off by too little to matter."
        ]
    lines.extend(
        f"DO NOT ACT on {quantity} of {_listed(failing)}."
        for quantity, metrics in _QUANTITIES
        if (failing := [*_failing(fits, metrics)])
    )
    if unseen:
        lines.append(f"NOT CHECKED, {_listed(unseen)}: {_NOTHING_SEEN}.")
    few = [name for name, fit in fits if any(each.is_trusted is None for each in fit.metrics)]
    if few:
        lines.append(f"Too few calls to judge, fewer than {calibration.fewest_calls}: {_listed(few)}.")
    return lines


def trust_line(calibration: Calibration) -> str:
    """The same in one line: within what the replay of today is of what was observed, and what it does not reproduce."""
    fits = [*_named(calibration)]
    failing = [*_failing(fits, _METRICS)]
    judged = [each for _, fit in fits for each in fit.metrics if each.is_trusted is not None]
    unseen = _unseen(calibration)
    if len(unseen) == len(calibration.pools) > 0:
        return f"not checked: {_NOTHING_SEEN}"
    if not judged:
        return f"cannot be judged: fewer than {calibration.fewest_calls} calls of each class and pool"
    if not calibration.trusted_metrics and calibration.largest_error_ratio is None:
        return f"does not reproduce today: DO NOT ACT on it; {failing[0]}"
    if calibration.largest_error_ratio is None and failing:
        return f"reproduces today only in part; DO NOT ACT on {_some(failing)}"
    error = calibration.largest_error_ratio
    within = ", off by too little to matter" if error is None else f" within {ratio(error)}"
    of_unseen = f"; of {_listed(unseen)} {_NOTHING_SEEN}" if unseen else ""
    said = f"reproduces today's latency and busy time{within}{of_unseen}"
    if not failing:
        return said
    return f"{said}; DO NOT ACT on {_some(failing)}"


def _some(failing: list[str]) -> str:
    shown, hidden = first(failing, _MOST_NAMED)
    return f"{', '.join(shown)}{f' and {hidden} more' if hidden else ''}"


def legend(rows: Iterable[Row], calibration: Calibration) -> str:
    """What the marks in these rows mean, in brackets; nothing where there are none."""
    is_unseen = bool(_unseen(calibration))
    meanings = {
        " *": "* do not act on",
        " ?": "? nothing observed to check by, or too few calls" if is_unseen else "? too few calls to say",
    }
    texts = [str(cell) for row in rows for cell in row]
    found = [meaning for mark, meaning in meanings.items() if any(text.endswith(mark) for text in texts)]
    return f" ({', '.join(found)})" if found else ""


def calibration_table(calibration: Calibration, names: frozenset[str] | None = None) -> Table:
    """One row per pool and class: how far each metric is off, marked where it may not be acted on. names: of pools and
    classes; None for all.
    """
    rows: tuple[Row, ...] = tuple(
        (name, count(fit.calls), *_errors(fit, is_pool=name != fit.name))
        for name, fit in _named(calibration)
        if names is None or fit.name in names
    )
    return Table(
        f"Replay of today against what was observed: replayed / observed - 1{legend(rows, calibration)}",
        ("calls of", "calls", *(METRICS[metric].short for metric in _METRICS)),
        rows,
        frozenset({"calls of"}),
    )


def _named(calibration: Calibration) -> Iterable[tuple[str, Fit]]:
    """Pools, then classes; a pool may have the name of a class."""
    yield from ((f"pool {fit.name}", fit) for fit in calibration.pools)
    yield from ((fit.name, fit) for fit in calibration.classes)


def _unseen(calibration: Calibration) -> list[str]:
    """Pools of which nothing was observed that a replay could be held to."""
    return [fit.name for fit in calibration.pools if not fit.metrics]


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
            yield f"{name} ({', '.join(f'{METRICS[each.metric].short} {_error(each)}' for each in off)})"


def _whole_percent(calibration: Calibration) -> Quantity:
    return replace(ratio(calibration.tolerance_ratio), places=0)


def _errors(fit: Fit, *, is_pool: bool) -> Iterable[Quantity]:
    errors = {each.metric: replace(_error(each), trust=trust_of(each.is_trusted)) for each in fit.metrics}
    for metric in _METRICS:
        is_asked = is_pool or metric != "busy"
        yield errors.get(metric, ratio(None, NOT_OBSERVED if is_asked else ""))


def _error(fit: MetricFit) -> Quantity:
    why = "0.0%" if fit.replayed_s == 0 else "from 0 s"
    return replace(ratio(fit.error_ratio, why), is_signed=True)
