"""vLLM: the arguments of the engines of one backend, as ``vllm serve --config`` reads them.

In: a policy and the backend to configure. Out: an ``Emission``. The file says what the model is called, how many
sequences run and wait, and that lanes are served in order; the priority itself comes with each request.
https://docs.vllm.ai/en/stable/configuration/serve_args/
"""

from __future__ import annotations

from typing import Final

import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Backend, Policy
from costctl.errors import UsageError
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.one_backend import chosen_backend
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target, is_own
from costctl.policy.targets.versions import Since, Versions
from costctl.policy.targets.vllm_arguments import (
    PRIORITY_HEADER,
    VERSION,
    arguments_of,
    engine_conditions,
    engine_of,
    order_condition,
)
from costctl.policy.targets.vllm_entries import Spelling, say_all

FILE_NAME: Final = "vllm.yaml"
_CONSUMER: Final = Consumer("vLLM", VERSION)
_VALIDATOR: Final = Validator(
    "arguments of vllm serve",
    "0.33.0",
    "hand-schema",
    "That vLLM has the arguments, and that their values are of its types and within its bounds; not that an engine "
    "starts.",
)
_SPELLING: Final = Spelling(argument=str, priority=PRIORITY_HEADER)
_OF_BODY: Final = Spelling(argument=str, priority="priority in the body")


def emit_vllm(policy: Policy, named: str | None) -> Emission:
    """The file for one backend; where none is named the only pool that batches continuously. Raises UsageError where
    that leaves none or several, or where a provider's model is named.
    """
    return _emitted(policy, named, _SPELLING, f"the header {PRIORITY_HEADER}")


def emit_vllm_told_by_body(policy: Policy, named: str | None) -> Emission:
    """The same for versions that read the priority of a request from its body alone."""
    return _emitted(policy, named, _OF_BODY, "the field priority in the body")


def _emitted(policy: Policy, named: str | None, spelling: Spelling, told: str) -> Emission:
    number, backend = chosen_backend(
        policy, named, FILE_NAME, is_an_engine, "of a pool that batches continuously"
    )
    require_pool(policy, backend)
    engine = engine_of(policy, number)
    arguments = arguments_of(engine)
    conditions = (
        f"Each replica is started with: vllm serve WEIGHTS --config {FILE_NAME}, where WEIGHTS is the model's path or "
        "name.",
        *order_condition(engine, told),
        *engine_conditions(engine),
    )
    head = (*origin_lines(policy, "vllm", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    # A file of comments alone stops vLLM: where nothing is set it is an empty map.
    text = commented(head) + yaml.safe_dump(arguments, sort_keys=False, allow_unicode=True, width=110)
    ledger = Ledger(policy)
    say_all(ledger, policy, engine, spelling)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, ((len(arguments), "argument"),))


def require_pool(policy: Policy, backend: Backend) -> None:
    """Raise UsageError where the backend is bought by the token."""
    if is_own(backend):
        return
    own = sorted(each.id for each in policy.backends if is_own(each))
    raise UsageError(
        f"{backend.id} has no engine to configure.",
        why="It is bought by the token from a provider.",
        next_step=f"Name a backend of a pool: {', '.join(own)}."
        if own
        else "The policy has no pool of its own.",
    )


def is_an_engine(backend: Backend) -> bool:
    """Whether a backend is a pool of engines that batch continuously."""
    return is_own(backend) and backend.batching != "static"


VERSIONS: Final = Versions(
    oldest="0.15",
    newest=VERSION,
    known_by="Names of arguments and headers were looked for in released packages.",
    settings=(
        Since(
            "0.28",
            f"header {PRIORITY_HEADER} (before, the body's priority)",
            "packages vllm 0.27.0 and 0.28.0, read 2026-12-01",
            before=emit_vllm_told_by_body,
        ),
        Since(
            "0.29",
            "max-num-queued-reqs",
            "packages vllm 0.28.0 and 0.29.0, read 2026-12-01; https://github.com/vllm-project/vllm/pull/49445",
            ("/classes/*/queue/depth",),
        ),
    ),
)

TARGET: Final = Target(
    "vllm", emit_vllm, takes_backend=True, suits=is_an_engine, form="yaml", versions=VERSIONS
)
