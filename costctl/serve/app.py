"""The web application: the page, the receiver, what is measured, and whether all is well.

In: an inbox and a keeper. Out: a Starlette application. On loopback it answers only to the names of this machine, so
that no page of another site can reach it by a name that leads here (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from costctl.serve.inbox import Inbox
from costctl.serve.keeper import Keeper, State
from costctl.serve.receiver import Receiver

_LOCAL: Final = ["localhost", "127.0.0.1", "[::1]"]
_POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_METRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_NOT_YET: Final = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><meta http-equiv='refresh' content='5'>"
    "<title>costctl</title><h1>The review is not drawn yet</h1><p>It is being made of what the store holds, or waits "
    "for the first traces. This page comes again by itself; <a href='/healthz'>/healthz</a> says what keeps it."
)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def application(inbox: Inbox, keeper: Keeper, host: str, most_body: int) -> Starlette:
    """host: the address that it is bound to.  most_body: bytes of a body, unpacked."""
    receiver = Receiver(inbox, most_body)

    async def page(_: Request) -> Response:
        found = keeper.state.drawn
        return HTMLResponse(_NOT_YET if found is None else found.page, 503 if found is None else 200, _POLICY)

    async def health(_: Request) -> Response:
        state = keeper.state
        trouble = (
            state.trouble if keeper.is_running else "Loading has ended by a fault; start costctl serve again."
        )
        said = {"status": "ok" if trouble is None else "degraded", "trouble": trouble}
        return JSONResponse({**said, "inbox_bytes": inbox.waiting_bytes})

    async def metrics(_: Request) -> Response:
        state = keeper.state
        of_the_store = "" if state.drawn is None else state.drawn.metrics
        own = "\n".join(own_metrics(inbox, state, receiver))
        return PlainTextResponse(f"{of_the_store}{own}\n", media_type=_METRICS_TYPE)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/healthz", health),
            Route("/metrics", metrics),
            Route("/v1/traces", receiver.traces, methods=["POST"]),
            Route("/v1/logs", receiver.logs, methods=["POST"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_LOCAL if is_loopback(host) else ["*"])],
    )


def own_metrics(inbox: Inbox, state: State, receiver: Receiver) -> Iterator[str]:
    """What was received and loaded, and the end of the text."""
    yield "# TYPE costctl_receiver_requests counter"
    yield "# HELP costctl_receiver_requests OTLP requests answered."
    for (signal, status), number in sorted(receiver.answered.items()):
        yield f'costctl_receiver_requests_total{{signal="{signal}",status="{status}"}} {number}'
    counters = (
        ("spans", "Spans and records loaded into the store.", state.spans),
        ("duplicates", "Spans that the store had already.", state.duplicates),
        ("rejected", "Records that could not be read; they are in quarantine.", state.rejected),
        (
            "refused_files",
            "Received files that could not be loaded; they are kept beside the inbox.",
            state.refused,
        ),
    )
    for name, what, number in counters:
        yield f"# TYPE costctl_receiver_{name} counter"
        yield f"# HELP costctl_receiver_{name} {what}"
        yield f"costctl_receiver_{name}_total {number}"
    yield "# TYPE costctl_inbox_bytes gauge"
    yield "# UNIT costctl_inbox_bytes bytes"
    yield "# HELP costctl_inbox_bytes Received, and not in the store yet."
    yield f"costctl_inbox_bytes {inbox.waiting_bytes}"
    yield "# EOF"
