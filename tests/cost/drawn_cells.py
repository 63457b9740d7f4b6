"""Cells of two sides that hypothesis makes: classes, tenants, models and kinds of tokens that come and go."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from costctl.frames.cells import CellSums

DAY_NS = 86_400_000_000_000
KINDS = ("input", "cached_input", "output")
MODELS = ("alpha", "beta")
CELLS = (("chat", "acme"), ("chat", None), ("agent", "acme"))
REQUESTS = {
    "request_class": pl.String, "tenant": pl.String, "at": pl.Int64, "requests": pl.Int64, "first_calls": pl.Int64,
}  # fmt: skip
CALLS = {
    "request_class": pl.String, "tenant": pl.String, "model": pl.String, "at": pl.Int64, "charged_calls": pl.Int64,
}  # fmt: skip
CHARGES = {
    "request_class": pl.String, "tenant": pl.String, "is_call": pl.Boolean, "model": pl.String,
    "component": pl.String, "resource": pl.String, "unit": pl.String, "at": pl.Int64, "quantity": pl.Float64,
    "priced_quantity": pl.Float64, "usd": pl.Float64, "unpriced_charges": pl.Int64,
}  # fmt: skip


def cell_sums(
    requests: list[tuple[object, ...]],
    calls: list[tuple[object, ...]],
    charges: list[tuple[object, ...]],
    days: int = 1,
) -> CellSums:
    """A side of one block of time."""
    return CellSums(
        pl.DataFrame(requests, REQUESTS, orient="row"),
        pl.DataFrame(calls, CALLS, orient="row"),
        pl.DataFrame(charges, CHARGES, orient="row"),
        0,
        days * DAY_NS,
        1,
    )


def agent(
    requests: int, first: int, attempts: int, fresh: float, cached: float, output: float, times: float = 1.0
) -> CellSums:
    """A class of one model, at 3, 0.3 and 15 USD a million tokens, or times as much."""
    tokens = {"input": (fresh, 3e-6), "cached_input": (cached, 3e-7), "output": (output, 1.5e-5)}
    return cell_sums(
        [("agent", "acme", 0, requests, first)],
        [("agent", "acme", "beta", 0, attempts)],
        [
            ("agent", "acme", True, "beta", "api_tokens", f"acme/beta/{kind}", "tokens", 0, amount, amount,
             amount * price * times, 0)
            for kind, (amount, price) in tokens.items()
        ],
    )  # fmt: skip


BASE = agent(100, 300, 300, 300_000, 900_000, 60_000)


@st.composite
def sides(draw: st.DrawFn) -> CellSums:
    """One side, with at least one request and one price."""
    requests: list[tuple[object, ...]] = []
    calls: list[tuple[object, ...]] = []
    charges: list[tuple[object, ...]] = []
    for name, tenant in draw(st.lists(st.sampled_from(CELLS), min_size=1, unique=True)):
        models = draw(st.lists(st.sampled_from(MODELS), unique=True))
        attempts = {model: draw(st.integers(1, 40)) for model in models}
        first = draw(st.integers(1, 30)) if models else 0
        requests.append((name, tenant, 0, draw(st.integers(1, 50)), first))
        for model, count in attempts.items():
            calls.append((name, tenant, model, 0, count))
            for kind in draw(st.lists(st.sampled_from(KINDS), unique=True)):
                charges.append(
                    (
                        name,
                        tenant,
                        True,
                        model,
                        "api_tokens",
                        f"acme/{model}/{kind}",
                        "tokens",
                        0,
                        *draw(amounts()),
                    )
                )
        if draw(st.booleans()):
            charges.append((name, tenant, False, None, "tool", "search", "calls", 0, *draw(amounts())))
    return cell_sums(requests, calls, charges, days=draw(st.sampled_from((1, 1, 3))))


@st.composite
def amounts(draw: st.DrawFn) -> tuple[float, float, float, int]:
    """A quantity, what of it is priced, USD, and how many charges have no amount."""
    quantity = float(draw(st.integers(1, 100_000)))
    part = draw(st.sampled_from((1.0, 1.0, 0.5, 0.0)))
    price = draw(st.sampled_from((1e-6, 3e-6, 1.5e-5)))
    return quantity, quantity * part, quantity * part * price, int(part < 1.0)
