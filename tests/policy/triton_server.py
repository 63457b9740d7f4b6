"""Triton itself, on loopback, with a model of ours that says in which batch each request was.

The core is that of PyTriton's package, with its backend for models in Python; it runs without an accelerator.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.policy.gateways import LONGEST_S, free_port, wait_until
from tests.policy.validators import validator

# What a model's own config.pbtxt says; the lines of the policy are added to it.
OWN_LINES = """
backend: "python"
input { name: "number" data_type: TYPE_INT32 dims: [ 1 ] }
output { name: "batch" data_type: TYPE_INT32 dims: [ 1 ] }
instance_group { kind: KIND_CPU count: 1 }
"""
MODEL = """
import os, time
import numpy
import triton_python_backend_utils as triton

class TritonPythonModel:
    def initialize(self, arguments):
        self.folder, self.batch = arguments["model_repository"], 0

    def execute(self, requests):
        self.batch += 1
        open(os.path.join(self.folder, f"begun-{self.batch}"), "w").close()
        while os.path.exists(os.path.join(self.folder, "hold")):
            time.sleep(0.002)
        return [
            triton.InferenceResponse([triton.Tensor("batch", numpy.full((1, 1), self.batch, numpy.int32))])
            for _ in requests
        ]
"""


@dataclass(frozen=True)
class Reply:
    """batch: the number of the batch that a request was in; None where it was refused.  reason: why it was."""

    batch: int | None
    reason: str
    seconds: float


@dataclass(frozen=True)
class Triton:
    """A running server, that loads what it is asked to. metrics: another port.  models: its repository."""

    port: int
    metrics: int
    models: Path
    pool: ThreadPoolExecutor

    def load(self, name: str, text: str) -> str:
        """Put a model in place of the last of that name; why it is refused, empty where it is not."""
        folder = self.models / name
        (folder / "1").mkdir(parents=True, exist_ok=True)
        (folder / "1" / "model.py").write_text(MODEL)
        (folder / "config.pbtxt").write_text(text + OWN_LINES)
        return str(self.told(f"/v2/repository/models/{name}/load", {})[1].get("error", ""))

    def infer(self, name: str, priority: int | None = None) -> Reply:
        """One request, alone. priority: the level that it says."""
        asked = {"name": "number", "shape": [1, 1], "datatype": "INT32", "data": [1]}
        said = {} if priority is None else {"parameters": {"priority": priority}}
        began = time.monotonic()
        status, body = self.told(f"/v2/models/{name}/infer", {"inputs": [asked], **said})
        taken = time.monotonic() - began
        if status != 200:
            return Reply(None, body["error"], taken)
        return Reply(body["outputs"][0]["data"][0], "", taken)

    def begin(self, name: str, priority: int | None = None) -> Future[Reply]:
        return self.pool.submit(self.infer, name, priority)

    def config(self, name: str) -> dict[str, Any]:
        """What it made of a model's file."""
        return self.told(f"/v2/models/{name}/config", None)[1]

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[Path]:
        """No batch ends meanwhile. Yields the folder that has begun-N for each batch N."""
        hold = self.models / name / "hold"
        hold.touch()
        try:
            yield hold.parent
        finally:
            hold.unlink()

    def waiting(self, name: str) -> int:
        """Requests in its queues."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics, timeout=LONGEST_S)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        mine = f'nv_inference_pending_request_count{{model="{name}"'
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(mine))

    def told(self, path: str, body: object | None) -> tuple[int, dict[str, Any]]:
        """The status and the body of the answer; a GET where there is nothing to send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_S)
        with contextlib.closing(connection):
            connection.request(
                "GET" if body is None else "POST", path, None if body is None else json.dumps(body)
            )
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else {}


@contextlib.contextmanager
def triton(repository: Path, folder: Path) -> Iterator[Triton]:
    """A server without models, from when it is ready."""
    python = validator(repository, "tritonserver")
    packages = next((python.parent.parent / "lib").glob("python3*/site-packages"))
    program = packages / "pytriton" / "tritonserver"
    backend = folder / "backends" / "python"
    backend.mkdir(parents=True)
    (folder / "models").mkdir()
    stub = program / "python_backend_stubs" / packages.parent.name.removeprefix("python")
    for file in (*(program / "backends" / "python").glob("*triton*"), *stub.iterdir()):
        (backend / file.name).symlink_to(file)
    port, metrics = free_port(), free_port()
    options = {
        "model-repository": folder / "models",
        "model-control-mode": "explicit",
        "backend-directory": folder / "backends",
        "http-address": "127.0.0.1",
        "http-port": port,
        "allow-grpc": "false",
        "metrics-port": metrics,
        "allow-gpu-metrics": "false",
        "allow-cpu-metrics": "false",
        "exit-timeout-secs": 0,
    }
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "LD_LIBRARY_PATH": f"{packages / 'nvidia_pytriton.libs'}:{sysconfig.get_config_var('LIBDIR')}",
    }
    command = [
        str(program / "bin" / "tritonserver"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    with _running(command, environment, folder / "log") as log, ThreadPoolExecutor(64) as pool:
        server = Triton(port, metrics, folder / "models", pool)
        wait_until(lambda: _is_ready(server), lambda: log.read_text(errors="replace"))
        yield server


@contextlib.contextmanager
def _running(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Path]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=environment, stdout=written, stderr=subprocess.STDOUT)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(LONGEST_S)


def _is_ready(server: Triton) -> bool:
    with contextlib.suppress(OSError):
        return server.told("/v2/health/ready", None)[0] == 200
    return False


def lost(written: Any, made: Any, at: str = "") -> list[str]:
    """Where the server has something else than what a file says, or nothing.

    written: as ``read_protobuf_text`` reads it.  made: as the server tells its configuration; what it adds is not lost.
    """
    if isinstance(written, dict) and isinstance(made, dict):
        return [
            place for name, value in written.items() for place in lost(value, made.get(name), f"{at}/{name}")
        ]
    entries = written if isinstance(written, list) else [written]
    if isinstance(made, dict):  # a map, which is written as an entry for each key
        keys = [each["key"] for each in entries]
        twice = [f"{at}/{key}" for key in sorted(set(keys)) if keys.count(key) > 1]
        return twice + [
            place
            for each in entries
            for place in lost(each["value"], made.get(each["key"]), f"{at}/{each['key']}")
        ]
    if isinstance(made, list):
        return [] if list(map(_plain, entries)) == list(map(str, made)) else [at]
    return [] if made is not None and _plain(written) == str(made) else [at]


def _plain(value: object) -> str:
    return str(value).strip('"')
