"""What do the arguments of an engine make of each value of a policy? One entry for every leaf.

In: a ledger, the policy, the engine, and how the file spells its arguments. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import AtMost, Policy, PolicyClass, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.reached_pools import limited_depth
from costctl.policy.targets.vllm_arguments import Engine, generates, is_sayable, output_cap

_ELSEWHERE: Final = "Another backend's; this file configures one engine."
_ROUTED: Final = "Where a call is sent is decided before it reaches the engine."
_NO_PRIORITY: Final = "vLLM reads the priority of requests that generate, not of embeddings or rerankings."
_TOGETHER: Final = "vLLM bounds who runs and waits together: where memory lets fewer run, more may wait."
_KEEPS: Final = "The engine keeps the beginnings that it has read; what is in front sends calls to them."
_RUNS_ALONE: Final = "vLLM counts who waits together with who runs: it needs max_concurrency for a replica."
_QUEUED: Final = "max-num-queued-reqs"
_RUNNING: Final = "max-num-seqs"
_GATEWAYS: Final = "For the gateway in front; vLLM has no such setting."


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a consumer is told. argument: its place in the file, by its name.  priority: where a request says its own."""

    argument: Callable[[str], str]
    priority: str


def say_all(ledger: Ledger, policy: Policy, engine: Engine, spelling: Spelling) -> None:
    """An entry for every leaf of the policy of which nothing was said yet."""
    ledger.provenance()
    for index, lane in enumerate(policy.lanes):
        _say_lane(ledger, f"/lanes/{index}", lane.id, engine, spelling)
    for number in range(len(policy.backends)):
        if number != engine.number:
            ledger.not_applicable(f"/backends/{number}", _ELSEWHERE)
    has_siblings = sum(each.pool == engine.backend.pool for each in policy.backends) > 1
    _say_backend(ledger, f"/backends/{engine.number}", engine, spelling, has_siblings=has_siblings)
    reached = {at for at, _ in engine.reached}
    for number, kind in enumerate(policy.classes):
        if number in reached:
            _say_class(ledger, f"/classes/{number}", kind, engine, spelling)
        else:
            ledger.not_applicable(f"/classes/{number}", _ELSEWHERE)
    ledger.not_applicable("/default_class", _ROUTED)


def _say_lane(ledger: Ledger, here: str, lane: str, engine: Engine, spelling: Spelling) -> None:
    members = [kind for _, kind in engine.reached if kind.lane == lane]
    if not members:
        ledger.not_applicable(here, "No class of this lane is served by this backend.")
    elif len(engine.order) == 1:
        ledger.exact(here, "the only lane: who came first is served first")
    elif any(generates(kind) for kind in members):
        ledger.exact(here, f"{spelling.priority}: {engine.order[lane]}, the lowest first")
    else:
        ledger.unsupported(here, _NO_PRIORITY)


def _say_backend(
    ledger: Ledger, here: str, engine: Engine, spelling: Spelling, *, has_siblings: bool
) -> None:
    backend = engine.backend
    ledger.exact(f"{here}/id", "the file is for this backend")
    if backend.model is not None:
        _say_name(ledger, f"{here}/model", backend.model, spelling)
    if backend.max_concurrency is not None:
        _say_concurrency(ledger, f"{here}/max_concurrency", engine, spelling, has_siblings=has_siblings)
    if backend.routing is not None and backend.routing.rule == "prefix_affinity":
        ledger.approximated(f"{here}/routing/rule", _KEEPS, spelling.argument("enable-prefix-caching"))
    if ledger.has(f"{here}/routing"):
        ledger.not_applicable(f"{here}/routing", "For the router in front of the replicas.")
    if ledger.has(f"{here}/batch"):
        ledger.unsupported(
            f"{here}/batch", "vLLM forms a batch at every step, of who is there; it waits for none."
        )
    if backend.batching == "continuous":
        ledger.exact(f"{here}/batching", "what vLLM does")
    elif backend.batching is not None:
        ledger.unsupported(f"{here}/batching", "vLLM batches continuously.")
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For what starts the engines.")
    ledger.not_applicable(here, "Says where the engine stands; it does not configure it.")


def _say_name(ledger: Ledger, here: str, name: str, spelling: Spelling) -> None:
    if is_sayable(name):
        ledger.exact(here, spelling.argument("served-model-name"))
    else:
        ledger.unsupported(here, "A name that begins with a dash is an option to vLLM.")


def _say_concurrency(
    ledger: Ledger, here: str, engine: Engine, spelling: Spelling, *, has_siblings: bool
) -> None:
    limit, most, written = engine.backend.max_concurrency, engine.most_running, spelling.argument(_RUNNING)
    if most is None or not isinstance(limit, AtMost):
        ledger.unsupported(here, "vLLM takes a number for each engine; where none is said it has its own.")
        return
    if limit.value != most:
        ledger.rounded(f"{here}/value", limit.value, most, written)
    if limit.scope != "per_replica":
        ledger.approximated(f"{here}/scope", "Shared by the engines, of which each counts its own.", written)
    if has_siblings:
        reason = "The models of the pool share its replicas; each engine counts its own model's."
        ledger.approximated(here, reason, written)
    else:
        ledger.exact(here, written)


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, engine: Engine, spelling: Spelling) -> None:
    for nth, name in enumerate(kind.match.model or ()):
        _say_name(ledger, f"{here}/match/model/{nth}", name, spelling)
    if len(engine.order) == 1:
        ledger.exact(f"{here}/lane", "the only lane: who came first is served first")
    elif generates(kind):
        ledger.exact(f"{here}/lane", f"{spelling.priority}: {engine.order[kind.lane]}, the lowest first")
    else:
        ledger.unsupported(f"{here}/lane", _NO_PRIORITY)
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, engine, spelling)
    if kind.caps is not None:
        _say_caps(ledger, f"{here}/caps", kind, engine, spelling)
    if kind.affinity == "prefix":
        ledger.approximated(f"{here}/affinity", _KEEPS, spelling.argument("enable-prefix-caching"))
    if ledger.has(f"{here}/data_boundary"):
        ledger.exact(f"{here}/data_boundary", "the engine forwards nothing, and stands within the boundary")
    for part in ("admission", "timeout_us", "retries", "backoff_us", "defer", "response_cache"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", _GATEWAYS)
    for part in ("prompt_cache", "affinity", "service_tier"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "Of the calls that are paid by the token.")
    ledger.not_applicable(here, _ROUTED)


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, engine: Engine, spelling: Spelling) -> None:
    depth, written = limited_depth(kind), spelling.argument(_QUEUED)
    is_sent_here = any(each is kind for _, each in engine.targets)
    if depth is not None and not is_sent_here:
        ledger.not_applicable(f"{here}/depth", "Counted where the class is sent first.")
    elif isinstance(depth, Unlimited):
        ledger.exact(f"{here}/depth", f"no {written}")
    elif depth is not None and engine.most_unfinished is not None:
        ledger.approximated(f"{here}/depth", _TOGETHER, f"{written}, beyond {spelling.argument(_RUNNING)}")
    elif depth is not None and engine.most_running is None:
        ledger.unsupported(f"{here}/depth", _RUNS_ALONE)
    elif depth is not None and engine.most_waiting(depth) is None:
        ledger.unsupported(f"{here}/depth", "vLLM counts in each engine, of known replicas.")
    elif depth is not None:
        reason = "Another class of the engine may have any number waiting, and vLLM has one limit for all."
        ledger.unsupported(f"{here}/depth", reason)
    for part in ("max_wait_us", "on_timeout"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "vLLM lets requests wait for as long as their callers do.")


def _say_caps(ledger: Ledger, here: str, kind: PolicyClass, engine: Engine, spelling: Spelling) -> None:
    cap, longest = output_cap(kind), engine.longest_answer
    written = f"{spelling.argument('override-generation-config')}.max_new_tokens"
    if cap is not None and longest is None:
        reason = (
            "Another class of the engine may have any answer, and vLLM has one limit for all."
            if generates(kind)
            else "Nothing is generated."
        )
        ledger.unsupported(f"{here}/output_tokens", reason)
    elif cap is not None and cap == longest:
        ledger.exact(f"{here}/output_tokens", written)
    elif cap is not None:
        reason = "vLLM has one limit for all: that of the class with the longest answers."
        ledger.approximated(f"{here}/output_tokens", reason, written)
    for part in ("steps", "input_tokens"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "For the calling code; vLLM shortens no prompt.")
