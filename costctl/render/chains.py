"""Requests that go through several pools: which pool holds them up, and what one replica more of each would change."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.documents.chain import Chain
from costctl.documents.recommendations import Recommendations
from costctl.render.cells import Row, count, number, seconds, usd
from costctl.render.numbers import length
from costctl.render.sections import Table, first

_MOST: Final = 2
_COLUMNS: Final = ("class", "pool", "calls", "waits", "works", "p95 with one more", "in time", "its price")


def held_up(document: Recommendations) -> list[tuple[str, str]]:
    """A line for the classes that a pool holds up; none where none is."""
    held = [each for each in document.chains if each.bottleneck is not None]
    if not held:
        return []
    shown, hidden = first(held, _MOST)
    more = f"; {hidden} more: --verbose" if hidden else ""
    return [("Held up", f"{'; '.join(_in_words(each, document) for each in shown)}{more}")]


def _in_words(chain: Chain, document: Recommendations) -> str:
    (stage,) = (each for each in chain.stages if each.pool == chain.bottleneck)
    price = f"{usd(stage.price_usd)} in {length(document.baseline.observed_s)}"
    return (
        f"{chain.request_class} by {stage.pool}: one replica more ({price}) makes its p95 "
        f"{seconds(chain.e2e_p95_s)} → {seconds(stage.e2e_p95_s)}"
    )


def chain_table(document: Recommendations) -> list[Table]:
    """Each stage of each chain; nothing where no request goes through several pools."""
    rows: list[Row] = [
        (
            chain.request_class,
            each.pool,
            number(each.calls_per_request),
            seconds(each.wait_s),
            seconds(each.work_s),
            seconds(each.e2e_p95_s, "not all served"),
            replace(count(each.good_requests), is_signed=True),
            usd(each.price_usd),
        )
        for chain in document.chains
        for each in chain.stages
    ]
    title = (
        "Requests that go through several pools, in a request's time, and with one replica more of each pool"
    )
    return [Table(title, _COLUMNS, tuple(rows), frozenset({"class", "pool"}))] if rows else []
