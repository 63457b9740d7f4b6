"""Replicas that decode continuously and begin a prompt the moment it comes, in plain Python.

It shares no code with the replay, and differs from it in one rule: a prompt is not kept for the next step boundary. The
step in progress stands still while it is read, so that the first token comes earlier than in the replay, by what was
left of the step; the call decodes from the next boundary on, so that its end hardly moves.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

FIRST_TOKEN, STEP, ARRIVAL = 0, 1, 2  # of one instant, in this order
START_NS = 1_795_478_400 * 10**9  # 2026-11-24T00:00:00Z


@dataclass(frozen=True)
class Prompt:
    """A call as its client sends it. tokens: of the prompt.  steps: decode steps after the first token."""

    arrival_s: float
    tokens: int
    steps: int


@dataclass(frozen=True)
class Engine:
    """A step of b sequences takes alpha_s + beta_s·b, a prompt gamma_s a token."""

    alpha_s: float
    beta_s: float
    gamma_s: float


@dataclass
class Answer:
    """When the call had its first token and its end, and from which replica."""

    replica: int
    first_token_s: float = float("nan")
    end_s: float = float("nan")


@dataclass
class Replica:
    """steps_left: by decoding call.  joining: calls that decode from the next boundary on.  reading_until_s: when
    the last prompt is read.  step_ends_s: of the step in progress, None where none is.
    """

    steps_left: dict[int, int] = field(default_factory=dict)
    joining: list[int] = field(default_factory=list)
    outstanding: int = 0
    reading_until_s: float = 0.0
    step_ends_s: float | None = None


def prompts_of(seed: int, calls: int, rate_per_s: float) -> list[Prompt]:
    """Short prompts and answers of some hundred tokens, as they come at random."""
    draw = random.Random(seed)
    at_s, found = 0.0, []
    for _ in range(calls):
        at_s += draw.expovariate(rate_per_s)
        found.append(Prompt(at_s, draw.randint(20, 200), draw.randint(40, 150)))
    return found


def serve_eagerly(engine: Engine, replicas: int, prompts: list[Prompt]) -> list[Answer]:
    """What becomes of the calls, each given to the replica with the fewest outstanding."""
    floor = [Replica() for _ in range(replicas)]
    answers: list[Answer] = []
    events = [(prompt.arrival_s, ARRIVAL, number) for number, prompt in enumerate(prompts)]
    heapq.heapify(events)

    def begin_step(number: int, now: float) -> None:
        replica = floor[number]
        for call in replica.joining:
            replica.steps_left[call] = prompts[call].steps
        replica.joining.clear()
        replica.step_ends_s = None
        if replica.steps_left:
            replica.step_ends_s = now + engine.alpha_s + engine.beta_s * len(replica.steps_left)
            heapq.heappush(events, (replica.step_ends_s, STEP, number))

    def end(call: int, now: float) -> None:
        answers[call].end_s = now
        floor[answers[call].replica].outstanding -= 1

    while events:
        now, kind, subject = heapq.heappop(events)
        if kind == ARRIVAL:
            chosen = min(range(replicas), key=lambda number: floor[number].outstanding)
            replica = floor[chosen]
            answers.append(Answer(chosen))
            replica.outstanding += 1
            reading_s = engine.gamma_s * prompts[subject].tokens
            replica.reading_until_s = max(now, replica.reading_until_s) + reading_s
            heapq.heappush(events, (replica.reading_until_s, FIRST_TOKEN, subject))
            if replica.step_ends_s is not None:
                replica.step_ends_s += reading_s
                heapq.heappush(events, (replica.step_ends_s, STEP, chosen))
        elif kind == FIRST_TOKEN:
            replica = floor[answers[subject].replica]
            answers[subject].first_token_s = now
            if prompts[subject].steps == 0:
                end(subject, now)
            else:
                replica.joining.append(subject)
            if replica.step_ends_s is None and replica.reading_until_s <= now:
                begin_step(answers[subject].replica, now)
        elif floor[subject].step_ends_s == now:  # else the step was held up by a prompt, and ends later
            replica = floor[subject]
            replica.steps_left = {call: left - 1 for call, left in replica.steps_left.items()}
            for call in [call for call, left in replica.steps_left.items() if left == 0]:
                del replica.steps_left[call]
                end(call, now)
            begin_step(subject, now)
    return answers


def otlp_lines(prompts: list[Prompt], answers: list[Answer], service: str, model: str) -> Iterator[str]:
    """The calls as a collector writes them: one span each, which is a trace of its own."""
    for number, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.response.model": model,
            "gen_ai.usage.input_tokens": prompt.tokens,
            "gen_ai.usage.output_tokens": prompt.steps + 1,
            "gen_ai.latency.time_to_first_token": answer.first_token_s - prompt.arrival_s,
        }
        span = {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": f"chat {model}",
            "kind": 2,
            "startTimeUnixNano": str(START_NS + round(prompt.arrival_s * 1e9)),
            "endTimeUnixNano": str(START_NS + round(answer.end_s * 1e9)),
            "attributes": _pairs(attributes),
        }
        emitter = {"service.name": service, "service.instance.id": f"{service}-{answer.replica}"}
        resource = {"resource": {"attributes": _pairs(emitter)}, "scopeSpans": [{"spans": [span]}]}
        yield json.dumps({"resourceSpans": [resource]})


def _pairs(attributes: dict[str, str | int | float]) -> list[dict[str, object]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in attributes.items()]
