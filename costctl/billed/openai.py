"""What do OpenAI's usage and costs say? Their API pages, and the CSV exports with the same names.

In: results of ``/v1/organization/usage/*`` and ``/v1/organization/costs``, with the time of their bucket, UTC. Out:
rows. Source: platform.openai.com/docs/api-reference/usage, read 2026-11-30.

``input_tokens`` holds what was cached and what was audio or images; the kinds of token here do not overlap. A line of
costs is called "gpt-4o-2024-08-06, cached input"; one that is of no model, such as a vector store, keeps its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from costctl.billed.kinds import kind_of
from costctl.billed.reading import UnreadableError, count, quantity
from costctl.billed.row import BilledRow, Kind
from costctl.billed.values import text

PROVIDER: Final = "openai"
_NO_MODEL: Final = ("web search", "file search", "code interpreter", "vector store", "assistants")
# kind → what is told apart of it by modality
_INPUT: Final[tuple[tuple[str, Kind], ...]] = (
    ("input_audio_tokens", "input_audio"),
    ("input_image_tokens", "input_image"),
)
_CACHED: Final[tuple[tuple[str, Kind], ...]] = (
    ("input_cached_audio_tokens", "cached_audio"),
    ("input_cached_image_tokens", "cached_image"),
)
_OUTPUT: Final[tuple[tuple[str, Kind], ...]] = (
    ("output_audio_tokens", "output_audio"),
    ("output_image_tokens", "output_image"),
)


def usage_rows(result: Mapping[str, Any], bucket: tuple[int, int], part: str) -> list[BilledRow]:
    """One row a kind of token. Raises UnreadableError where counts are none, or contradict each other."""
    base = BilledRow(
        *bucket,
        provider=PROVIDER,
        model=text(result.get("model")),
        key=text(result.get("api_key_id")),
        project=text(result.get("project_id")),
        service_tier=_tier(result),
        part=part,
    )
    counts = {
        name: quantity(cell) or Fraction(0) for name, cell in result.items() if name.endswith("_tokens")
    }
    if "input_tokens" not in counts:
        raise UnreadableError("shape")
    cached = counts.get("input_cached_tokens", Fraction(0))
    kinds: dict[Kind, Fraction] = {}
    kinds["input"] = _apart(counts["input_tokens"] - cached, _fresh(counts), kinds)
    kinds["cached_input"] = _apart(cached, _named(counts, _CACHED), kinds)
    kinds["output"] = _apart(counts.get("output_tokens", Fraction(0)), _named(counts, _OUTPUT), kinds)
    calls = count(result.get("num_model_requests"))
    rows = [replace(base, kind=kind, quantity=tokens) for kind, tokens in kinds.items() if tokens]
    return [replace(row, calls=calls if place == 0 else None) for place, row in enumerate(rows)]


def _fresh(counts: Mapping[str, Fraction]) -> dict[Kind, Fraction]:
    """Audio and images that were read afresh: those of the input hold the cached ones."""
    return {
        kind: counts.get(name, Fraction(0)) - counts.get(cached, Fraction(0))
        for (name, kind), (cached, _) in zip(_INPUT, _CACHED, strict=True)
    }


def _named(counts: Mapping[str, Fraction], names: tuple[tuple[str, Kind], ...]) -> dict[Kind, Fraction]:
    return {kind: counts.get(name, Fraction(0)) for name, kind in names}


def _apart(whole: Fraction, parts: dict[Kind, Fraction], kinds: dict[Kind, Fraction]) -> Fraction:
    """What is left of the whole without its parts, which are put into ``kinds``."""
    kinds.update(parts)
    rest = whole - sum(parts.values())
    if rest < 0 or min(parts.values()) < 0:
        raise UnreadableError("contradiction")
    return rest


def _tier(result: Mapping[str, Any]) -> str | None:
    if str(result.get("batch")).lower() == "true":
        return "batch"
    return text(result.get("service_tier"))


def cost_rows(result: Mapping[str, Any], bucket: tuple[int, int]) -> list[BilledRow]:
    """One row. Raises UnreadableError where there is no amount."""
    money = result.get("amount")
    value, currency = (
        (money.get("value"), money.get("currency"))
        if isinstance(money, Mapping)
        else (result.get("amount_value"), result.get("amount_currency"))
    )
    amount = quantity(value)
    if amount is None:
        raise UnreadableError("number")
    line_item = text(result.get("line_item"))
    model, kind = _line_item(line_item)
    return [
        BilledRow(
            *bucket,
            provider=PROVIDER,
            model=model,
            kind=kind,
            item=line_item if kind is None else None,
            charge=_charge(line_item),
            key=text(result.get("api_key_id")),
            project=text(result.get("project_id")),
            amount=amount,
            currency=(text(currency) or "usd").upper(),
        )
    ]


def _line_item(said: str | None) -> tuple[str | None, Kind | None]:
    """Model and kind of token that a line item names."""
    if said is None:
        return None, None
    name, comma, rest = said.rpartition(",")
    if comma:
        return name.strip(), kind_of(rest)
    return None, kind_of(said) if said.lower().startswith(_NO_MODEL) else None


def _charge(line_item: str | None) -> Any:
    said = (line_item or "").lower()
    if "credit" in said or "grant" in said:
        return "credit"
    if "discount" in said:
        return "discount"
    return "tax" if said in ("tax", "vat", "sales tax") else "usage"
