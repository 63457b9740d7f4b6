"""What the sources say that calls cost: fetched with the charges of the calls that differ, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costctl.documents.price_settings import PriceSettings
from costctl.engine.protocol import Engine

if TYPE_CHECKING:
    from costctl.documents.witness import Witness


def witness_of(engine: Engine, own: PriceSettings) -> Witness | None:
    """The comparison over the calls of the engine; None where no record names an amount. Prices must be loaded."""
    from costctl.pricing.witness import differing_calls, witness

    counted = engine.query(
        "SELECT COUNT(*) AS calls, COUNT(recorded_usd) AS named FROM calls WHERE pool IS NULL"
    )
    of, named = counted.row(0)
    if not named:  # charges need not be built
        return None
    rows = engine.fetch("cost_witness")
    ids = differing_calls(rows)
    requests = rows.filter(rows["call_id"].is_in(ids))["request_id"].unique().to_list()
    return witness(
        rows,
        engine.fetch_where("calls", "call_id", ids),
        engine.fetch_where("charge", "call_id", ids),
        engine.fetch_where("requests", "request_id", requests),
        own,
        of,
    )
