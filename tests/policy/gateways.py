"""Gateways on loopback: model servers that say what reaches them, and a program in front of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LONGEST_S = 20.0  # that anything here is waited for


@dataclass
class ModelServer:
    """Answers with its name. seen: what reached it, by ``x-number``.  priorities: what it was told of each request's
    lane, None where nothing.  hold: answers wait while it is set.
    """

    name: str
    port: int = 0
    seen: list[str] = field(default_factory=list)
    priorities: list[str | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        """From now on nothing is answered."""
        self.gate.clear()

    def release(self) -> None:
        """All that waits is answered, and what comes."""
        self.gate.set()


@dataclass(frozen=True)
class Answer:
    """status: of HTTP.  by: the server that answered; empty where none did.  seconds: until the answer."""

    status: int
    by: str
    seconds: float


@contextlib.contextmanager
def model_servers(*names: str) -> Iterator[dict[str, ModelServer]]:
    """Servers by name, each at a port of its own, which answer until they are told to hold."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            server = ModelServer(name)
            server.release()
            listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
            listening.daemon_threads = True
            server.port = listening.server_address[1]
            thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(listening.server_close)
            stack.callback(listening.shutdown)
            stack.callback(server.release)
            found[name] = server
        yield found


@contextlib.contextmanager
def running(command: list[str], environment: Mapping[str, str], port: int, log: Path) -> Iterator[None]:
    """A program that listens on a port, from when it does."""
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            env={"PATH": "/usr/sbin:/usr/bin:/bin", **environment},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(
                lambda: process.poll() is not None or _listens(port), lambda: log.read_text(errors="replace")
            )
            assert process.poll() is None, log.read_text(errors="replace")
            yield
        finally:
            process.terminate()
            process.wait(LONGEST_S)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def ask(
    port: int, body: object, headers: Mapping[str, str] | None = None, path: str = "/v1/chat/completions"
) -> Answer:
    """One request, and who answered it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    began = time.monotonic()
    try:
        connection.request(
            "POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})}
        )
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    by = text if answer.status == 200 else ""
    return Answer(answer.status, by, time.monotonic() - began)


def wait_until(is_so: Callable[[], bool], said: Callable[[], str] = str) -> None:
    """Return as soon as it is so. said: what to tell where it never was."""
    deadline = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < deadline, said()
        time.sleep(0.01)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            server.priorities.append(self.headers.get("x-vllm-priority"))
            server.seen.append(self.headers.get("x-number", ""))
            status = server.statuses.pop(0) if server.statuses else 200
            server.gate.wait(LONGEST_S)
            text = server.name.encode()
            with contextlib.suppress(ConnectionError):
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        def log_message(self, *_args: object) -> None:
            """Nothing: what reaches the server is in ``seen``."""

    return Handler
