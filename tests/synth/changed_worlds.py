"""A team whose week changed in one known way: traces of two periods, and what the change costs.

Shape in: a seed, and what was changed from the second period on. Shape out: files, and what should be named. The world
bills its own calls, by prices that stand here; it shares nothing with what tells a change apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from costctl.synth.otlp import Attributes, pairs, span_id

START_NS: Final = 1_795_392_000_000_000_000  # 2026-11-23T00:00:00Z
CHANGED_ON: Final = "2026-11-25"
DAYS: Final = 2  # of each period
_DAY_S: Final = 86_400.0
_SERVER, _CLIENT = 2, 3
_BATCH: Final = 200
_TENANTS: Final = ("acme", "birch", "cedar")
# USD per million tokens: input, read from a cache, output
_PRICES: Final = {"alpha-1": (0.4, 0.1, 1.6), "beta-2": (3.0, 0.3, 15.0)}


@dataclass(frozen=True)
class App:
    """One class. input, output: median tokens of an attempt.  cached: mean part of the input that a cache gives.
    slow: part of the attempts that time out, are paid for and are made again.  calls: least and most of a request.
    """

    name: str
    model: str
    requests_a_day: float
    input: float
    output: float
    calls: tuple[int, int] = (1, 1)
    cached: float = 0.5
    slow: float = 0.02
    retrieval_s: float = 0.3
    prompt: str = "version 1"


@dataclass(frozen=True)
class Week:
    """What goes on in one period."""

    apps: tuple[App, ...] = (
        App("chat", "alpha-1", 400, 1500, 220),
        App("agent", "beta-2", 140, 4000, 160, calls=(2, 6), cached=0.7),
        App("digest", "alpha-1", 180, 6000, 500, cached=0.0),
    )
    price_of: dict[str, float] = field(default_factory=dict)

    def changed(self, app: str, **choices: Any) -> Week:
        """The same with one application that does something otherwise."""
        return replace(
            self, apps=tuple(replace(each, **choices) if each.name == app else each for each in self.apps)
        )

    def __getitem__(self, name: str) -> App:
        return next(app for app in self.apps if app.name == name)


PLAIN: Final = Week()
# What is planted: the second period, and the effect, subject and value that should be named first.
PLANTED: Final[dict[str, tuple[Week, tuple[str, str, str]]]] = {
    "price": (replace(PLAIN, price_of={"beta-2": 1.25}), ("price", "model", "beta-2")),
    "mix": (
        PLAIN.changed("agent", requests_a_day=280).changed("chat", requests_a_day=300),
        ("mix", "class", "agent"),
    ),
    "slower retrieval": (
        PLAIN.changed("chat", retrieval_s=0.6),
        ("stage_s_per_request", "chat", "retrieval"),
    ),
    "retries": (PLAIN.changed("agent", slow=0.25), ("retries", "class", "agent")),
    "lost cache": (PLAIN.changed("agent", cached=0.05), ("cache", "class", "agent")),
    "new prompt": (
        PLAIN.changed("agent", prompt="version 2", input=6000.0),
        ("input_tokens", "class", "agent"),
    ),
}


@dataclass(frozen=True)
class Written:
    """The files of a world, and what its second period costs and would have cost had nothing been changed, USD."""

    traces: Path
    config: Path
    usd: float
    unchanged_usd: float


def written(seed: int, later: Week, folder: Path, days: int = DAYS) -> Written:
    """Both periods, one after the other."""
    rng = np.random.default_rng([seed, 18])
    spans: list[list[dict[str, Any]]] = []
    usd = unchanged = 0.0
    for period, week in enumerate((PLAIN, later)):
        for at_s, app in _arrivals(week, days, rng):
            request, cost, plain_cost = _request(len(spans), at_s + period * days * _DAY_S, app, week, rng)
            spans.append(request)
            usd += period * cost
            unchanged += period * plain_cost
    traces, config = folder / "traces.jsonl", folder / "costctl.toml"
    lines = ([*chain(*spans[at : at + _BATCH])] for at in range(0, len(spans), _BATCH))
    traces.write_bytes(b"".join(_line(line) for line in lines))
    config.write_text(_settings(later, days), encoding="utf-8")
    return Written(traces, config, usd, unchanged)


def _arrivals(week: Week, days: int, rng: np.random.Generator) -> list[tuple[float, App]]:
    """Requests come as a Poisson process that follows the hour of the day."""
    hours = np.arange(24 * days)
    swing = 1.0 + 0.5 * np.sin((hours % 24 - 8.0) / 24.0 * 2.0 * np.pi)
    found = []
    for app in week.apps:
        counts = rng.poisson(app.requests_a_day * days * swing / swing.sum())
        starts = (np.repeat(hours, counts) + rng.uniform(0.0, 1.0, int(counts.sum()))) * 3600.0
        found.extend((float(start), app) for start in starts)
    return sorted(found, key=lambda each: each[0])


def _request(
    number: int, at_s: float, app: App, week: Week, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], float, float]:
    """The spans of one request, what it costs, and what it would have cost at the old prices."""
    tenant = _TENANTS[int(rng.choice(3, p=(0.5, 0.3, 0.2)))]
    now, spans, usd, plain = at_s + 0.01, [], 0.0, 0.0
    retrieval_s = float(rng.lognormal(np.log(app.retrieval_s), 0.3))
    read: Attributes = {"db.system.name": "qdrant", "db.operation.name": "query"}
    spans.append(_span(number, 1, "query documents", (now, now + retrieval_s), read))
    now += retrieval_s
    for _ in range(int(rng.integers(app.calls[0], app.calls[1] + 1))):
        is_slow = True
        attempt = 1
        while is_slow:
            is_slow = attempt < 3 and bool(rng.random() < app.slow)
            tokens = round(float(rng.lognormal(np.log(app.input), 0.3)))
            cached = round(tokens * app.cached * float(rng.uniform(0.8, 1.2)))
            output = round(float(rng.lognormal(np.log(app.output), 0.4)))
            lasts_s = 5.0 if is_slow else 0.3 + 0.01 * output
            said = _call(app, tokens, cached, output, attempt, is_slow=is_slow)
            name = f"chat {app.model}"
            spans.append(_span(number, len(spans) + 1, name, (now, now + lasts_s), said, is_failed=is_slow))
            fresh, read_price, out = _PRICES[app.model]
            cost = ((tokens - cached) * fresh + cached * read_price + output * out) / 1e6
            usd += cost * week.price_of.get(app.model, 1.0)
            plain += cost
            now += lasts_s + (0.5 if is_slow else 0.0)
            attempt += 1
    entry: Attributes = {
        "http.request.method": "POST",
        "http.route": f"/{app.name}",
        "http.response.status_code": 200,
        "costctl.class": app.name,
        "tenant": tenant,
    }
    spans.insert(0, _span(number, 0, f"POST /{app.name}", (at_s, now), entry, kind=_SERVER))
    return spans, usd, plain


def _call(app: App, tokens: int, cached: int, output: int, attempt: int, *, is_slow: bool) -> Attributes:
    said: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": app.model,
        "gen_ai.response.model": app.model,
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.output_tokens": output,
        "gen_ai.system_instructions": msgspec.json.encode(
            [{"type": "text", "content": f"{app.name} {app.prompt}"}]
        ).decode(),
        "gen_ai.input.messages": msgspec.json.encode(
            [{"role": "user", "parts": [{"type": "text", "content": f"question {tokens} {output}"}]}]
        ).decode(),
    }
    if attempt > 1:
        said["costctl.attempt"] = attempt
    return said | ({"error.type": "timeout"} if is_slow else {})


def _span(
    request: int,
    number: int,
    name: str,
    within_s: tuple[float, float],
    attributes: Attributes,
    *,
    kind: int = _CLIENT,
    is_failed: bool = False,
) -> dict[str, Any]:
    start_ns, end_ns = (START_NS + round(at_s * 1e9) for at_s in within_s)
    found: dict[str, Any] = {
        "traceId": f"{0xD1FF:08x}{request + 1:024x}",
        "spanId": span_id(request, number),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": pairs(attributes),
    }
    if number:
        found["parentSpanId"] = span_id(request, 0)
    return found | ({"status": {"code": 2}} if is_failed else {})


def _line(spans: list[dict[str, Any]]) -> bytes:
    resource = {"attributes": pairs({"service.name": "assistant"})}
    return (
        msgspec.json.encode({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
        + b"\n"
    )


def _settings(later: Week, days: int) -> str:
    """The prices, those of the second period from the day on which it begins."""
    changed_on = np.datetime64("2026-11-23") + days
    rates = []
    for model, prices in _PRICES.items():
        factor = later.price_of.get(model, 1.0)
        for times, bound in ((1.0, "until"), (factor, "from")):
            plain, read, out = (price * times for price in prices)
            rates.append(
                f'[[prices.rates]]\nprovider = "acme"\nmodel = "{model}"\ninput = {plain!r}\ncached_input = {read!r}\n'
                f'output = {out!r}\n{bound} = "{changed_on}"\n'
            )
    return "\n".join(rates)
