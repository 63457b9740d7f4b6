"""For which consumers can a policy be written? One line each; "policy" stands for the document itself."""

from __future__ import annotations

import difflib
from typing import Final

from costctl.documents.policy import Policy
from costctl.errors import UsageError
from costctl.policy.ledger import Emission
from costctl.policy.merging.rules import MergeRules
from costctl.policy.reading import read_yaml
from costctl.policy.targets import (
    aigw,
    bifrost,
    client,
    dynamo,
    envoy,
    haproxy,
    kubernetes,
    litellm,
    llmd,
    otel_collector,
    ray_serve,
    triton,
    vllm,
    vllm_sr,
)
from costctl.policy.targets.target import Read, Target
from costctl.policy.targets.versions import Versions

TARGETS: Final[tuple[Target, ...]] = (
    triton.TARGET,
    litellm.TARGET,
    client.TARGET,
    envoy.TARGET,
    aigw.TARGET,
    bifrost.TARGET,
    haproxy.TARGET,
    vllm.TARGET,
    ray_serve.TARGET,
    dynamo.TARGET,
    vllm_sr.TARGET,
    llmd.TARGET,
    kubernetes.TARGET,
    otel_collector.TARGET,
)
NAMES: Final = ("policy", *(target.name for target in TARGETS))
ALL: Final = "all"
OF_ONE_BACKEND: Final = tuple(target.name for target in TARGETS if target.takes_backend)


def require_target(name: str, backend: str | None = None) -> None:
    """Raise UsageError where there is no such target, or where it does not take the backend that was named."""
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise UsageError(
            f"There is no target {name!r}.{hint}",
            why=f"The targets are: {', '.join(NAMES)}; {ALL} stands for every one of them.",
            next_step="Name one of them with --target.",
        )
    if backend is not None and name not in OF_ONE_BACKEND:
        raise UsageError(
            f"--backend means nothing to the target {name}.",
            why="Its file is of all backends.",
            next_step=f"Leave --backend out, or choose --target {' or '.join(OF_ONE_BACKEND)}.",
        )


def reader_of(name: str) -> Read:
    """How a file of the target is read, to compare two. name: of a target, or "policy"."""
    return next((target.read for target in TARGETS if target.name == name), read_yaml)


def form_of(name: str) -> str | None:
    """The format of the target's file; None where no suffix of a name says it."""
    return "json" if name == "policy" else next(target.form for target in TARGETS if target.name == name)


def require_version(name: str) -> Versions:
    """What is known of the versions of a target's consumer. Raises UsageError where that is nothing."""
    known = next((target.versions for target in TARGETS if target.name == name), None)
    if known is not None:
        return known
    having = [target.name for target in TARGETS if target.versions is not None]
    raise UsageError(
        f"--consumer-version means nothing to the target {name}.",
        why="Its file is for one version, which its manifest names; what others lack was not looked up.",
        next_step=f"Leave it out; the targets of which versions are known are: {', '.join(having)}.",
    )


def rules_of(name: str) -> MergeRules:
    """How to merge into a file of the target. Raises UsageError where that cannot be done."""
    rules = next((target.merging for target in TARGETS if target.name == name), None)
    if rules is not None:
        return rules
    having = [target.name for target in TARGETS if target.merging is not None]
    raise UsageError(
        f"The file of {name} cannot be merged into one that is there.",
        why=f"costctl knows which settings are whose in the files of {' and '.join(having)}.",
        next_step="Write it by itself with --out, and see with --diff FILE how yours differs.",
    )


def emission_of(name: str, policy: Policy, backend: str | None, version: str | None = None) -> Emission:
    """The policy for a consumer. backend: which one to configure, where its file is of one.  version: of the consumer;
    None for the one that the tests hold its files to.

    Raises UsageError where there is no such target, it takes no backend, or nothing is known of the version;
    InfeasibleError where it cannot enforce a required data boundary.
    """
    require_target(name, backend)
    if version is not None:
        require_version(name)
    return next(each for each in TARGETS if each.name == name).emit(policy, backend, version)
