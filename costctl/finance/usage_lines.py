"""What was bought by the token, by the read and by the byte?

In: the frames charge, requests, calls and request_class. Out: a line for each day × resource × price × class × tenant.
A charge without a price has no line: a file cannot say "not priced", so the count of those left out is given beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import polars as pl

from costctl.cost.frames import Frames
from costctl.finance.line import EXACT, Beneficiary, Item, Line, Service, amount_usd, price


class Unit(NamedTuple):
    """How a component is quoted: so many of its own units are one pricing unit."""

    size: int
    pricing_unit: str
    consumed_unit: str
    category: str
    subcategory: str


UNITS: Final[dict[str, Unit]] = {
    "tokens": Unit(1_000_000, "1000000 Tokens", "Tokens", "AI and Machine Learning", "Generative AI"),
    "reads": Unit(1_000, "1000 Requests", "Requests", "Storage", "Other (Storage)"),
    "calls": Unit(1_000, "1000 Requests", "Requests", "Other", "Other (Other)"),
    "s": Unit(3_600, "Hours", "Seconds", "Compute", "Other (Compute)"),
    "bytes": Unit(1_000_000_000, "GB", "Bytes", "Networking", "Other (Networking)"),
}
_OTHER: Final = Unit(1, "Units", "Units", "Other", "Other (Other)")
_METERS: Final = {
    "input": "Input Tokens",
    "input_audio": "Input Audio Tokens",
    "cached_input": "Cache Read Tokens",
    "cached_audio": "Cache Read Audio Tokens",
    "cache_write": "Cache Write Tokens",
    "cache_write_1h": "Cache Write 1h Tokens",
    "output": "Output Tokens",
    "output_audio": "Output Audio Tokens",
}
_KEYS: Final = ("day", "component", "resource", "unit", "usd_per_unit", "request_class", "tenant")


def usage_lines(frames: Frames, provider: str, name_of: Callable[[str | None], str | None]) -> list[Line]:
    """The lines, in the order of their keys. provider: of what is one's own.  name_of: how a tenant is written."""
    rows = (
        _dated(frames)
        .filter(
            (pl.col("component") != "accelerator")
            & pl.col("usd").is_not_null()
            & pl.col(
                "usd_per_unit"
            ).is_not_null()  # what is not billed costs nothing, whether or not it has a price
        )
        .group_by(_KEYS)
        .agg(
            pl.col("quantity").sum(),
            pl.col("quantity").filter(pl.col("is_wasted")).sum().alias("wasted_quantity"),
            pl.col("request_id").n_unique().alias("requests"),
            pl.col("request_id").filter(pl.col("is_success")).n_unique().alias("successes"),
        )
        .sort(_KEYS)
    )
    return [_line(row, provider, name_of) for row in rows.iter_rows(named=True)]


def unpriced_charges(frames: Frames) -> int:
    """Charges that have no amount, and so no line."""
    return int(frames.charge["usd"].is_null().sum())


def _dated(frames: Frames) -> pl.DataFrame:
    """The charges with their UTC day, class, tenant and whether their request succeeded."""
    first_day = pl.lit(frames.window_from_ns).cast(pl.Datetime("ns")).dt.date()
    requests = frames.requests.select("request_id", "tenant", "is_success", "start_ns")
    return (
        frames.charge.join(requests, on="request_id")
        .join(frames.request_class.select("request_id", "request_class"), on="request_id")
        .join(frames.calls.select("call_id", pl.col("start_ns").alias("call_ns")), on="call_id", how="left")
        .with_columns(
            pl.coalesce(pl.col("call_ns"), pl.col("start_ns"))
            .cast(pl.Datetime("ns"))
            .dt.date()
            .fill_null(first_day)
            .alias("day")
        )
    )


def _line(row: dict[str, object], own: str, name_of: Callable[[str | None], str | None]) -> Line:
    unit = UNITS.get(str(row["unit"]), _OTHER)
    day, tenant = row["day"], row["tenant"]
    assert isinstance(day, date)
    assert tenant is None or isinstance(tenant, str)
    consumed = _exact(row["quantity"])
    unit_price = price(float(str(row["usd_per_unit"])), unit.size)
    quantity = EXACT.divide(consumed, Decimal(unit.size))
    return Line(
        day=day,
        kind="direct",
        item=_item(str(row["component"]), str(row["resource"]), unit, own),
        whose=Beneficiary(str(row["request_class"]), name_of(tenant)),
        usd=amount_usd(unit_price, quantity),
        description=f"{row['component']} of {row['resource']} for requests of class {row['request_class']}",
        unit_price=unit_price,
        pricing_quantity=quantity,
        consumed_quantity=consumed,
        requests=int(str(row["requests"])),
        successes=int(str(row["successes"])),
        retry_tax_usd=amount_usd(
            unit_price, EXACT.divide(_exact(row["wasted_quantity"]), Decimal(unit.size))
        ),
    )


def _exact(quantity: object) -> Decimal:
    """A count that was summed as a float, as the whole number that it is, or to nine places."""
    number = float(str(quantity))
    return Decimal(round(number)) if number == round(number) else Decimal(f"{number:.9f}")


def _item(component: str, resource: str, unit: Unit, own: str) -> Item:
    provider, _, rest = resource.partition("/")
    model, _, kind = rest.rpartition("/")
    is_token = component == "api_tokens"
    subcategory = "Object Storage" if component == "storage_reads" else unit.subcategory
    return Item(
        service=Service(
            provider=provider if is_token else own,
            category=unit.category,
            subcategory=subcategory,
            name=model if is_token else component.replace("_", " "),
        ),
        sku=f"{component}/{resource}",
        meter=_METERS.get(kind, kind) if is_token else unit.consumed_unit,
        pricing_unit=unit.pricing_unit,
        consumed_unit=unit.consumed_unit,
        resource=None if is_token else resource,
        resource_type=None if is_token else component.replace("_", " "),
    )
