"""The consumers' own programs load the files of policies at random, without a warning."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings

from costctl.documents.policy import Policy
from costctl.policy.targets.envoy import emit_envoy
from costctl.policy.targets.haproxy import emit_haproxy
from tests.policy.random_policies import policies
from tests.policy.validators import program
from tests.thoroughness import how_many


@settings(max_examples=how_many(5, thorough=25))
@given(policy=policies(is_one_boundary=True))
def test_haproxy_loads_whatever_is_written_for_it(
    policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if command is None:
        pytest.skip("haproxy is not installed; run: make validators")
    file = tmp_path_factory.mktemp("haproxy") / "haproxy.cfg"
    text = emit_haproxy(policy, None).files["haproxy.cfg"]
    file.write_text(text)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+_ADDRESS\w*)\}", text), "127.0.0.1:2")
    environment = {**variables, "COSTCTL_LISTEN": "127.0.0.1:1", "COSTCTL_EDGE": "127.0.0.1"}
    done = subprocess.run(
        [command, "-c", "-f", str(file)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr


@settings(max_examples=how_many(5, thorough=15))
@given(policy=policies(is_one_boundary=True))
def test_envoy_loads_whatever_is_written_for_it(
    policy: Policy, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    envoy = program(repository, "envoy", "envoy")
    file = tmp_path_factory.mktemp("envoy") / "envoy.yaml"
    file.write_text(emit_envoy(policy, None).files["envoy.yaml"])
    command = [str(envoy), "--mode", "validate", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
