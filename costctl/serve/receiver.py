"""OTLP/HTTP: which requests are taken, and what is answered to the others?

In: requests to /v1/traces and /v1/logs, JSON or protobuf, gzip or plain. Out: an answer as the specification has it
(opentelemetry.io/docs/specs/otlp, 1.7): 200 once the body is on disk, 400 for what is no such message, 413 and 415 for
what is not taken, 503 with Retry-After while there is no room. Nothing of a body is in any answer or log.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from costctl.serve.inbox import Encoding, Inbox, InboxFullError, Signal

_TYPES: Final[dict[str, Encoding]] = {"application/x-protobuf": "protobuf", "application/json": "json"}
_TYPE_OF: Final = {encoding: name for name, encoding in _TYPES.items()}
_MESSAGES: Final[dict[Signal, type[Message]]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
}
_FIELDS: Final[dict[Signal, str]] = {"traces": "resourceSpans", "logs": "resourceLogs"}
_GZIP: Final = 31  # window bits of zlib that stand for gzip
_RETRY_AFTER_S: Final = 5
_INVALID_ARGUMENT, _UNAVAILABLE, _RESOURCE_EXHAUSTED = 3, 14, 8  # codes of google.rpc.Status


class _RefusedError(Exception):
    """A request that is not taken. status: of HTTP.  code: of google.rpc.Status."""

    def __init__(self, status: int, code: int, why: str) -> None:
        super().__init__(why)
        self.status, self.code, self.why = status, code, why


@dataclass(frozen=True, slots=True)
class Receiver:
    """most_body: bytes of a body, unpacked.  answered: how many requests, by signal and status."""

    inbox: Inbox
    most_body: int
    answered: Counter[tuple[Signal, int]] = field(default_factory=Counter)

    async def traces(self, request: Request) -> Response:
        """POST /v1/traces."""
        return await self._receive(request, "traces")

    async def logs(self, request: Request) -> Response:
        """POST /v1/logs."""
        return await self._receive(request, "logs")

    async def _receive(self, request: Request, signal: Signal) -> Response:
        encoding: Encoding = "json"
        try:
            encoding = _encoding_of(request)
            body = await self._body(request)
            await run_in_threadpool(self._keep, signal, encoding, body)
            answer = _answer(200, encoding, b"" if encoding == "protobuf" else b"{}")
        except _RefusedError as refused:
            answer = _answer(refused.status, encoding, _status(encoding, refused))
            if refused.status == 503:
                answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
        self.answered[signal, answer.status_code] += 1
        return answer

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self.most_body:
                raise _too_large(self.most_body)
            parts.append(part)
        body = b"".join(parts)
        packing = request.headers.get("content-encoding", "identity").strip().lower()
        if packing == "gzip":
            return await run_in_threadpool(_unpacked, body, self.most_body)
        if packing not in ("", "identity"):
            raise _RefusedError(415, _INVALID_ARGUMENT, "Content-Encoding must be gzip, or none.")
        return body

    def _keep(self, signal: Signal, encoding: Encoding, body: bytes) -> None:
        _require_message(signal, encoding, body)
        try:
            self.inbox.add(signal, encoding, body)
        except InboxFullError as error:
            raise _RefusedError(503, _UNAVAILABLE, "No room: what came before is being loaded.") from error
        except OSError as error:
            raise _RefusedError(503, _RESOURCE_EXHAUSTED, "The disk takes no more.") from error


def _encoding_of(request: Request) -> Encoding:
    name = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if name not in _TYPES:
        raise _RefusedError(
            415, _INVALID_ARGUMENT, "Content-Type must be application/x-protobuf or application/json."
        )
    return _TYPES[name]


def _unpacked(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        found = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise _RefusedError(400, _INVALID_ARGUMENT, "The body is no gzip.") from error
    if len(found) > most:
        raise _too_large(most)
    if not unpacker.eof:
        raise _RefusedError(400, _INVALID_ARGUMENT, "The gzip of the body ends too early.")
    return found


def _require_message(signal: Signal, encoding: Encoding, body: bytes) -> None:
    """Raise for what is no message of the signal: whoever sent it can still mend it."""
    try:
        if encoding == "protobuf":
            _MESSAGES[signal]().ParseFromString(body)
            return
        found = msgspec.json.decode(body)
    except (DecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        why = f"The body is no OTLP message of {signal} in {encoding}."
        raise _RefusedError(400, _INVALID_ARGUMENT, why) from error
    if not isinstance(found, dict) or not isinstance(found.get(_FIELDS[signal], []), list):
        raise _RefusedError(400, _INVALID_ARGUMENT, f"The body has no list of {_FIELDS[signal]}.")


def _too_large(most: int) -> _RefusedError:
    return _RefusedError(
        413, _INVALID_ARGUMENT, f"The body has more than {most:,} bytes; send smaller batches."
    )


def _status(encoding: Encoding, refused: _RefusedError) -> bytes:
    """A google.rpc.Status: code is its first field, message its second."""
    if encoding == "json":
        return msgspec.json.encode({"code": refused.code, "message": refused.why})
    said = refused.why.encode()
    return bytes((0x08, refused.code, 0x12, len(said))) + said


def _answer(status: int, encoding: Encoding, content: bytes) -> Response:
    return Response(content, status, media_type=_TYPE_OF[encoding])
