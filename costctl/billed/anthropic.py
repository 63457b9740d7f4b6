"""What do Anthropic's usage and cost reports say?

In: results of ``/v1/organizations/usage_report/messages`` and ``/v1/organizations/cost_report``, with the time of
their bucket, UTC. Out: rows. Source: platform.claude.com/docs/en/api/admin, read 2026-11-30.

Counts of tokens do not overlap as they are. Amounts are decimal texts in the lowest unit of the currency: "123.45" in
USD is $1.2345.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from costctl.billed.kinds import kind_of
from costctl.billed.reading import UnreadableError, mapping, quantity
from costctl.billed.row import BilledRow, Kind
from costctl.billed.values import text

PROVIDER: Final = "anthropic"
_CENTS: Final = 100
_COUNTS: Final[tuple[tuple[str, Kind], ...]] = (
    ("uncached_input_tokens", "input"),
    ("cache_read_input_tokens", "cached_input"),
    ("output_tokens", "output"),
)
_WRITES: Final[tuple[tuple[str, Kind], ...]] = (
    ("ephemeral_5m_input_tokens", "cache_write"),
    ("ephemeral_1h_input_tokens", "cache_write_1h"),
)
_TOKEN_TYPES: Final[dict[str, Kind]] = {
    **dict(_COUNTS),
    **{f"cache_creation.{name}": kind for name, kind in _WRITES},
}
_COST_TYPES: Final[dict[str, Kind]] = {"web_search": "web_searches", "code_execution": "code_runs"}


def usage_rows(result: Mapping[str, Any], bucket: tuple[int, int]) -> list[BilledRow]:
    """One row a kind of token or unit. Raises UnreadableError where a count is none."""
    base = BilledRow(
        *bucket,
        provider=PROVIDER,
        model=text(result.get("model")),
        key=text(result.get("api_key_id")),
        project=text(result.get("workspace_id")),
        service_tier=text(result.get("service_tier")),
    )
    writes = mapping(result.get("cache_creation") or {})
    tools = mapping(result.get("server_tool_use") or {})
    counted: list[tuple[Kind, Fraction | None]] = [
        *((kind, quantity(result.get(name))) for name, kind in _COUNTS),
        *((kind, quantity(writes.get(name))) for name, kind in _WRITES),
        ("web_searches", quantity(tools.get("web_search_requests"))),
    ]
    return [replace(base, kind=kind, quantity=number) for kind, number in counted if number]


def cost_rows(result: Mapping[str, Any], bucket: tuple[int, int]) -> list[BilledRow]:
    """One row. Raises UnreadableError where there is no amount."""
    cents = quantity(result.get("amount"))
    if cents is None:
        raise UnreadableError("number")
    said = text(result.get("description"))
    kind = _TOKEN_TYPES.get(str(result.get("token_type"))) or _COST_TYPES.get(str(result.get("cost_type")))
    kind = kind or kind_of(said)
    return [
        BilledRow(
            *bucket,
            provider=PROVIDER,
            model=text(result.get("model")),
            kind=kind,
            item=said if kind is None else None,
            project=text(result.get("workspace_id")),
            service_tier=text(result.get("service_tier")),
            amount=cents / _CENTS,
            currency=(text(result.get("currency")) or "USD").upper(),
        )
    ]
