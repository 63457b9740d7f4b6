"""Which data may go where, and be kept how long? What is declared of data, and of the places that it goes to.

``[data]``, ``[providers.NAME]``, ``keeps`` of pools and ``boundary`` of classes in costctl.toml as values.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec

from costctl.units import duration_s, us_from_s

Boundary = Literal["on_prem", "private_cloud", "third_party_zdr", "third_party"]
Enforcement = Literal["required", "advisory"]
When = Literal["always", "asked"]
Place = TypeVar("Place", bound=str)
HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")]


class DataBoundary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data may go, and what may be kept of it. Empty lists allow any; "required" must be enforced or nothing is
    emitted.

    cacheable: whether prompts and answers may be kept to be used again, or for how long at most ("1h").  logging:
    whether they may stand in a log.  retention: the longest that anything may be kept of them, by a cache, a log or a
    file of a batch; "0s" is no retention at all.  batch: whether they may wait in a provider's file of a batch.
    """

    jurisdictions: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    enforcement: Enforcement = "required"
    cacheable: bool | str = True
    logging: bool = True
    retention: str | None = None
    batch: bool = True

    def __post_init__(self) -> None:
        """Refuse text that is no duration."""
        for text in (self.cacheable, self.retention):
            if isinstance(text, str):
                duration_s(text)

    @property
    def cacheable_us(self) -> int | None:
        """Microseconds that a cache may keep it; 0 is not at all, None any."""
        if isinstance(self.cacheable, str):
            return us_from_s(duration_s(self.cacheable))
        return None if self.cacheable else 0

    @property
    def retention_us(self) -> int | None:
        """Microseconds that anything may be kept; None any."""
        return None if self.retention is None else us_from_s(duration_s(self.retention))


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a place keeps of the data that it is sent. at_most: for how long; "0s" is nothing.  jurisdiction, region,
    boundary: where that lies.  when: for every call, or for those that ask for it.
    """

    at_most: str
    jurisdiction: str | None = None
    region: str | None = None
    boundary: Boundary | None = None
    when: When = "always"

    def __post_init__(self) -> None:
        """Refuse text that is no duration."""
        duration_s(self.at_most)

    @property
    def at_most_us(self) -> int:
        """Microseconds."""
        return us_from_s(duration_s(self.at_most))


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pool or a provider keeps, as its contract says it: nothing is assumed of what is not declared.

    prompt_cache: prompts, to begin others from.  logs: prompts or answers in logs, of operation or of abuse.  batch:
    the files of a batch.
    """

    prompt_cache: Store | None = None
    logs: Store | None = None
    batch: Store | None = None


class ProviderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a provider of tokens works, by its contract, and what it keeps; for the data boundaries of classes."""

    region: str | None = None
    jurisdiction: str | None = None
    boundary: Boundary | None = None
    keeps: Keeping = Keeping()


class DataSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How calls tell what data they carry. attribute: of spans, whose value is the name of a classification.  header:
    by which the edge tells it to gateways.  default: the classification of calls that tell none.
    """

    attribute: str | None = None
    header: HeaderName = "x-data-classification"
    default: str | None = None
    classifications: dict[str, DataBoundary] = {}

    def __post_init__(self) -> None:
        """Refuse a default that is not declared."""
        if self.default is not None and self.default not in self.classifications:
            raise ValueError(f"data.default is {self.default}, which [data.classifications] does not have")


def stricter(one: DataBoundary, other: DataBoundary) -> DataBoundary:
    """What holds for data that both are of: places that both allow, the shorter times, what both permit, and required
    where either is. Raises ValueError where no place is left.
    """
    times = [each.cacheable_us for each in (one, other)]
    shortest = min((each for each in times if each is not None), default=None)
    kept = [each for each in (one, other) if each.retention_us is not None]
    return DataBoundary(
        jurisdictions=_both("jurisdiction", one.jurisdictions, other.jurisdictions),
        regions=_both("region", one.regions, other.regions),
        boundaries=_both("boundary", one.boundaries, other.boundaries),
        enforcement="required" if "required" in (one.enforcement, other.enforcement) else "advisory",
        cacheable=True if shortest is None else (one, other)[times.index(shortest)].cacheable,
        logging=one.logging and other.logging,
        retention=min(kept, key=lambda each: each.retention_us or 0).retention if kept else None,
        batch=one.batch and other.batch,
    )


def _both(name: str, one: tuple[Place, ...], other: tuple[Place, ...]) -> tuple[Place, ...]:
    """What both lists hold, in the order of the first; an empty one holds all."""
    if not one or not other:
        return one or other
    found = tuple(each for each in one if each in other)
    if not found:
        raise ValueError(
            f"no {name} is allowed by both: one allows {', '.join(one)}, the other {', '.join(other)}"
        )
    return found
