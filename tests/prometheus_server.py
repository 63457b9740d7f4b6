"""A real Prometheus on loopback that scrapes texts of metrics, and what it answers to queries."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_WAIT_S: Final = 30.0
_SCRAPES: Final = """\
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
scrape_configs:
  - job_name: costctl
    honor_labels: true
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""
Labels = tuple[tuple[str, str], ...]


def program(repository: Path, name: str) -> Path:
    """prometheus or promtool, as ``make validators`` unpacks them; it need not be there."""
    return repository / ".validators" / "prometheus" / "usr" / "bin" / name


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs. Answers are those of its HTTP API."""

    port: int

    def asked(self, path: str, **arguments: str) -> Any:
        """The data of an answer. Raises HTTPError where the query is none."""
        query = urllib.parse.urlencode(arguments)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=30
        ) as answer:
            return json.load(answer)["data"]

    def values(self, query: str) -> dict[Labels, float]:
        """Labels, but those of the scrape, → value, of each series that the query finds."""
        return {
            tuple(
                sorted(
                    (key, value) for key, value in each["metric"].items() if key not in ("job", "instance")
                )
            ): float(each["value"][1])
            for each in self.asked("query", query=query)["result"]
        }

    def label_values(self, metric: str, label: str) -> list[str]:
        """What Grafana's label_values() asks for."""
        found: list[str] = self.asked(f"label/{label}/values", **{"match[]": metric})
        return found


@contextmanager
def scraping(repository: Path, folder: Path, text: Callable[[], str], scrapes: int) -> Iterator[Prometheus]:
    """A server that has scraped ``text`` so often."""
    with (
        _serving(text) as target,
        running(repository, folder, _SCRAPES.format(port=target)) as started,
    ):
        _wait(started, scrapes)
        yield started


@contextmanager
def running(repository: Path, folder: Path, config: str) -> Iterator[Prometheus]:
    """A server with this configuration. It may not answer yet."""
    file = folder / "prometheus.yml"
    file.write_text(config, encoding="utf-8")
    port = _free_port()
    arguments = (
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    with subprocess.Popen([program(repository, "prometheus"), *arguments]) as process:
        try:
            yield Prometheus(port)
        finally:
            process.terminate()


@contextmanager
def _serving(text: Callable[[], str]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", OPEN_METRICS)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_said: Any) -> None:
            """Nothing: tests print what they find."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(server: Prometheus, scrapes: int) -> None:
    """Until so many scrapes went well. A server that does not answer yet refuses the connection."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            seen = server.values("sum_over_time(up[1m])")
        except OSError:
            seen = {}
        if sum(seen.values()) >= scrapes:
            return
        if time.monotonic() > until:
            faults = [each["lastError"] for each in server.asked("targets")["activeTargets"]]
            raise AssertionError(f"Prometheus did not scrape {scrapes} times in {_WAIT_S:.0f} s: {faults}")
        time.sleep(0.1)
