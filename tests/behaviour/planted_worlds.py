"""Small worlds in which one thing is wrong, and their traffic as the relations have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from costctl.frames.traffic import Traffic
from costctl.observation import Question, observed
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import serve
from costctl.synth.presets import ECONOMY, world_from_seed
from costctl.synth.spans import otlp_lines
from costctl.synth.world import ClassSpec, PoolSpec, Spread, Step, World

REQUESTS = 360.0  # expected; fewer come at weekends


def sound_world(seed: int) -> World:
    """Some minutes of the random world of a seed, at its own rate. Questions about documents have long prompts and
    short answers, are a fifth of all or more, and the pool that serves them is large enough: there a prompt cache
    matters.
    """

    def changed(step: Step) -> Step:
        if step.pool != ECONOMY:
            return step
        return replace(step, tokens=Spread(8000, 0.1, 6000, 9000), answer=Spread(40, 0.3, 16, 80))

    world = world_from_seed(seed)
    hours = world.hours * REQUESTS / world.requests
    short = replace(world, hours=hours, requests=REQUESTS, bursts=0)
    larger = with_pool(short, ECONOMY, lambda pool: replace(pool, gamma_s=2e-4, replicas=2 * pool.replicas))
    asked = tuple(
        replace(spec, share=max(spec.share, 0.25)) if spec.name == "rag" else spec for spec in larger.classes
    )
    return with_steps(replace(larger, classes=asked), "rag", changed)


def with_slow_retrieval(world: World) -> World:
    """The search for documents takes two seconds instead of 25 ms."""
    return with_steps(world, "rag", lambda step: _slower(step, 80.0) if step.kind == "retrieval" else step)


def with_slow_tool(world: World) -> World:
    """Tools take six times as long."""
    return with_steps(world, "agentic", lambda step: _slower(step, 6.0) if step.kind == "tool" else step)


def with_saturated_pool(world: World) -> World:
    """The pool that chat uses has one replica, half as fast, which decodes one sequence at a time."""
    return with_pool(
        world, ECONOMY, lambda pool: replace(pool, replicas=1, slots=1, alpha_s=2.0 * pool.alpha_s)
    )


def with_helped_calls(world: World, helped_ratio: float) -> Demand:
    """The demand of the world, where the prompt cache gives nine tenths of the prompt to this part of the calls on the
    economy pool, and two hundredths to the others.
    """
    demand = demand_of(world)
    calls = demand.calls
    rng = np.random.default_rng([world.seed, 77])
    of_pool = calls.pool == [pool.name for pool in world.pools].index(ECONOMY)
    ratio = np.where(rng.random(calls.pool.size) < helped_ratio, 0.9, 0.02)
    prompt = calls.uncached_tokens + calls.cached_tokens
    cached = np.where(of_pool, (prompt * ratio).astype(np.int64), calls.cached_tokens)
    return replace(demand, calls=replace(calls, cached_tokens=cached, uncached_tokens=prompt - cached))


def traffic_of(world: World, folder: Path, demand: Demand | None = None) -> Traffic:
    """The traffic of a world, served, written as a collector writes it, and read again."""
    wanted = demand_of(world) if demand is None else demand
    served = serve(world, wanted, np.ones(wanted.requests.start_s.size, np.bool_))
    path = folder / "spans.jsonl"
    path.write_bytes(b"".join(otlp_lines(world, wanted, served)))
    with observed(Question(paths=(str(path),)), lambda _what, _ratio, _detail="": None) as observation:
        return Traffic.of({name: observation.engine.fetch(name) for name in Traffic.RELATIONS})


def with_steps(world: World, name: str, changed) -> World:
    """The world with each step of a class changed."""

    def of_class(spec: ClassSpec) -> ClassSpec:
        return replace(spec, steps=tuple(changed(step) for step in spec.steps)) if spec.name == name else spec

    return replace(world, classes=tuple(of_class(spec) for spec in world.classes))


def with_pool(world: World, name: str, changed) -> World:
    """The world with a pool changed."""

    def of_pool(pool: PoolSpec) -> PoolSpec:
        return changed(pool) if pool.name == name else pool

    return replace(world, pools=tuple(of_pool(pool) for pool in world.pools))


def _slower(step: Step, factor: float) -> Step:
    spread = step.duration_s
    assert spread is not None
    return replace(
        step, duration_s=Spread(spread.median * factor, spread.sigma, spread.least, spread.most * factor)
    )
