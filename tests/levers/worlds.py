"""Random platforms, policies that say the same, and changes, for laws over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from hypothesis import strategies as st

from costctl.documents.changes import Value
from costctl.documents.policy import (
    AtMost,
    Backend,
    Batch,
    GeneratedInfo,
    HeaderMatch,
    Lane,
    Match,
    Placement,
    Policy,
    PolicyClass,
    Target,
    Validity,
)
from costctl.levers.batch_sizes import batch_sizes_from
from costctl.levers.day_hours import DayHours
from costctl.levers.fallbacks import CAUSES, fallbacks_from
from costctl.levers.lever import Lever
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.schedule import schedule_from
from costctl.levers.settings import Setting, of_lever
from costctl.levers.table import LEVERS
from costctl.levers.weights import weights_from

POOLS = ("a", "b", "c")
CLASSES = ("chat", "rag", "batch")


@dataclass(frozen=True, slots=True)
class World:
    """A platform, and the policy of today that says the same."""

    today: Platform
    policy: Policy


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to three pools of 1 to 4 replicas, each class on one of them or on two that batch in other ways."""
    names = POOLS[: draw(st.integers(1, 3))]
    pools = {name: draw(_pool_rules()) for name in names}
    classes = {}
    for name in CLASSES[: draw(st.integers(1, 3))]:
        first, second = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        differs = pools[first].discipline != pools[second].discipline
        classes[name] = ClassRules(tuple(sorted({first, second})) if differs else (first,))
    today = Platform(pools, classes)
    return World(today, policy_of(today, says_replicas=draw(st.booleans())))


@st.composite
def _pool_rules(draw: st.DrawFn) -> PoolRules:
    discipline = draw(st.sampled_from(("static", "continuous")))
    return PoolRules(
        discipline=discipline,
        replicas=draw(st.integers(1, 4)),
        max_num_seqs=draw(st.integers(1, 64)),
        dispatch="least_outstanding",
        batch_window_s=draw(st.integers(0, 10**5)) / 1e6 if discipline == "static" else 0.0,
    )


def policy_of(today: Platform, *, says_replicas: bool = True) -> Policy:
    """The policy of a platform: a backend a pool, and an entry for each class and pool; all classes in one lane."""
    return Policy(
        schema_version="costctl.policy/v2",
        policy_id="today",
        generated=GeneratedInfo(at="2026-11-03T06:00:00Z", tool="costctl", tool_version="0.1.0", seed=0),
        validity=Validity("2026-11-03T06:00:00Z", "2026-12-03T06:00:00Z", "keep_and_warn"),
        lanes=(Lane("lane-1"),),
        backends=tuple(_backend(name, rules, says_replicas) for name, rules in today.pools.items()),
        classes=tuple(
            PolicyClass(
                id=f"{name}.{pool}",
                request_class=name,
                match=Match(headers=(HeaderMatch("x-request-class", name),), model=(f"model-{pool}",)),
                lane="lane-1",
                placement=Placement(targets=(Target(pool, 100),)),
            )
            for name, rules in today.classes.items()
            for pool in rules.pools
        ),
        default_class=next(f"{name}.{rules.pools[0]}" for name, rules in today.classes.items()),
    )


def _backend(name: str, rules: PoolRules, says_replicas: bool) -> Backend:
    is_static = rules.discipline == "static"
    return Backend(
        id=name,
        model=f"model-{name}",
        pool=name,
        replicas=rules.replicas if says_replicas else None,
        batching=rules.discipline,
        max_concurrency=None if is_static else AtMost(rules.max_num_seqs, "per_replica"),
        batch=Batch(round(rules.batch_window_s * 1e6), rules.max_num_seqs) if is_static else None,
    )


@st.composite
def changes(draw: st.DrawFn, world: World) -> tuple[Setting, ...]:
    """Some settings that a policy can carry, each of which differs from today's; in the order of the table."""
    found = []
    for lever in LEVERS:
        if lever.pointer is None or lever.form in (
            "lane",
            "expiry",
        ):  # they say where classes stand to each other
            continue
        for subject in sorted(world.today.pools if lever.owner == "pool" else world.today.classes):
            is_moved = any(each.lever.form == "targets" and each.subject == subject for each in found)
            if lever.form == "weights" and (is_moved or not _splits(world, subject)):
                continue  # both are the pools of the class: the later would hold
            moves = any(
                each.lever.form in ("targets", "weights") and each.subject == subject for each in found
            )
            if lever.form == "fallbacks" and moves:
                continue  # written for the pools of today
            if _has(world, lever, subject) and draw(st.booleans()):
                value = draw(_values(world, lever, subject))
                today = world.today.pools if lever.owner == "pool" else world.today.classes
                if value != getattr(today[subject], lever.field):
                    found.append(of_lever(lever, subject, value))
    return tuple(found)


def _has(world: World, lever: Lever, subject: str) -> bool:
    return lever.owner == "class" or lever.discipline in (None, world.today.pools[subject].discipline)


def _values(world: World, lever: Lever, subject: str) -> st.SearchStrategy[Value]:
    """Values of the lever that a policy has a word for."""
    if lever.form == "targets":
        return _pools_for(world, subject)
    if lever.form == "weights":
        pair = st.sampled_from(_splits(world, subject))
        parts = st.tuples(st.integers(1, 9), st.integers(1, 9))
        return st.tuples(pair, parts).map(lambda each: weights_from(dict(zip(*each, strict=True))).text)
    if lever.form == "fallbacks":
        return _fallbacks_for(world, subject)
    if lever.kind == "choice":
        return st.sampled_from(("round_robin", "least_outstanding"))
    if lever.form == "schedule":
        return _schedules()
    if lever.form == "sizes":
        return st.sets(st.integers(1, 64), min_size=1).map(lambda sizes: batch_sizes_from(sizes).text)
    if lever.form == "hours":
        hours = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda each: each[0] != each[1])
        return hours.map(lambda each: DayHours(*each).text)
    if lever.form in ("microseconds", "timeout"):
        most_us = min(10**8, int(lever.most * 1e6))
        numbers: st.SearchStrategy[Value] = st.integers(int(lever.is_limit), most_us).map(lambda us: us / 1e6)
    else:
        numbers = st.integers(max(1, int(lever.least)), int(min(lever.most, 500)))
    return st.none() | numbers if lever.is_limit and lever.form not in ("timeout", "rate") else numbers


def _schedules() -> st.SearchStrategy[Value]:
    """Schedules by day and by week, as ``schedule_of`` writes them."""

    def written(is_weekly: bool) -> st.SearchStrategy[Value]:
        hours = st.integers(0, 24 * (7 if is_weekly else 1) - 1)
        steps = st.dictionaries(hours, st.integers(1, 8), min_size=1, max_size=6)
        return steps.map(
            lambda found: (
                schedule_from(
                    tuple((60 * hour, number) for hour, number in sorted(found.items())), is_weekly=is_weekly
                ).text
            )
        )

    return st.booleans().flatmap(written)


def _fallbacks_for(world: World, request_class: str) -> st.SearchStrategy[Value]:
    """Other pools that batch as the first of the class does, in any order, each on some causes; or none."""
    pools = world.today.pools
    first = world.today.classes[request_class].pools[0]
    others = [name for name in pools if name != first and pools[name].discipline == pools[first].discipline]
    if not others:
        return st.just("none")
    causes = st.sets(st.sampled_from(CAUSES), min_size=1)
    part = st.tuples(st.sampled_from(others), causes)
    parts = st.lists(part, unique_by=lambda each: each[0])
    return parts.map(lambda found: fallbacks_from(found).text)


def _splits(world: World, request_class: str) -> list[tuple[str, str]]:
    """Pairs of pools that batch as calls of the class do."""
    pools = world.today.pools
    ways = {pools[name].discipline for name in world.today.classes[request_class].pools}
    return [
        (first, second)
        for first, second in combinations(sorted(pools), 2)
        if pools[first].discipline == pools[second].discipline and pools[first].discipline in ways
    ]


def _pools_for(world: World, request_class: str) -> st.SearchStrategy[Value]:
    """One pool for each way in which the class batches today."""
    pools = world.today.pools
    ways = [pools[name].discipline for name in world.today.classes[request_class].pools]
    choices = [[name for name in sorted(pools) if pools[name].discipline == way] for way in ways]
    return st.tuples(*(st.sampled_from(each) for each in choices)).map(lambda names: tuple(sorted(names)))
