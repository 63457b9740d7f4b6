"""A bill and a trace that mean the same provider, model and day are set against each other, however each writes it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from costctl.documents.reconciliation import Reconciliation
from costctl.reconcile.names import billed_label, provider_label
from costctl.reconcile.traced import SLOT_S, Traced
from tests.billed.pages import NOV_20_S, azure_row, costs_page, cur_row, focus_row, table
from tests.reconcile.compared_worlds import compared
from tests.synth.billed_worlds import World

DAY_S = 86_400


def call(provider: str | None, model: str, usd: str, day: int = 0, tokens: int = 10**6) -> Traced:
    """Input tokens of one call, at noon."""
    slot = (NOV_20_S + day * DAY_S) // SLOT_S + 24
    return Traced(
        slot, provider, model, "default", "input", None, None, 0, Fraction(tokens), Fraction(usd), 0, 0
    )


def of(text: str, traced: list[Traced], folder: Path) -> Reconciliation:
    (folder / "bill").write_text(text, encoding="utf-8")
    return compared(World(0), folder, traced, [str(folder / "bill")])


@pytest.mark.parametrize(
    ("text", "traced"),
    [
        (table(azure_row()), call("azure.ai.openai", "gpt-4o-2024-08-06", "2.5")),
        (table(focus_row(ServiceProviderName="OpenAI")), call("openai", "gpt-4o-2024-08-06", "2.5")),
        (table(focus_row(ServiceProviderName="Microsoft", ServiceName="Azure OpenAI",
                         SkuMeter="gpt-4o-0806-Inp-glbl")), call("azure", "gpt-4o", "2.5")),
        (table(cur_row()), call("aws.bedrock", "us.amazon.nova-lite-v1:0", "0.06")),
        (table(cur_row(line_item_usage_type="USE1-MP:USE1_InputTokenCount-Units", line_item_usage_amount="1",
                       product_product_name="Claude Sonnet 4 (Amazon Bedrock Edition)", pricing_unit="Units",
                       line_item_line_item_description="Million Input Tokens", line_item_unblended_cost="3")),
         call("aws.bedrock", "anthropic.claude-sonnet-4-20250514-v1:0", "3")),
        (costs_page({"gpt-4o-2024-08-06, input": 2.5}), call(None, "gpt-4o", "2.5")),
    ],
)  # fmt: skip
def test_the_same_model_is_found_on_both_sides(text: str, traced: Traced, tmp_path: Path) -> None:
    document = of(text, [traced], tmp_path)
    assert document.is_agreed
    assert document.difference_usd == 0


@pytest.mark.parametrize(
    "traced", [{"claude-sonnet-4-5": "five"}, {"a.claude-sonnet-4": "a", "b.claude-sonnet-4": "b"}]
)
def test_a_display_name_is_of_no_other_version_and_of_no_two_models(traced: dict[str, str]) -> None:
    assert billed_label("aws", ["Claude Sonnet 4"], traced) not in traced.values()


def test_a_provider_has_one_label_however_it_is_written() -> None:
    assert {provider_label(each) for each in ("Amazon Web Services", "AWS", "aws.bedrock")} == {"aws"}
    assert {provider_label(each) for each in ("Microsoft", "azure.ai.openai")} == {"azure"}
    assert provider_label(" Acme ") == "acme"


def test_a_day_between_two_that_are_billed_is_a_day_of_the_bill(tmp_path: Path) -> None:
    days = [focus_row(ChargePeriodStart=f"2026-11-{day}T00:00:00Z", ChargePeriodEnd=f"2026-11-{day + 1}T00:00:00Z")
            for day in (20, 22)]  # fmt: skip
    traced = [call("openai", "gpt-4o", "2.5", day) for day in range(4)]
    document = of(table(*days), traced, tmp_path)
    (missing,) = document.told
    assert (missing.cause, missing.subject, missing.usd) == ("not_billed", "2026-11-21", -2.5)
    assert document.outside_usd == 2.5


def test_amounts_in_another_currency_need_its_rate(tmp_path: Path) -> None:
    from costctl.pricing.own_rates import RateError

    with pytest.raises(RateError, match="EUR has no exchange rate"):
        of(table(focus_row(BillingCurrency="EUR")), [call("openai", "gpt-4o", "2.5")], tmp_path)


def test_a_provider_without_a_bill_is_said_and_not_compared(tmp_path: Path) -> None:
    traced = [call("openai", "gpt-4o", "2.5"), call("anthropic", "claude-sonnet-4-5", "3")]
    document = of(table(focus_row()), traced, tmp_path)
    assert document.is_agreed
    assert [(each.provider, each.traced_usd) for each in document.not_billed_providers] == [
        ("anthropic", 3.0)
    ]
