"""Makes a list of calls with the real client, each below a span of its own, and exports the spans.

Run in the clients' environment: ``python drive.py URL INSTRUMENTATION [INSTRUMENTATION]``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

# name, interface, what is asked for besides, the fault that the server shall have, retries of the client
CALLS: tuple[tuple[str, str, dict[str, Any], str, int], ...] = (
    ("plain", "chat", {}, "", 0),
    ("cached", "chat", {}, "", 0),
    ("reasoning", "chat", {"max_completion_tokens": 64}, "", 0),
    ("stream", "chat", {"stream": True, "stream_options": {"include_usage": True}}, "", 0),
    ("silent stream", "chat", {"stream": True}, "", 0),
    ("embeddings", "embeddings", {}, "", 0),
    ("responses", "responses", {}, "", 0),
    ("cached responses", "responses", {}, "", 0),
    ("rate limited", "chat", {}, "429", 0),
    ("server error", "chat", {}, "500", 0),
    ("bad request", "chat", {}, "400", 0),
    ("failed embeddings", "embeddings", {}, "500", 0),
    ("retried", "chat", {}, "429once", 2),
    ("dropped stream", "chat", {"stream": True}, "dropped", 0),
)


def instrument(name: str) -> None:
    """Switch one instrumentation on."""
    if name == "openai_v2":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    elif name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor
    else:
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument()


def make_calls(url: str) -> None:
    """Every call once."""
    from openai import OpenAI
    from opentelemetry import trace

    tracer = trace.get_tracer("application")
    for name, interface, more, fault, retries in CALLS:
        client = OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=retries)
        headers = {"x-call": name, "x-fault": fault}
        with tracer.start_as_current_span(name, kind=trace.SpanKind.SERVER), contextlib.suppress(Exception):
            if interface == "embeddings":
                client.embeddings.create(
                    model="text-embedding-3-small", input=["a b"], extra_headers=headers, **more
                )
            elif interface == "responses":
                client.responses.create(model="gpt-4.1", input="say two words", extra_headers=headers, **more)
            else:
                messages: Any = [{"role": "user", "content": "say two words"}]
                answer = client.chat.completions.create(
                    model="gpt-4.1-mini", messages=messages, extra_headers=headers, **more
                )
                if more.get("stream"):
                    for _ in answer:
                        continue


def main() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    url, *names = sys.argv[1:]
    os.environ["TRACELOOP_TRACE_CONTENT"] = "false"
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    trace.set_tracer_provider(provider)
    for name in names:
        instrument(name)
    make_calls(url)
    provider.shutdown()


if __name__ == "__main__":
    main()
