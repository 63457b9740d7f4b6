"""A world of tests/synth/billed_worlds as the document says it: the bill through its files, the traces as rows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from costctl.billed.files import read_bills
from costctl.documents.price_settings import PriceSettings
from costctl.documents.provenance import Provenance
from costctl.documents.reconciliation import Cause, Reconciliation
from costctl.documents.settings import Settings
from costctl.engine.asked_cuts import load_cuts
from costctl.reconcile.document import reconciliation
from costctl.reconcile.traced import SLOT_S, Traced, traced_rows
from tests.relations.span_rows import engine_of
from tests.synth.billed_worlds import PRICES, Call, Plant, World

KINDS = ("input", "cached_input", "output")
CAUSES: dict[Plant, Cause] = {
    "key": "not_traced",
    "day": "not_traced",
    "model": "not_traced",
    "share": "not_traced",
    "price": "priced_otherwise",
    "discount": "discounts_and_credits",
    "zone": "time_zones",
    "cached": "tokens_counted_otherwise",
    "output": "tokens_counted_otherwise",
}


def traced_of(world: World) -> list[Traced]:
    """What the relation bought_slot says of the world, at list prices."""
    return [row for call in world.calls if world.is_traced(call) for row in _rows(call, world)]


def _rows(call: Call, world: World) -> list[Traced]:
    key = call.key if world.names_keys else None
    prices = PRICES[call.provider, call.model]
    at = (call.at_s // SLOT_S, call.provider, call.model, "default")
    return [
        Traced(*at, "calls", key, None, 1, Fraction(0), Fraction(0), 0, 0),
        *(
            Traced(*at, kind, key, None, 0, Fraction(count), Fraction(price) * count / 10**6, 0, 0)
            for kind, count, price in zip(KINDS, call.tokens, prices, strict=True)
        ),
    ]


def traced_by_engine(world: World, settings: Settings) -> tuple[Traced, ...]:
    """What the relation says of the world's spans."""
    engine = engine_of(world.spans(), settings)
    load_cuts(engine, ("key", "team"))
    return traced_rows(engine.fetch("bought_slot"))


def compared(
    world: World, folder: Path, traced: Sequence[Traced] | None = None, bills: Sequence[str] = ()
) -> Reconciliation:
    """The document. bills: the files, where they are not the world's own."""
    files = read_bills(bills or world.write(folder))
    rows = traced_of(world) if traced is None else traced
    return reconciliation(files, rows, PriceSettings(), Provenance("0", (), None, "book", {}, 0))


def of_cause(document: Reconciliation, cause: Cause) -> float:
    """What the document gives this cause, USD."""
    return sum(part.usd for part in document.parts if part.cause == cause)
