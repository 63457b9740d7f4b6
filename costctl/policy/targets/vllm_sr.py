"""vLLM Semantic Router: the router's configuration, with a decision for each class.

In: a policy. Out: an ``Emission``. The router chooses a model for a chat by the header of its class and by the name
that it asks by; it lets nothing wait and keeps no order. A client that names a model of the router gets it, past every
decision: a required data boundary holds only where every model of the file lies within it.
https://github.com/vllm-project/semantic-router/blob/main/website/docs/tutorials/global/entrypoints.md (2026-12-01)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.envoy_text import seconds
from costctl.policy.targets.http_match import label_headers
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target, is_own
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER
from costctl.policy.targets.vllm_sr_entries import NAME, say_all
from costctl.policy.targets.vllm_sr_models import Place, asks_chats, models_of, places_of, reached_by_chats
from costctl.policy.targets.vllm_sr_routes import global_of, routing_of

FILE_NAME: Final = "vllm-sr.yaml"
_CONSUMER: Final = Consumer(NAME, "0.4")
_VALIDATOR: Final = Validator(
    "vllm-sr config validate",
    "0.4.0",
    "real-code",
    "That the router knows every field and that decisions, signals, recipes and models refer to what is there; names "
    "given twice, units and ports by rules written by hand. Not that addresses are right.",
)
_OWN_TIMEOUT_US: Final = 300_000_000  # of a listener that says none


def emit_vllm_sr(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where a client could step around a required data boundary, or classes are told
    by several headers.
    """
    places = places_of(policy)
    _require_no_way_out(policy, places)
    timeout_us = _timeout_us(policy)
    config = _config(policy, places, timeout_us)
    conditions = _conditions(policy, places)
    head = (*origin_lines(policy, "vllm-sr", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + _yaml(config)
    ledger = Ledger(policy)
    say_all(ledger, policy, places, timeout_us)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    contents = ((sum(len(place.kinds) for place in places), "class"), (len(places), "model"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _config(policy: Policy, places: Sequence[Place], timeout_us: int | None) -> dict[str, Any]:
    default = next(place for place in places if any(kind.id == policy.default_class for kind in place.kinds))
    listener: dict[str, Any] = {"name": "http-8899", "address": "0.0.0.0", "port": 8899}
    if timeout_us is not None:
        listener["timeout"] = seconds(timeout_us)
    return {
        "version": "v0.3",
        "listeners": [listener],
        "providers": {"defaults": {"model": default.name}, "models": models_of(places)},
        **routing_of(policy, places),
        "global": global_of(policy),
    }


def _yaml(config: dict[str, Any]) -> str:
    """As text; what stands in two places is written in both."""
    apart = msgspec.json.decode(msgspec.json.encode(config))
    text: str = yaml.safe_dump(apart, sort_keys=False, allow_unicode=True, width=110)
    return text


def _timeout_us(policy: Policy) -> int | None:
    """The longest that a class has, no shorter than the router's own where a class has none; None for its own."""
    said = [kind.timeout_us for kind in policy.classes if asks_chats(kind)]
    known = [each for each in said if each is not None]
    if not known:
        return None
    longest = max(known)
    return longest if len(known) == len(said) or longest > _OWN_TIMEOUT_US else None


def _require_no_way_out(policy: Policy, places: Sequence[Place]) -> None:
    """Raise InfeasibleError where a model of the file lies outside of a boundary that a class of chats must keep to."""
    for kind in policy.classes:
        boundary = kind.data_boundary
        if boundary is None or boundary.enforcement != "required":
            continue
        if not asks_chats(kind) and kind.id != policy.default_class:
            continue
        for backend in reached_by_chats(places):
            reason = reason_outside(boundary, backend)
            if reason is not None:
                raise InfeasibleError(
                    f"{NAME} cannot keep {kind.id} within its required data boundary.",
                    why="A request that names a model of the router is sent there, past every decision; such a request "
                    f"of {kind.id} could be served at {backend.id}: {reason}.",
                    next_step="Emit a policy for classes of one boundary at a time, each for a router of its own.",
                )


def _conditions(policy: Policy, places: Sequence[Place]) -> tuple[str, ...]:
    """What must be so where it runs."""
    reached = reached_by_chats(places)
    hosts = host_names(reached)
    own = list(dict.fromkeys(hosts[each.id] for each in reached if is_own(each)))
    bought = list(dict.fromkeys(hosts[each.id] for each in reached if not is_own(each)))
    found = [f"It is started with: vllm-sr serve --config {FILE_NAME}."]
    if own:
        found.append(f"DNS has the replicas of each pool under its name, at port 8000: {', '.join(own)}.")
    if bought:
        found.append(
            f"The hosts of providers stand in the file in place of: {', '.join(bought)}; each speaks the api_format "
            "that is written, and the variable api_key_env has its key."
        )
    headers = label_headers(policy)
    if headers:
        found.append(
            f"The edge sets {', '.join(headers)} and removes what clients send under that name: to the router it is "
            "who asks. A request without it is one of the default class."
        )
    if len(policy.lanes) > 1:
        found.append(f"The edge removes {PRIORITY_HEADER} of clients; engines schedule by priority.")
    names = ", ".join(place.name for place in places)
    found.append(
        f"Clients do not ask for {names}: who names a model of the router gets it, past every decision."
    )
    return tuple(found)


TARGET: Final = Target("vllm-sr", emit_vllm_sr, form="yaml")
