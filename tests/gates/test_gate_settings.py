"""What a gate may say, and what is said of one that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.config import lines_of_tables, load_config
from costctl.documents.gate_settings import OBSERVED_IN, Gate, Limit, subjects_of
from costctl.documents.metrics import METRICS
from costctl.errors import UsageError
from costctl.gates.measured import SUMS


def gates_in(folder: Path, *tables: str) -> tuple[Gate, ...]:
    """The gates of a costctl.toml that has these tables."""
    path = folder / "costctl.toml"
    path.write_text("\n".join(f"[[gates]]\n{table}\n" for table in tables), encoding="utf-8")
    return load_config(path, folder).settings.gates


def test_limits_are_in_the_unit_of_the_metric(tmp_path: Path) -> None:
    slow, dear, changed, budget = gates_in(
        tmp_path,
        'metric = "e2e_p95"\nclass = "chat"\nmax = "800ms"',
        'metric = "usd_per_success"\nclass = "*"\nmin = 0.001\nmax = 0.012',
        'metric = "requests"\nmax_increase = 0.5\nmax_decrease = 0.1',
        'budget_usd = 40\nper = "week"\ntenant = "acme"',
    )
    assert slow.limits == (Limit("max", 0.8),)
    assert dear.limits == (Limit("max", 0.012), Limit("min", 0.001))
    assert [limit.is_change for limit in changed.limits] == [True, True]
    assert budget.limits == (Limit("budget", 40.0),)
    assert [each.subject for each in (slow, dear, changed, budget)] == [
        ("request_class", "chat"),
        ("request_class", "*"),
        None,
        ("tenant", "acme"),
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('metric = "usd_per_succes"\nmax = 1', "'usd_per_succes' is unknown (did you mean usd_per_success?)"),
        ('metric = "goodput"\nmin = 0.9', "goodput is of a replay or of advice"),
        ('metric = "usd_per_success"\nclass = "a"', "needs max, min, max_increase or max_decrease"),
        ('metric = "usd_per_success"\nmax = 1', "not known of the whole, but of a class"),
        ('metric = "e2e_p95"\npool = "gpu"\nmax = "6s"', "not known of a pool, but of a class"),
        ('metric = "e2e_p95"\nclass = "a"\nmax = 6', 'write it with its unit, such as "6s"'),
        ('metric = "e2e_p95"\nclass = "a"\nmax = "6 parsecs"', "is not a duration"),
        ('metric = "success_ratio"\nmin = "99%"', "is a number, without a unit"),
        ('metric = "success_ratio"\nmax_decrease = "1%"', "expected a number, got text"),
        ('metric = "success_ratio"\nmax_decrease = -0.1', "expected"),
        ('metric = "error_budget_burn"\nclass = "a"\nmax_increase = 1', "not in the baseline"),
        ('metric = "requests"\nclass = "a"\npool = "b"\nmin = 1', "one class, tenant, model or pool"),
        ("max = 1", "needs a metric, or budget_usd and per"),
        ("budget_usd = 5", "a budget needs both"),
        ('per = "day"', "a budget needs both"),
        ('budget_usd = 5\nper = "day"\nmax = 3', "a budget takes no max"),
        ('budget_usd = 5\nper = "day"\npool = "gpu"', "a budget takes no pool"),
        ('budget_usd = 5\nper = "day"\nclass = "*"', "a budget is of one class, tenant or model"),
        ('budget_usd = 5\nper = "year"', "is not one of day, month, week"),
        ('budget_usd = 0\nper = "day"', "expected a number"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_gate(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        gates_in(tmp_path, 'metric = "requests"\nmin = 1', table)
    assert "[[gates]] number 2" in raised.value.why
    assert said in raised.value.why


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean max_increase"):
        gates_in(tmp_path, 'metric = "requests"\nmax_increas = 0.1')


def test_the_lines_of_gates_are_found(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.x]\n[[tool.costctl.gates]]\nmetric = "requests"\n\n [[ tool.costctl.gates ]]\n')
    assert lines_of_tables(path, "gates") == (2, 5)
    path.write_text('gates = [{metric = "requests", min = 1}]\n')
    assert lines_of_tables(path, "gates") == (1,)


def test_every_metric_that_was_observed_can_be_gated() -> None:
    gated = {name for name, metric in METRICS.items() if subjects_of(metric, OBSERVED_IN)}
    observed = {
        name
        for name, metric in METRICS.items()
        for place in metric.places
        if place.document in OBSERVED_IN and place.state == "observed"
    }
    assert gated == observed
    assert len(gated) > 40


def test_every_sum_is_a_metric_and_no_metric_of_one_request_is_a_sum() -> None:
    assert set(METRICS) >= SUMS
    assert [name for name in SUMS if "_per_" in name or METRICS[name].unit == "ratio"] == []
    left = {name for name, metric in METRICS.items() if metric.unit in {"requests", "tokens"}} - SUMS
    assert left == set()
