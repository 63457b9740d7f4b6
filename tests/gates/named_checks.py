"""Checks of which every outcome and cause is there, about subjects of any name."""

from __future__ import annotations

from typing import Any, Final

from costctl.documents.analysis import Window
from costctl.documents.check import SCHEMA_VERSION, BudgetPeriod, Check, ComparedWith, Judged, Verdict
from costctl.documents.provenance import Provenance

WINDOW: Final = Window("2026-01-12T00:05:00.000000Z", "2026-01-13T23:15:02.000000Z", 169_802.0)
BEFORE: Final = Window("2026-01-05T00:05:00.000000Z", "2026-01-06T23:15:02.000000Z", 169_802.0)
MONTH: Final = BudgetPeriod(
    "month", "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z", "2026-01-12T00:05:00.000000Z",
    "2026-01-13T23:15:02.000000Z", 0.0634, False,
)  # fmt: skip


def check_of(name: str, path: str = "costctl-baseline.json") -> Check:
    """One check of each kind, on a class, tenant, model and pool that are all called so, in gates that are too."""
    verdicts = (
        _verdict(1, name, "request_class", "usd_per_success", "cost per success", "USD", "max_increase", 0.05,
                 "breached", "beyond", value=0.0132, baseline=0.0117, samples=812, samples_of="sessions", excess=0.0782,
                 judged=Judged(0.1282, 0.0931, 0.1644, 0.95, "ratio of sums, bootstrap over sessions")),
        _verdict(2, name, "pool", "useful_utilisation", "useful utilisation", "ratio", "min", 0.5, "breached", "beyond",
                 value=0.2413, excess=0.2587, judged=Judged(0.2413, None, None, None, "the value")),
        _verdict(3, name, "tenant", None, "spend", "USD", "budget", 31.0, "cannot_say", "begin_not_seen", value=7.25,
                 excess=-23.75, samples=140, budget=MONTH, judged=Judged(7.25, None, None, None, "a sum")),
        _verdict(4, name, "model", "requests", "requests", "requests", "max_decrease", 0.2, "cannot_say",
                 "not_in_baseline", value=281.0, samples=281),
        _verdict(5, name, "request_class", "e2e_p95", "e2e p95", "s", "max", 6.5, "passed", "within_noise", value=6.71,
                 excess=0.21, samples=455, judged=Judged(6.71, 6.18, 7.37, 0.95, "ranks of the observed values")),
    )  # fmt: skip
    return Check(
        schema_version=SCHEMA_VERSION,
        provenance=Provenance("0.1.0", (), None, None, {}, 0, (f"A warning about {name}.",)),
        window=WINDOW,
        requests=1234,
        baseline=ComparedWith(path, BEFORE, 1198),
        settings="costctl.toml",
        outcome="breached",
        breached=2,
        cannot_say=2,
        passed=1,
        verdicts=verdicts,
    )


def _verdict(
    gate: int, name: str, kind: str, metric: str | None, short: str, unit: Any, limit: Any, limit_value: float,
    outcome: Any, cause: Any, **more: Any,
) -> Verdict:  # fmt: skip
    return Verdict(
        gate=gate,
        line=10 * gate,
        name=name if gate == 2 else None,
        metric=metric,
        short=short,
        unit=unit,
        subject=((kind, name),),
        limit=limit,
        limit_value=limit_value,
        outcome=outcome,
        cause=cause,
        **more,
    )
