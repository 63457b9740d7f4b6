"""A server on loopback that answers as OpenAI's does, takes the spans that clients export, and remembers what
it served.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """One HTTP call. call: what the client named it.  The tokens are those of the usage that was sent, None
    for none.
    """

    call: str
    path: str
    model: str
    status: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass
class Mock:
    """What was served and what was exported, in order."""

    url: str = ""
    served: list[Served] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, call: str) -> list[Served]:
        """Everything that was served for a call, the last attempt last."""
        return [each for each in self.served if each.call == call]


@contextmanager
def mock_server() -> Iterator[Mock]:
    """The server, until the end of the block."""
    mock = Mock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(mock))
    mock.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield mock
    finally:
        server.shutdown()
        server.server_close()


def _handler(mock: Mock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                unpacked = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                with mock.lock:
                    mock.bodies.append(unpacked)
                self._answer(200, b"", "application/x-protobuf")
                return
            self._serve(json.loads(body))

        def _serve(self, asked: Json) -> None:
            call = self.headers.get("x-call", "")
            with mock.lock:
                number = len(mock.served) + 1
                fault = _fault(self.headers.get("x-fault", ""), len(mock.of(call)))
                served = _served(call, self.path, asked, number, fault)
                mock.served.append(served)
            if fault in (400, 429, 500):
                error = {"message": "refused", "type": "mock", "code": None, "param": None}
                self._answer(fault, json.dumps({"error": error}).encode(), "application/json")
            elif asked.get("stream"):
                self._stream(asked, served, number, is_dropped=fault == DROPPED)
            else:
                self._answer(
                    200, json.dumps(_answer(self.path, asked, served, number)).encode(), "application/json"
                )

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, asked: Json, served: Served, number: int, *, is_dropped: bool) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            chunk = {
                "id": f"chatcmpl-{number}",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": asked["model"],
            }
            for word in ("one", "two"):
                delta = [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]
                self.wfile.write(b"data: " + json.dumps({**chunk, "choices": delta}).encode() + b"\n\n")
            if is_dropped:
                self.wfile.write(b'data: {"id": "chatc')
                self.close_connection = True
                return
            last = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
            self.wfile.write(b"data: " + json.dumps({**chunk, "choices": last}).encode() + b"\n\n")
            if served.input_tokens is not None:
                usage = {**chunk, "choices": [], "usage": _chat_usage(served)}
                self.wfile.write(b"data: " + json.dumps(usage).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

    return Handler


DROPPED = -1


def _fault(asked: str, earlier: int) -> int:
    """The status to fail with, DROPPED for a stream that breaks off, 0 for none. earlier: attempts before."""
    if asked == "dropped":
        return DROPPED
    if asked.endswith("once"):
        return 0 if earlier else int(asked.removesuffix("once"))
    return int(asked or 0)


def _served(call: str, path: str, asked: Json, number: int, fault: int) -> Served:
    status = fault if fault > 0 else 200
    is_silent = bool(asked.get("stream")) and not asked.get("stream_options", {}).get("include_usage")
    if status != 200 or is_silent or fault == DROPPED:
        return Served(call, path, asked["model"], status)
    input_tokens, output_tokens = 100 + 7 * number, 20 + number
    if path.endswith("embeddings"):
        return Served(call, path, asked["model"], status, input_tokens)
    cached = 64 if "cached" in call else 0
    reasoning = 9 if "reasoning" in call else 0
    return Served(call, path, asked["model"], status, input_tokens, output_tokens, cached, reasoning)


def _chat_usage(served: Served) -> Json:
    return {
        "prompt_tokens": served.input_tokens,
        "completion_tokens": served.output_tokens,
        "total_tokens": (served.input_tokens or 0) + (served.output_tokens or 0),
        "prompt_tokens_details": {"cached_tokens": served.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": served.reasoning_tokens},
    }


def _answer(path: str, asked: Json, served: Served, number: int) -> Json:
    model = asked["model"] + "-2026-10-01"
    if path.endswith("embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
        usage = {"prompt_tokens": served.input_tokens, "total_tokens": served.input_tokens}
        return {"object": "list", "data": data, "model": model, "usage": usage}
    if path.endswith("responses"):
        text = {"type": "output_text", "text": "one two", "annotations": []}
        message = {
            "type": "message",
            "id": "m1",
            "role": "assistant",
            "status": "completed",
            "content": [text],
        }
        return {
            "id": f"resp_{number}", "object": "response", "created_at": 1, "model": model, "status": "completed",
            "output": [message], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
            "usage": {
                "input_tokens": served.input_tokens, "output_tokens": served.output_tokens,
                "total_tokens": (served.input_tokens or 0) + (served.output_tokens or 0),
                "input_tokens_details": {"cached_tokens": served.cached_tokens},
                "output_tokens_details": {"reasoning_tokens": served.reasoning_tokens},
            },
        }  # fmt: skip
    choice = {"index": 0, "message": {"role": "assistant", "content": "one two"}, "finish_reason": "stop"}
    return {
        "id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
        "usage": _chat_usage(served),
    }  # fmt: skip
