"""A small sound policy, for tests to change one thing in."""

from __future__ import annotations

from msgspec.structs import replace

from costctl.documents.policy import (
    AtMost,
    Backend,
    Batch,
    Fallback,
    GeneratedInfo,
    HeaderMatch,
    Lane,
    Limit,
    Match,
    Placement,
    Policy,
    PolicyBoundary,
    PolicyClass,
    PolicyEvidence,
    Queue,
    Target,
    Validity,
)

EU_ONLY = PolicyBoundary(enforcement="required", jurisdictions=("eu",))


def sound_policy(**changes: object) -> Policy:
    """Two pools, two classes, one of them bound to the EU, with a queue limit and a fallback."""
    declared = PolicyEvidence(id="declared", kind="declared", statement="Declared in the settings.")
    parts = {
        "schema_version": "costctl.policy/v2",
        "policy_id": "policy-1",
        "generated": GeneratedInfo(at="2026-11-03T06:00:00Z", tool="costctl", tool_version="0.1.0", seed=0),
        "validity": Validity(
            not_before="2026-11-03T06:00:00Z", not_after="2026-12-03T06:00:00Z", on_expiry="keep_and_warn"
        ),
        "lanes": (Lane(id="first"), Lane(id="second")),
        "backends": (
            Backend(
                id="large",
                model="llama-3.3-70b",
                pool="large",
                region="eu-west-2",
                jurisdiction="eu",
                batching="continuous",
                max_concurrency=AtMost(value=64, scope="per_backend"),
                why={"/max_concurrency": ("declared",)},
            ),
            Backend(
                id="embedder",
                model="bge-m3",
                pool="embedder",
                region="eu-west-2",
                jurisdiction="eu",
                replicas=2,
                batching="static",
                batch=Batch(window_us=20_000, max_size=32),
                why={"/batch": ("declared",)},
            ),
        ),
        "classes": (
            PolicyClass(
                id="rag",
                request_class="rag",
                match=Match(headers=(HeaderMatch(name="x-costctl-class", value="rag"),)),
                lane="first",
                placement=Placement(
                    targets=(Target(backend="embedder", weight=100),),
                    fallback=(Fallback(backend="large", on=("error", "context_window")),),
                ),
                queue=Queue(
                    depth=AtMost(value=9, scope="per_backend"), max_wait_us=500_000, on_timeout="reject"
                ),
                data_boundary=EU_ONLY,
                why={
                    "/lane": ("declared",),
                    "/placement/targets": ("declared",),
                    "/placement/fallback": ("declared",),
                    "/queue": ("declared",),
                    "/data_boundary": ("declared",),
                },
            ),
            PolicyClass(
                id="batch",
                request_class="embedding_batch",
                match=Match(),
                lane="second",
                placement=Placement(targets=(Target(backend="embedder", weight=100),)),
                retries=2,
                timeout_us=2_500_000,
                why={
                    "/lane": ("declared",),
                    "/placement/targets": ("declared",),
                    "/retries": ("declared",),
                    "/timeout_us": ("declared",),
                },
            ),
        ),
        "default_class": "batch",
        "evidence": (declared,),
    }
    return Policy(**{**parts, **changes})


def pool_named(name: str, concurrency: Limit | None = None, replicas: int = 1) -> Backend:
    """A pool of that name that serves "llama"."""
    return Backend(id=name, model="llama", pool=name, replicas=replicas, max_concurrency=concurrency)


def kind_named(name: str, *targets: str, **changes: object) -> PolicyClass:
    """A class that its header tells, served at backends of equal weight, in the first lane."""
    kind = PolicyClass(
        id=name,
        request_class=name,
        match=Match(headers=(HeaderMatch(name="x-costctl-class", value=name),)),
        lane="first",
        placement=Placement(targets=tuple(Target(backend=each, weight=100) for each in targets)),
        why={"/lane": ("declared",)},
    )
    return replace(kind, **changes)


def policy_of(*kinds: PolicyClass, backends: tuple[Backend, ...]) -> Policy:
    """A policy of these classes, the last of which is the default, with three lanes: first, second and third."""
    lanes = tuple(Lane(id=name) for name in ("first", "second", "third"))
    return sound_policy(lanes=lanes, backends=backends, classes=kinds, default_class=kinds[-1].id)
