"""The consumers themselves load merged files, and what was added is served."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from costctl.policy.targets.registry import emission_of
from tests.policy.merge_shapes import ENVOY, LITELLM
from tests.policy.merged import merged, mixed_policy
from tests.policy.validators import program, said_by, validator

LOAD = Path(__file__).with_name("load_merged.py")
SERVED = {"gpt-4o": ("openai/gpt-4o",), "large": ("hosted_vllm/large",), "small": ("hosted_vllm/small",)}


def test_litellm_loads_each_merged_file_and_our_groups_are_answered(repository: Path) -> None:
    shapes = [
        name for name, text in LITELLM.items() if "!vault" not in text
    ]  # LiteLLM itself reads no such tag
    texts = [merged("litellm", LITELLM[name]).text for name in shapes]
    said = said_by(
        validator(repository, "litellm"), LOAD, json.dumps({"texts": texts, "groups": list(SERVED)})
    )
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert len(lines) == len(shapes)
    for shape, answered in zip(shapes, lines, strict=True):
        assert all(answered[group] in models for group, models in SERVED.items()), shape


@pytest.mark.parametrize("shape", list(ENVOY))
def test_envoy_loads_each_merged_file(shape: str, repository: Path, tmp_path: Path) -> None:
    envoy, file = program(repository, "envoy", "envoy"), tmp_path / "envoy.yaml"
    file.write_text(merged("envoy", ENVOY[shape]).text)
    command = [str(envoy), "--mode", "validate", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_envoy_would_refuse_the_listener_beside_one_of_its_port(repository: Path, tmp_path: Path) -> None:
    """Why the port is moved: without that, the two would not be told apart."""
    text = ENVOY["the port is taken"]
    assert "port_value: 10000" in emission_of("envoy", mixed_policy(), None).files["envoy.yaml"]
    envoy, file = program(repository, "envoy", "envoy"), tmp_path / "envoy.yaml"
    file.write_text(merged("envoy", text).text.replace("port_value: 10002", "port_value: 10000"))
    command = [str(envoy), "--mode", "validate", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
