"""What is wrong is found where the documented thresholds are reached, and the most money comes first."""

from __future__ import annotations

from msgspec.structs import replace

from costctl.cost.findings import Reports, findings_of
from costctl.documents.analysis import Analysis, ClassReport, Component, SloResult
from costctl.documents.findings import Finding, flagged_classes
from costctl.documents.usage_gaps import UnreadKey, UsageGaps, WindowExcess


def found(document: Analysis, **changed: object) -> dict[str, Finding]:
    """The findings by kind, with these parts of the reports changed."""
    reports = Reports(document.totals, document.coverage, document.classes, document.pools, document.invoices)
    parts = {name: getattr(reports, name) for name in Reports.__slots__}
    return {each.kind: each for each in findings_of(Reports(**{**parts, **changed}))}


def with_first(document: Analysis, **changed: object) -> tuple[ClassReport, ...]:
    first, *others = document.classes
    return (replace(first, **changed), *others)


def test_a_pool_that_is_idle_for_most_of_its_time_is_found_with_its_cost(sample_analysis: Analysis) -> None:
    idle = found(sample_analysis)["idle"]
    (embedder,) = (pool for pool in sample_analysis.pools if pool.pool == "embedder")
    assert (idle.subjects, idle.usd, idle.ratio) == (
        ("embedder",),
        embedder.idle_usd,
        embedder.utilisation_ratio,
    )
    assert "idle" not in found(sample_analysis, pools=())


def test_long_prompts_that_are_bought_and_hardly_cached_are_found(sample_analysis: Analysis) -> None:
    first = sample_analysis.classes[0]
    bought = Component(
        component="api_tokens",
        resource="openai/m/input",
        quantity=1.0,
        unit="tokens",
        usd=3.0,
        unpriced_charges=0,
    )
    tokens = replace(first.tokens, input=10_000_000, cached_input=100_000, cached_input_ratio=0.01, output=1)
    cold = with_first(
        sample_analysis, tokens=tokens, cost=replace(first.cost, components=(*first.cost.components, bought))
    )
    finding = found(sample_analysis, classes=cold)["prompt_cache"]
    assert finding.subjects == (first.request_class,)
    assert (finding.usd, finding.count, finding.ratio) == (3.0, 10_000_000, 0.01)
    warm = with_first(sample_analysis, tokens=replace(tokens, cached_input_ratio=0.1), cost=cold[0].cost)
    short = with_first(sample_analysis, tokens=replace(tokens, input=100_000), cost=cold[0].cost)
    assert "prompt_cache" not in found(sample_analysis, classes=warm)
    assert "prompt_cache" not in found(sample_analysis, classes=short)


def test_an_objective_that_too_few_met_is_found_and_one_that_95_in_100_met_is_not(
    sample_analysis: Analysis,
) -> None:
    late = with_first(sample_analysis, slo=(SloResult("e2e_p95 6s", 0.94), SloResult("ttft_p95 1s", 0.99)))
    missed = found(sample_analysis, classes=late)["missed_slo"]
    assert (missed.usd, missed.count, missed.ratio) == (late[0].cost.attributed_usd, 1, 0.94)
    met = with_first(sample_analysis, slo=(SloResult("e2e_p95 6s", 0.95),))
    assert "missed_slo" not in found(sample_analysis, classes=met)


def test_failures_are_found_from_one_in_a_hundred_on(sample_analysis: Analysis) -> None:
    failing = found(sample_analysis, classes=with_first(sample_analysis, requests=200, failed=2))
    assert (failing["failures"].count, failing["failures"].ratio) == (2, 0.01)
    assert "failures" not in found(
        sample_analysis, classes=with_first(sample_analysis, requests=201, failed=2)
    )


def test_retries_are_found_from_a_fiftieth_of_the_cost_on(sample_analysis: Analysis) -> None:
    totals, tax = sample_analysis.totals, sample_analysis.totals.retry_tax
    assert tax is not None
    assert totals.attributed_usd is not None
    dear = replace(totals, retry_tax=replace(tax, usd=totals.attributed_usd * 0.03))
    assert found(sample_analysis, totals=dear)["retries"].usd == totals.attributed_usd * 0.03
    assert "retries" not in found(sample_analysis)


def test_what_nobody_can_put_a_figure_on_comes_before_all_money(sample_analysis: Analysis) -> None:
    gaps = UsageGaps(unread=(UnreadKey(key="credits", dialect="none", records=7, calls=7),))
    coverage = replace(sample_analysis.coverage, rejected_records=3, usage=gaps)
    kinds = list(found(sample_analysis, coverage=coverage))
    assert kinds == ["rejected", "unread_usage", "idle"]


def test_only_classes_are_flagged(sample_analysis: Analysis) -> None:
    failing = with_first(sample_analysis, failed=100)
    findings = tuple(found(sample_analysis, classes=failing).values())
    assert {each.kind for each in findings} == {"idle", "failures"}
    assert flagged_classes(findings) == {failing[0].request_class}


def test_calls_beyond_their_window_are_found_from_a_hundredth_of_the_bill_on(
    sample_analysis: Analysis,
) -> None:
    billed_usd = sample_analysis.totals.billed_usd
    assert billed_usd is not None

    def beyond(usd: float | None, largest: int = 300_000, *, is_of_model: bool = True) -> list[Finding]:
        excess = WindowExcess("openai", "gpt-4o", 200_000, 2, largest, is_of_model, usd)
        usage = replace(sample_analysis.coverage.usage, windows=(excess,))
        findings = found(sample_analysis, coverage=replace(sample_analysis.coverage, usage=usage))
        return [each for kind, each in findings.items() if kind == "beyond_window"]

    (worth,) = beyond(0.01 * billed_usd)
    assert (worth.subjects, worth.count, worth.usd) == (("gpt-4o",), 2, 0.01 * billed_usd)
    assert beyond(0.009 * billed_usd) == beyond(None) == []
    assert beyond(0.0, 2_000_000)[0].ratio == 0.0
    assert beyond(None, 2_000_000)[0].usd is None
    assert beyond(0.0, is_of_model=False)


def test_counts_that_cannot_be_true_are_said_first(sample_analysis: Analysis) -> None:
    gaps = UsageGaps(windows=(WindowExcess("openai", "gpt-4o", 128_000, 1, 10**12, usd=2.5e6),))
    coverage = replace(sample_analysis.coverage, rejected_records=3, usage=gaps)
    assert next(iter(found(sample_analysis, coverage=coverage))) == "beyond_window"
