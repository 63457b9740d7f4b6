"""Each target's consumer: what it says of files, by its own code where that can be installed, by hand elsewhere.

A consumer is given texts by name and answers, by name, why it refuses each: an empty text where it takes it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from costctl.documents.client_patch import ClientPatch
from costctl.policy.reading import read_yaml
from costctl.policy.targets.kube_text import read_documents
from tests.policy import aigw_schemas, bifrost_schema, vllm_serve
from tests.policy.dynamo_reads import why_refused
from tests.policy.kube_schemas import OBJECTS, misfits, said_by_kubernetes, said_by_projects
from tests.policy.transform_processor import RefusedConfigError, processed
from tests.policy.validators import program, said_by, validator

Texts = Mapping[str, str]
Answers = dict[str, str]
Consumer = Callable[[Path, Texts], Answers]

ASK_TRITON = """
import json, sys
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2
found = {}
for name, text in json.load(sys.stdin).items():
    try:
        text_format.Parse(text, model_config_pb2.ModelConfig())
        found[name] = ""
    except text_format.ParseError as error:
        found[name] = str(error)
print(json.dumps(found))
"""
ASK_LITELLM = """
import json, sys, yaml
from litellm import Router
found = {}
for name, text in json.load(sys.stdin).items():
    try:
        config = yaml.safe_load(text)
        Router(model_list=config["model_list"], **config["router_settings"])
        found[name] = ""
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
ASK_RAY = Path(__file__).with_name("ask_ray.py")
ASK_VLLM_SR = Path(__file__).with_name("ask_vllm_sr.py")
OF_PROJECTS = ("HTTPRoute", "ScaledObject")  # Gateway API and KEDA publish their schemas


def triton(repository: Path, texts: Texts) -> Answers:
    """The parser of Triton's client for its own protobuf text."""
    return _asked(validator(repository, "triton"), ASK_TRITON, texts)


def litellm(repository: Path, texts: Texts) -> Answers:
    """LiteLLM's own router."""
    return _asked(validator(repository, "litellm"), ASK_LITELLM, texts)


def ray_serve(repository: Path, texts: Texts) -> Answers:
    """Ray's own classes."""
    return _asked(validator(repository, "ray"), ASK_RAY, texts)


def client(_repository: Path, texts: Texts) -> Answers:
    """People read this file: it has the shape that is published."""
    return {name: _error(_patch_in, text) for name, text in texts.items()}


def envoy(repository: Path, texts: Texts) -> Answers:
    """Envoy, which reads a file as if to start, and does not."""
    command = [str(program(repository, "envoy", "envoy")), "--mode", "validate", "-l", "error", "-c"]
    return {name: _refusal([*command], text, ".yaml") for name, text in texts.items()}


def haproxy(_repository: Path, texts: Texts) -> Answers:
    """HAProxy, which reads a file as if to start, and does not; a warning is a refusal too."""
    command = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if command is None:
        pytest.skip("haproxy is not installed; run: make validators")
    found = {}
    for name, text in texts.items():
        addresses = dict.fromkeys(re.findall(r"\$\{(\w+_ADDRESS\w*)\}", text), "127.0.0.1:2")
        environment = {**addresses, "COSTCTL_LISTEN": "127.0.0.1:1", "COSTCTL_EDGE": "127.0.0.1"}
        found[name] = _refusal([command, "-c", "-f"], text, ".cfg", environment)
    return found


def vllm(_repository: Path, texts: Texts) -> Answers:
    """A reading of the arguments by hand."""
    return {name: _error(vllm_serve.arguments_read, text) for name, text in texts.items()}


def otel_collector(_repository: Path, texts: Texts) -> Answers:
    """A twin of the transform processor."""
    return {name: _error(_collector_started, text) for name, text in texts.items()}


def kubernetes(repository: Path, texts: Texts) -> Answers:
    """Every object by a strict schema: as its own project publishes it, by hand where none does."""
    answers = {name: misfits(_of_hand(read_documents(text))) for name, text in texts.items()}
    asked = [(name, each) for name, text in texts.items() for each in yaml.safe_load_all(text) if each]
    for said, is_asked in ((said_by_projects, _is_of_projects), (said_by_kubernetes, _is_of_kubernetes)):
        these = [(name, each) for name, each in asked if is_asked(each["kind"])]
        refused = said(repository, [each for _, each in these])
        for (name, _), why in zip(these, refused, strict=True):
            answers[name] += [why] if why else []
    return {name: "; ".join(each) for name, each in answers.items()}


def envoy_ai_gateway(_repository: Path, texts: Texts) -> Answers:
    """Every object by a schema after the types of the projects, and what objects name is there."""
    return {name: "; ".join(aigw_schemas.faults(read_documents(text))) for name, text in texts.items()}


def bifrost(_repository: Path, texts: Texts) -> Answers:
    """A schema after Bifrost's own."""
    return {name: "; ".join(bifrost_schema.faults(json.loads(text))) for name, text in texts.items()}


def vllm_sr(repository: Path, texts: Texts) -> Answers:
    """The validation that the router brings along."""
    return _asked(validator(repository, "vllm_sr"), ASK_VLLM_SR, texts)


CONSUMERS: Final[Mapping[str, Consumer]] = {
    "triton": triton,
    "litellm": litellm,
    "client": client,
    "bifrost": bifrost,
    "dynamo": why_refused,
    "envoy": envoy,
    "envoy-ai-gateway": envoy_ai_gateway,
    "haproxy": haproxy,
    "vllm": vllm,
    "ray-serve": ray_serve,
    "llm-d": kubernetes,
    "kubernetes": kubernetes,
    "otel-collector": otel_collector,
    "vllm-sr": vllm_sr,
}


def _asked(python: Path, program: str | Path, texts: Texts) -> Answers:
    found: Answers = json.loads(said_by(python, program, json.dumps(texts)).splitlines()[-1])
    return found


def _of_hand(objects: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in objects.items() if each["kind"] in OBJECTS}


def _is_of_projects(kind: str) -> bool:
    return kind in OF_PROJECTS


def _is_of_kubernetes(kind: str) -> bool:
    return kind == "ConfigMap" or kind not in OBJECTS


def _patch_in(text: str) -> ClientPatch:
    return msgspec.convert(read_yaml(text), ClientPatch)


def _collector_started(text: str) -> None:
    processed(text, {})


def _error(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except (ValueError, vllm_serve.RefusedError, RefusedConfigError) as refused:
        return f"{type(refused).__name__}: {refused}"
    return ""


def _refusal(command: list[str], text: str, suffix: str, environment: Mapping[str, str] | None = None) -> str:
    """What a program says of a file that it refuses, or warns of."""
    with tempfile.NamedTemporaryFile("w", suffix=suffix, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(
            [*command, file.name], env=environment, capture_output=True, text=True, check=False
        )
    said = done.stdout + done.stderr
    return said if done.returncode or "WARNING" in said else ""
