"""What is an engine of vLLM told? The arguments for one backend, from the classes that reach it.

In: a policy and the number of a backend. Out: an ``Engine`` and its arguments, by the long names of ``vllm serve``.
vLLM serves the lowest priority first, counts sequences in each engine, and bounds those that wait together with those
that run. Read in the package vllm 0.33.0: vllm/config/scheduler.py, vllm/config/model.py, vllm/v1/engine/async_llm.py,
vllm/entrypoints/generate/base/serving.py, vllm/utils/argparse_utils.py (2026-11-30).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.policy import Backend, Limit, Policy, PolicyClass, RejectWhenBusy
from costctl.levers.limits import limit_per_replica
from costctl.policy.mislabelled import reached_by
from costctl.policy.targets.reached_pools import Member, limited_depth

VERSION: Final = "0.33"
PRIORITY_HEADER: Final = "X-Vllm-Priority"  # an integer; before the body's own "priority"
# The fewest tokens of a step that vLLM takes by itself as a server, on the smallest accelerators that it knows.
_FEWEST_BATCHED_TOKENS: Final = 512
_GENERATES: Final = (
    "chat",
    "completion",
)  # operations whose requests have a priority and an answer of tokens


@dataclass(frozen=True, slots=True)
class Engine:
    """One replica of a backend. targets: classes that are sent here first, with their numbers.  reached: those, and the
    ones that fall back to it.  order: by lane of the policy, its place in the order of service.
    """

    number: int
    backend: Backend
    targets: tuple[Member, ...]
    reached: tuple[Member, ...]
    order: dict[str, int]

    @property
    def names(self) -> tuple[str, ...]:
        """Names that it answers to, its own first: vLLM names that one in its answers."""
        asked = sorted({name for _, kind in self.reached for name in kind.match.model or ()})
        own = () if self.backend.model is None else (self.backend.model,)
        return tuple(name for name in dict.fromkeys((*own, *asked)) if is_sayable(name))

    @property
    def most_running(self) -> int | None:
        """Sequences in progress; None where the policy has no number for a replica."""
        limit = self.backend.max_concurrency
        return None if limit is None else limit_per_replica(limit, self.backend.replicas)

    @property
    def most_unfinished(self) -> int | None:
        """Sequences in progress or waiting; None where one class may have any number waiting, or nobody can say."""
        waiting = [self.most_waiting(limited_depth(kind)) for _, kind in self.targets]
        if self.most_running is None or not waiting or None in waiting:
            return None
        return self.most_running + sum(each for each in waiting if each is not None)

    @property
    def has_order(self) -> bool:
        """Whether requests are served by priority: as soon as the policy has several lanes, since whatever labels
        requests labels those of all engines alike.
        """
        return len(self.order) > 1 and any(generates(kind) for _, kind in self.reached)

    @property
    def keeps_prefixes(self) -> bool:
        """Whether calls are sent to the replica that has read their beginning."""
        routing = self.backend.routing
        is_routed = routing is not None and routing.rule == "prefix_affinity"
        return is_routed or any(kind.affinity == "prefix" for _, kind in self.reached)

    @property
    def longest_answer(self) -> int | None:
        """Tokens of the longest answer that a class may have; None where some class may have any."""
        caps = [output_cap(kind) for _, kind in self.reached if generates(kind)]
        return None if None in caps else max((each for each in caps if each is not None), default=None)

    def most_waiting(self, depth: Limit | None) -> int | None:
        """What a class may have waiting in one replica; None where nothing limits it, or nobody can say."""
        if depth is None:
            return None
        return 0 if isinstance(depth, RejectWhenBusy) else limit_per_replica(depth, self.backend.replicas)


def engine_of(policy: Policy, number: int) -> Engine:
    """The engine of a backend. number: of the backend."""
    backend = policy.backends[number]
    numbered = tuple(enumerate(policy.classes))
    return Engine(
        number=number,
        backend=backend,
        targets=tuple(
            (at, kind)
            for at, kind in numbered
            if any(each.backend == backend.id and each.weight for each in kind.placement.targets)
        ),
        reached=tuple((at, kind) for at, kind in numbered if backend.id in reached_by(kind)),
        order={lane.id: index for index, lane in enumerate(policy.lanes)},
    )


def arguments_of(engine: Engine) -> dict[str, Any]:
    """The arguments that the policy sets, by their long names; what is absent keeps vLLM's own."""
    longest = engine.longest_answer
    found = {
        "served-model-name": list(engine.names) or None,
        "max-num-seqs": engine.most_running,
        "max-num-queued-reqs": engine.most_unfinished,
        "scheduling-policy": "priority" if engine.has_order else None,
        "enable-prefix-caching": True if engine.keeps_prefixes else None,
        "override-generation-config": None if longest is None else {"max_new_tokens": longest},
    }
    return {name: value for name, value in found.items() if value is not None}


def order_condition(engine: Engine, told: str) -> tuple[str, ...]:
    """That requests say their lane, where lanes are served in order. told: where they say it."""
    if not engine.has_order:
        return ()
    lanes = {kind.lane for _, kind in engine.reached}
    values = ", ".join(f"{lane} {place}" for lane, place in engine.order.items() if lane in lanes)
    return (
        f"What sends requests sets {told} of each, by lane ({values}), and takes out a caller's own: a request "
        "without it is served as one of 0.",
    )


def engine_conditions(engine: Engine) -> tuple[str, ...]:
    """What must be so for an engine to start, and to hold to its number of sequences."""
    most = engine.most_running
    if most is None:
        return ()
    found = ["An engine is a replica: with a data parallel size of N, N of them run so many sequences each."]
    if most > _FEWEST_BATCHED_TOKENS:
        found.append(
            f"max-num-batched-tokens is {most:,} or more: with fewer tokens than sequences in a step vLLM does not "
            "start."
        )
    return tuple(found)


def is_sayable(name: str) -> bool:
    """Whether vLLM can be told a name: one that begins with a dash is an option to it."""
    return not name.startswith("-")


def generates(kind: PolicyClass) -> bool:
    """Whether requests of a class may have a priority and an answer of tokens."""
    return kind.match.operation is None or any(each in _GENERATES for each in kind.match.operation)


def output_cap(kind: PolicyClass) -> int | None:
    """Tokens of an answer at most; None where the policy does not say."""
    return None if kind.caps is None else kind.caps.output_tokens
