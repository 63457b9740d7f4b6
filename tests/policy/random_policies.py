"""Sound policies at random, for laws that every consumer's file must keep."""

from __future__ import annotations

from hypothesis import strategies as st

from costctl.documents.policy import (
    Admission,
    AtMost,
    Backend,
    Batch,
    Caps,
    Defer,
    DeferHours,
    Fallback,
    HeaderMatch,
    Lane,
    Match,
    Placement,
    Policy,
    PolicyBoundary,
    PolicyClass,
    PromptCache,
    Queue,
    RejectWhenBusy,
    ResponseCache,
    Routing,
    Target,
    Unlimited,
)
from tests.policy.policies import sound_policy

WHY = ("declared",)
JURISDICTIONS = ("eu", "uk", "us")
CAUSES = ("error", "timeout", "overload", "context_window", "content_policy")
JUSTIFIED = (
    "/admission",
    "/affinity",
    "/backoff_us",
    "/caps",
    "/placement/targets",
    "/prompt_cache",
    "/queue",
)
JUSTIFIED_TOO = ("/response_cache", "/retries", "/service_tier", "/timeout_us")


def limits(*scopes: str) -> st.SearchStrategy[AtMost | Unlimited | RejectWhenBusy]:
    """Limits of every kind. scopes: of those that are numbers."""
    numbers = st.builds(AtMost, value=st.integers(1, 500), scope=st.sampled_from(scopes))
    return numbers | st.just(Unlimited()) | st.just(RejectWhenBusy())


@st.composite
def backends(draw: st.DrawFn, name: str) -> Backend:
    """A pool of one to four replicas, or a model of a provider."""
    jurisdiction = draw(st.sampled_from(JURISDICTIONS))
    if draw(st.integers(0, 3)) == 0:
        return Backend(id=name, model="gpt-5", provider="openai", jurisdiction=jurisdiction)
    is_static = draw(st.booleans())
    batch = Batch(
        window_us=draw(st.none() | st.integers(0, 50_000)), max_size=draw(st.none() | st.integers(1, 64))
    )
    routing = Routing(rule=draw(st.sampled_from(("round_robin", "least_outstanding", "prefix_affinity"))))
    found = Backend(
        id=name,
        model=draw(st.sampled_from(("llama", "qwen", "bge"))),
        pool=name,
        region="r1",
        jurisdiction=jurisdiction,
        replicas=draw(st.none() | st.integers(1, 4)),
        max_concurrency=draw(st.none() | limits("per_replica", "per_backend")),
        batching="static" if is_static else "continuous",
        batch=batch if is_static and batch != Batch() else None,
        routing=draw(st.none() | st.just(routing)),
    )
    said = [
        f"/{part}" for part in ("batch", "max_concurrency", "routing") if getattr(found, part) is not None
    ]
    return Backend(
        **{**{f: getattr(found, f) for f in found.__struct_fields__}, "why": dict.fromkeys(said, WHY)}
    )


@st.composite
def classes(
    draw: st.DrawFn, number: int, reached: list[Backend], lanes: list[str], is_bound: bool
) -> PolicyClass:
    """A class that its header tells, and now and then its operation and its model too, placed within its boundary."""
    chosen = draw(st.lists(st.sampled_from(reached), min_size=1, max_size=3, unique_by=lambda each: each.id))
    first = chosen[: draw(st.integers(1, len(chosen)))]
    targets = tuple(Target(backend=each.id, weight=draw(st.integers(1, 100))) for each in first)
    causes = st.lists(st.sampled_from(CAUSES), min_size=1, max_size=3, unique=True)
    fallback = tuple(Fallback(backend=each.id, on=tuple(draw(causes))) for each in chosen[len(first) :])
    match = Match(
        headers=(HeaderMatch(name="x-costctl-class", value=f"class {number}"),),
        operation=draw(st.none() | st.just(("chat", "completion"))),
        model=draw(st.none() | st.just(tuple(sorted({each.model or "" for each in first})))),
    )
    places = tuple(sorted({each.jurisdiction or "" for each in reached}))
    found = {
        "queue": draw(
            st.none()
            | st.builds(
                Queue,
                depth=limits("per_replica", "per_backend"),
                max_wait_us=st.integers(100_000, 10_000_000) | st.just(Unlimited()),
                on_timeout=st.sampled_from(("reject", "demote")),
            )
        ),
        "admission": draw(
            st.none()
            | st.builds(
                Admission,
                concurrency=st.none() | limits("global", "per_caller"),
                requests_per_minute=st.none() | st.integers(1, 10_000),
                tokens_per_minute=st.none() | st.integers(1, 10_000_000),
            )
        ),
        "timeout_us": draw(st.none() | st.integers(20_000_000, 60_000_000)),
        "retries": draw(st.none() | st.integers(0, 4)),
        "backoff_us": draw(st.none() | st.integers(1, 5_000_000)),
        "prompt_cache": draw(st.none() | st.builds(PromptCache, keep=st.sampled_from(("none", "5m", "1h")))),
        "service_tier": draw(st.none() | st.sampled_from(("default", "batch", "flex", "priority"))),
        "response_cache": draw(st.none() | st.builds(ResponseCache, ttl_us=st.integers(1, 10**10))),
        "caps": draw(st.none() | st.builds(Caps, output_tokens=st.integers(1, 10_000))),
        "affinity": draw(st.none() | st.sampled_from(("none", "prefix"))),
        "defer": draw(
            st.none() | st.just(Defer(hours=DeferHours(from_minute=60, until_minute=120), within_us=10**9))
        ),
    }
    said = [
        place
        for place in (*JUSTIFIED, *JUSTIFIED_TOO)
        if place == "/placement/targets" or found.get(place[1:]) is not None
    ]
    return PolicyClass(
        id=f"class-{number}",
        request_class=f"class {number}",
        match=match,
        lane=draw(st.sampled_from(lanes)),
        placement=Placement(targets=targets, fallback=fallback),
        calls=draw(st.none() | st.integers(0, 10**6)),
        data_boundary=PolicyBoundary(enforcement="required", jurisdictions=places) if is_bound else None,
        why=dict.fromkeys(said, WHY),
        **{name: value for name, value in found.items() if value is not None},
    )


@st.composite
def policies(draw: st.DrawFn, *, is_one_boundary: bool = False) -> Policy:
    """A sound policy of one to four pools and one to five classes.

    is_one_boundary: all classes are bound to all jurisdictions that are there, so that no consumer must refuse it.
    """
    pools = [draw(backends(f"pool-{at}")) for at in range(draw(st.integers(1, 4)))]
    lanes = [f"lane-{at}" for at in range(draw(st.integers(1, 3)))]
    kinds = []
    for number in range(draw(st.integers(1, 5))):
        if is_one_boundary:
            kinds.append(draw(classes(number, pools, lanes, is_bound=True)))
            continue
        home = draw(st.sampled_from(pools)).jurisdiction
        is_bound = draw(st.booleans())
        reached = [each for each in pools if not is_bound or each.jurisdiction == home]
        kinds.append(draw(classes(number, reached, lanes, is_bound)))
    return sound_policy(
        lanes=tuple(Lane(id=name) for name in lanes),
        backends=tuple(pools),
        classes=tuple(kinds),
        default_class=draw(st.sampled_from(kinds)).id,
    )
