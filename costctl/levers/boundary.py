"""May a class's data go there, and stay there? The one rule, for pools and storage of the settings and for backends of
a policy.

In: a data boundary and a place. Out: None, or the reason why not. What a place does not declare counts as outside. What
it keeps of every call, in a log or a cache, is a part of it; what it keeps on request, by how tokens are bought, is
asked for apart (``reason_kept``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.documents.data_settings import DataBoundary, ProviderSettings, Store
from costctl.documents.policy import Backend, PolicyBoundary, PolicyStore
from costctl.documents.settings import ClassSettings, Pool, Storage
from costctl.units import US_PER_S

Bounds = DataBoundary | PolicyBoundary
Keeper = Pool | ProviderSettings | Backend
Place = Keeper | Storage
_KEPT: Final = {"logs": "logs", "prompt_cache": "cached prompts", "batch": "files of batches"}
_UNITS: Final = (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def reason_outside(boundary: Bounds | None, place: Place) -> str | None:
    """Why the place, or what it keeps of every call, lies outside of the boundary, in words; None where all lies
    inside. No list, and no time, allows any.
    """
    return next((reason for reason, _ in _faults(boundary, place)), None)


def reason_kept(
    boundary: Bounds | None, place: Keeper, *, keep: str | None = None, tier: str | None = None
) -> str | None:
    """Why what the place keeps on request lies outside of the boundary; None where nothing does. keep: for how long the
    calls ask it to keep prompts, "none" for not at all, None where that is not known.  tier: what they are sold as.
    """
    if boundary is None:
        return None
    cache = None if place.keeps is None else place.keeps.prompt_cache
    if keep != "none" and cache is not None and cache.when == "asked":
        reason = next((why for why, _ in _store_faults(boundary, "prompt_cache", cache)), None)
        if reason is not None:
            return reason
    if tier != "batch":
        return None
    if boundary.batch is False:
        return "its data may wait in no file of a batch"
    files = None if place.keeps is None else place.keeps.batch
    return next((why for why, _ in _store_faults(boundary, "batch", files)), None)


def longest_answer_us(boundary: Bounds | None) -> int | None:
    """Microseconds for which a cache may keep prompts and answers; None for any."""
    return None if boundary is None else _limit(boundary, "prompt_cache")


def limits_keeping(boundary: Bounds | None) -> bool:
    """Whether the boundary says anything of what may be kept, beside where data may go."""
    if boundary is None:
        return False
    is_timed = boundary.cacheable_us is not None or boundary.retention_us is not None
    return is_timed or boundary.logging is False or boundary.batch is False


def undeclared(boundary: Bounds | None, place: Place) -> tuple[str, ...]:
    """What the place would have to declare for it to be known whether it lies inside; none where that is known."""
    missing = [name for _, name in _faults(boundary, place)]
    return () if None in missing else tuple(name for name in missing if name is not None)


def must_leave(boundary: DataBoundary | None, place: Place) -> bool:
    """Whether a required boundary forbids the place for what it declares."""
    is_required = boundary is not None and boundary.enforcement == "required"
    return is_required and reason_outside(boundary, place) is not None and not undeclared(boundary, place)


def may_serve(declared: ClassSettings, pool: Pool) -> bool:
    """Whether the class allows a model of the pool, and its data may go there."""
    allows_model = bool(set(declared.allowed_models) & set(pool.models))
    return allows_model and reason_outside(declared.boundary, pool) is None


def period(us: int) -> str:
    """How long something is kept, in the largest unit that leaves a whole number."""
    for unit, size_s in _UNITS:
        whole, rest = divmod(us, size_s * US_PER_S)
        if whole and not rest:
            return f"{whole} {unit}"
    return f"{us / US_PER_S:g} s"


def _faults(boundary: Bounds | None, place: Place) -> Iterator[tuple[str, str | None]]:
    """Every reason why the place lies outside; with it, where that is only not known, what it does not declare."""
    if boundary is None:
        return
    yield from _place_faults(boundary, place, "its", "")
    if isinstance(place, Storage):
        return
    keeps = place.keeps
    yield from _store_faults(boundary, "logs", None if keeps is None else keeps.logs)
    cache = None if keeps is None else keeps.prompt_cache
    if cache is None or cache.when == "always":
        yield from _store_faults(boundary, "prompt_cache", cache)


def _place_faults(
    boundary: Bounds, place: Place | Store | PolicyStore, whose: str, under: str
) -> Iterator[tuple[str, str | None]]:
    for name, allowed, actual in (
        ("region", boundary.regions, place.region),
        ("jurisdiction", boundary.jurisdictions, place.jurisdiction),
        ("boundary", boundary.boundaries, place.boundary),
    ):
        if allowed and actual not in allowed:
            found = "is not declared" if actual is None else f"is {actual}"
            missing = under + name if actual is None else None
            yield f"{whose} {name} {found}, and only {', '.join(allowed)} is allowed", missing


def _store_faults(
    boundary: Bounds, name: str, store: Store | PolicyStore | None
) -> Iterator[tuple[str, str | None]]:
    """Of one thing that a place keeps: for too long, or where data must not go."""
    limit, kept = _limit(boundary, name), _KEPT[name]
    if store is None:
        if limit is not None:
            allowed = "none may be kept" if limit == 0 else f"at most {period(limit)} is allowed"
            yield f"how long it keeps {kept} is not declared, and {allowed}", f"keeps.{name}"
    elif store.at_most_us > 0:
        if limit is not None and store.at_most_us > limit:
            allowed = "none may be kept" if limit == 0 else f"at most {period(limit)} is allowed"
            yield f"it keeps {kept} for up to {period(store.at_most_us)}, and {allowed}", None
        yield from _place_faults(boundary, store, f"of its {kept} the", f"keeps.{name}.")


def _limit(boundary: Bounds, name: str) -> int | None:
    """The longest, in microseconds, that something may be kept; None for any."""
    is_refused = {"logs": boundary.logging is False, "batch": boundary.batch is False}.get(name, False)
    own = boundary.cacheable_us if name == "prompt_cache" else 0 if is_refused else None
    return min((each for each in (own, boundary.retention_us) if each is not None), default=None)
