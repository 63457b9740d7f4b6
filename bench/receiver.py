"""How many spans a second does `costctl serve` take on loopback, until they are acknowledged, and until they are in the
store? Two hundred thousand spans of model calls, 500 in a request, from four senders.
"""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from tests.serve.test_receiver import PROTOBUF, Server, served, spans, stored

SPANS: Final = 200_000
IN_A_REQUEST: Final = 500
SENDERS: Final = 4


def main() -> None:
    """Measure and print."""
    bodies = [spans(1 + first, IN_A_REQUEST).SerializeToString() for first in range(0, SPANS, IN_A_REQUEST)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder) as server:
            begin_s = time.monotonic()
            _send(server, bodies)
            acknowledged_s = time.monotonic() - begin_s
            while server.counted("receiver_spans_total") < SPANS:
                time.sleep(0.1)
            stored_s = time.monotonic() - begin_s
        found = stored(folder)
    print(f"acknowledged: {SPANS / acknowledged_s:,.0f} spans a second")
    print(f"in the store: {SPANS / stored_s:,.0f} spans a second; {found:,} of {SPANS:,} are there")


def _send(server: Server, bodies: list[bytes]) -> None:
    """All bodies, each until it is acknowledged."""
    waiting, taking = iter(bodies), threading.Lock()

    def send() -> None:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        while True:
            with taking:
                body = next(waiting, None)
            if body is None:
                return
            while not _is_acknowledged(connection, body):
                time.sleep(0.5)

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _is_acknowledged(connection: http.client.HTTPConnection, body: bytes) -> bool:
    connection.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF})
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


if __name__ == "__main__":
    main()
