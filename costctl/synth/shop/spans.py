"""What does an instrumented shop write? OTLP/JSON by the conventions for generative AI, content of messages included.

In: a shop, its calls, and what the providers counted. Out: lines of bytes, one export request each. A team that knows
its applications says the class of each request, as ``costctl.class``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Final

import msgspec

from costctl.synth.otlp import Attributes, pairs, span_id
from costctl.synth.shop.provider import Usage
from costctl.synth.shop.traffic import Call, Message
from costctl.synth.shop.world import App, Shop

_REQUESTS_A_LINE: Final = 50
_SERVER, _CLIENT = 2, 3
_GATEWAY_S: Final = 0.003  # the gateway's own time before and after the calls
Counted = tuple[Call, Usage | None]


def otlp_lines(shop: Shop, calls: Sequence[Call], usages: Sequence[Usage | None]) -> Iterator[bytes]:
    """The lines, in order of the requests' start."""
    counted = sorted(zip(calls, usages, strict=True), key=lambda pair: pair[0].request)
    spans: list[dict[str, Any]] = []
    for request, members in groupby(counted, key=lambda pair: pair[0].request):
        spans.extend(_request(shop, request, list(members)))
        if request % _REQUESTS_A_LINE == _REQUESTS_A_LINE - 1:
            yield _line(spans)
            spans = []
    if spans:
        yield _line(spans)


def _line(spans: list[dict[str, Any]]) -> bytes:
    resource = {"attributes": pairs({"service.name": "assistant", "service.instance.id": "assistant-0"})}
    scope = {"scope": {"name": "shop"}, "spans": spans}
    return msgspec.json.encode({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}) + b"\n"


def _request(shop: Shop, request: int, members: Sequence[Counted]) -> list[dict[str, Any]]:
    """The entry of a request, its agent where it is one, and its calls."""
    calls = [call for call, _ in members]
    app = shop.apps[calls[0].app]
    start_s, end_s = calls[0].start_s - _GATEWAY_S, max(call.end_s for call in calls) + _GATEWAY_S
    status = (
        429
        if calls[-1].is_refused
        else 504
        if calls[-1].is_timed_out
        else 500
        if calls[-1].is_given_up
        else 200
    )
    good = status == 200
    entry: Attributes = {
        "http.request.method": "POST",
        "http.route": f"/{app.name}",
        "http.response.status_code": status,
        "costctl.class": app.name,
        "tenant": shop.tenants[calls[0].tenant],
    }
    spans = [
        _span(
            shop,
            request,
            (0, None),
            f"POST /{app.name}",
            _SERVER,
            (start_s, end_s),
            entry,
            is_failed=not good,
        )
    ]
    if app.is_agent:
        agent: Attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": app.name}
        within = (calls[0].start_s, calls[-1].end_s)
        spans.append(_span(shop, request, (1, 0), f"invoke_agent {app.name}", _CLIENT, within, agent))
    parent = len(spans) - 1
    for number, (call, usage) in enumerate(members, len(spans)):
        operation = "embeddings" if app.answer is None else "chat"
        spans.append(
            _span(shop, request, (number, parent), f"{operation} {app.model}", _CLIENT, (call.start_s, call.end_s),
                  _attributes(shop, app, call, usage), is_failed=call.is_failed)
        )  # fmt: skip
    return spans


def _attributes(shop: Shop, app: App, call: Call, usage: Usage | None) -> Attributes:
    found: Attributes = {
        "gen_ai.operation.name": "embeddings" if app.answer is None else "chat",
        "gen_ai.provider.name": app.provider,
        "gen_ai.request.model": app.model,
        "gen_ai.conversation.id": f"{app.name}-{call.session}",
        "gen_ai.input.messages": _messages(shop, call.messages),
    }
    if app.system_tokens:
        system = [
            {"type": "text", "content": _text(shop, f"{app.name}{call.stamp(app)} system", app.system_tokens)}
        ]
        found["gen_ai.system_instructions"] = json.dumps(system)
    if app.deployments > 1:
        found["server.address"] = f"{app.name}-{call.deployment(app)}.example"
    if app.tier != "default":
        found["costctl.service_tier"] = app.tier
    if app.max_tokens is not None:
        found["gen_ai.request.max_tokens"] = app.max_tokens
    if call.attempt > 1:
        found["costctl.attempt"] = call.attempt
    if call.is_kept_answer:
        return found | {"gen_ai.response.model": app.model, "costctl.cache.hit": True}
    if usage is None:
        return found | {"error.type": "rate_limit_exceeded", "http.response.status_code": 429}
    if call.is_timed_out:
        found["error.type"] = "timeout"
    found |= {"gen_ai.response.model": app.model, "gen_ai.usage.input_tokens": usage.input}
    if app.answer is not None:
        found["gen_ai.usage.output_tokens"] = usage.output
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cached
        if not call.is_timed_out:
            found["gen_ai.response.time_to_first_chunk"] = round(call.answer_s - call.start_s, 6)
            found["gen_ai.response.finish_reasons"] = "tool_calls" if call.calls_tool else "stop"
    if app.provider == "anthropic":
        found["gen_ai.usage.cache_creation.input_tokens"] = usage.written
        if app.caching == "1h":
            found["costctl.usage.cache_write_1h_tokens"] = usage.written
    return found


def _messages(shop: Shop, messages: Sequence[Message]) -> str:
    return json.dumps(
        [
            {"role": each.role, "parts": [{"type": "text", "content": _text(shop, each.key, each.tokens)}]}
            for each in messages
        ]
    )


def _text(shop: Shop, key: str, tokens: int) -> str:
    """The same text for the same key, as long as its tokens say."""
    length = max(1, round(tokens * shop.characters_per_token))
    said = blake2b(key.encode(), digest_size=16).hexdigest()
    return (said * (length // len(said) + 1))[:length]


def _span(
    shop: Shop,
    request: int,
    place: tuple[int, int | None],
    name: str,
    kind: int,
    within_s: tuple[float, float],
    attributes: Attributes,
    *,
    is_failed: bool = False,
) -> dict[str, Any]:
    """place: the number of the span within its request, and that of its parent."""
    number, parent = place
    start_ns, end_ns = (shop.start_ns + round(at_s * 1e9) for at_s in within_s)
    found: dict[str, Any] = {
        "traceId": f"{shop.seed & 0xFFFFFFFF:08x}{request + 1:024x}",
        "spanId": span_id(request, number),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": pairs(attributes),
    }
    if parent is not None:
        found["parentSpanId"] = span_id(request, parent)
    return found | ({"status": {"code": 2}} if is_failed else {})
