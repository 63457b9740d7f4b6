"""Answers of providers' APIs, and cost exports, as their documentation shows them: small, and made by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

DAY_S: Final = 86_400
NOV_20_S: Final = 1_795_132_800  # 2026-11-20T00:00:00Z


def bucket(results: Sequence[Mapping[str, Any]], day: int = 0) -> dict[str, Any]:
    """A day of OpenAI's pages; day: from 20 November 2026."""
    begin = NOV_20_S + day * DAY_S
    return {"object": "bucket", "start_time": begin, "end_time": begin + DAY_S, "results": list(results)}


def page(*buckets: Mapping[str, Any]) -> str:
    """A page of OpenAI's API."""
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None})


def cost(line_item: str | None, usd: object, **more: Any) -> dict[str, Any]:
    """A result of OpenAI's costs."""
    return {
        "object": "organization.costs.result",
        "amount": {"value": usd, "currency": "usd"},
        "line_item": line_item,
        "project_id": None,
        **more,
    }


def costs_page(usd_by_item: Mapping[str, float], day: int = 0) -> str:
    """OpenAI's costs of one day."""
    return page(bucket([cost(item, usd) for item, usd in usd_by_item.items()], day))


def usage(model: str | None, **counts: Any) -> dict[str, Any]:
    """A result of OpenAI's usage of completions."""
    return {
        "object": "organization.usage.completions.result", "input_tokens": 0, "output_tokens": 0,
        "input_cached_tokens": 0, "num_model_requests": 1, "project_id": None, "api_key_id": None, "model": model,
        **counts,
    }  # fmt: skip


def anthropic_page(*results: Mapping[str, Any]) -> str:
    """A page of Anthropic's reports: one day."""
    day = {
        "starting_at": "2026-11-20T00:00:00Z",
        "ending_at": "2026-11-21T00:00:00Z",
        "results": results,
    }
    return json.dumps({"data": [day], "has_more": False, "next_page": None})


def table(*rows: Mapping[str, object]) -> str:
    """A CSV with the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def focus_row(**more: object) -> dict[str, object]:
    """A line of a FOCUS file."""
    return {
        "BilledCost": "2.5", "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-11-20T00:00:00Z", "ChargePeriodEnd": "2026-11-21T00:00:00Z",
        "ServiceProviderName": "OpenAI", "ServiceCategory": "AI and Machine Learning", "ServiceName": "gpt-4o",
        "SkuMeter": "Input Tokens", "ConsumedQuantity": "1000000", "ConsumedUnit": "Tokens", **more,
    }  # fmt: skip


def cur_row(**more: object) -> dict[str, object]:
    """A line of CUR 2.0 about Amazon Bedrock."""
    return {
        "line_item_usage_start_date": "2026-11-20T00:00:00Z", "line_item_usage_end_date": "2026-11-21T00:00:00Z",
        "line_item_line_item_type": "Usage", "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": "USE1-NovaLite-input-tokens", "line_item_usage_amount": "1000",
        "pricing_unit": "1K tokens", "line_item_unblended_cost": "0.06", "line_item_currency_code": "USD",
        "line_item_usage_account_id": "111122223333", **more,
    }  # fmt: skip


def azure_row(**more: object) -> dict[str, object]:
    """A line of an Azure cost export."""
    return {
        "date": "11/20/2026", "meterCategory": "Foundry Models", "meterSubCategory": "Azure OpenAI",
        "meterName": "gpt 4o 0806 Inp glbl Tokens", "unitOfMeasure": "1K", "quantity": "1000",
        "costInBillingCurrency": "2.5", "billingCurrency": "USD", "chargeType": "Usage", "resourceName": "prod-ai",
        "resourceGroup": "rg-search", **more,
    }  # fmt: skip


# Answers of a LiteLLM gateway, and a call of its log.
LITELLM: dict[str, Any] = {
    "report": [{"group_by_day": "2026-11-20T00:00:00+00:00", "teams": [{"team_name": "search", "total_spend": 0.5,
                "metadata": [{"model": "gpt-4o", "spend": 0.5, "total_tokens": 28, "api_key": "88dc"}]}]}],
    "activity": {"results": [{"date": "2026-11-20", "metrics": {"spend": 0.5}, "breakdown": {"models": {"gpt-4o": {
                "metrics": {"spend": 0.5, "prompt_tokens": 100, "completion_tokens": 10, "cache_read_input_tokens": 40,
                            "cache_creation_input_tokens": 0, "api_requests": 3, "successful_requests": 2}}}}}]},
    "log": {"startTime": "2026-11-20 08:00:00.000", "spend": 0.5, "model": "gpt-4o", "prompt_tokens": 100,
            "completion_tokens": 10, "custom_llm_provider": "openai", "team_id": "search"},
}  # fmt: skip
