"""costctl.contract/v1: what each interface of a trace keeps to: its schema, time-out, retries, fallback, degraded mode.

``costctl contract draft`` writes it as TOML or JSON, people review it, ``costctl contract check`` holds traces to it.
Every part says whether it was measured (so many requests were seen, and so many of them break it), declared by a
person, or stands at its default, which says nothing. Counts are of requests, because the calls of one request are not
independent of each other.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from costctl.documents.policy import Text

SCHEMA_VERSION: Final = "costctl.contract/v1"
TOO_FEW: Final = "too few to say"
NOT_OBSERVED: Final = "not observed: to be declared"

Kind = Literal["model", "tool", "cache", "vector store", "retrieval"]
Basis = Literal["measured", "declared", "default"]
AttributeType = Literal["boolean", "integer", "number", "json", "text"]
Presence = Literal["required", "optional", "too few to say"]
Mode = Literal["retried", "fallback", "went on", "failed"]
Count = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record of a successful call carries. name: as the source has it, numbers within it as ``*``; names without
    a dot are costctl's own (docs/reference/relations.md, interface_call).

    type: the narrowest that every value has, as it is written: an integer is a number too, and everything is text.
    presence: required where at most 5 % of requests lack it; of what is optional, or of which too few requests were
    seen, only its disappearance breaks the contract.  samples: requests with a successful call; carried, lacking: of
    these, those in which such a call has it, and those in which such a call does not; a request may be both.
    values: all that were seen, of an attribute that is operational and has few; null where it is not, has many, or too
    few requests were seen.  low, high: of a count, likewise.  outside: requests that would have been outside of the
    values, or of low and high, had they been left out when these were drafted.
    """

    name: Text
    type: AttributeType
    presence: Presence
    basis: Basis
    samples: Count = 0
    carried: Count = 0
    lacking: Count = 0
    values: tuple[str, ...] | None = None
    low: int | float | None = None
    high: int | float | None = None
    outside: Count = 0


class Success(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """samples: requests that use it; broken: of these, those in which a call of it failed.  failed_calls: and errors,
    by the kind that the source says.  least: declared: the share of requests without a failed call, at least.
    """

    basis: Basis = "default"
    samples: Count = 0
    broken: Count = 0
    failed_calls: Count = 0
    errors: dict[str, int] = {}
    least: Share | None = None


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the calls that were timed, failed ones included. samples: of them.  p50_s …: by nearest rank, s."""

    samples: Count
    p50_s: float
    p95_s: float
    p99_s: float
    max_s: float


class Timeout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """value_s: the longest that a call may take; null where it cannot be said.  found: observed (calls were cut there),
    or proposed from the latency of calls that succeeded; null where neither.  samples: requests with a timed call;
    broken: of these, those with a longer one.  why: the evidence, in words.
    """

    basis: Basis = "default"
    value_s: Seconds | None = None
    found: Literal["observed", "proposed"] | None = None
    samples: Count = 0
    broken: Count = 0
    why: str = NOT_OBSERVED


class Retries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """most: attempts after the first; null where it cannot be said.  samples: requests that use it; broken: of these,
    those with more attempts, had they been left out when it was drafted.  repeated: calls that were a further attempt;
    recovered: of these, those that succeeded.
    """

    basis: Basis = "default"
    most: Count | None = None
    samples: Count = 0
    broken: Count = 0
    repeated: Count = 0
    recovered: Count = 0
    why: str = NOT_OBSERVED

    @property
    def attempts(self) -> int | None:
        """The most that a call may be attempted."""
        return None if self.most is None else self.most + 1


class Degraded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a request when a call of the interface failed. mode: what more than half of such requests do,
    beyond chance; null where none does.

    samples: such requests, and by what became of them: retried (its last call of the interface succeeded), fallback
    (another interface of the kind answered after it), went_on (it succeeded without), failed.  broken: those that did
    otherwise than the mode.
    """

    basis: Basis = "default"
    mode: Mode | None = None
    samples: Count = 0
    broken: Count = 0
    retried: Count = 0
    fallback: Count = 0
    went_on: Count = 0
    failed: Count = 0
    why: str = NOT_OBSERVED

    @property
    def kept(self) -> int:
        """Requests that did as the mode says."""
        return self.samples - self.broken


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is answered when the interface is not there. value: declared, in words; traces cannot tell it without their
    content.
    """

    basis: Basis = "default"
    value: str | None = None
    why: str = NOT_OBSERVED


class Interface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Told apart by kind, stage, operation and name, as the trace tells them. requests: that use it; calls: of it.

    basis: declared where a person says that it must be in use.  note: of a person; kept.
    """

    kind: Kind
    stage: Text
    operation: str | None = None
    name: str | None = None
    basis: Basis = "measured"
    requests: Count = 0
    calls: Count = 0
    note: str | None = None
    success: Success = Success()
    latency: Latency | None = None
    timeout: Timeout = Timeout()
    retries: Retries = Retries()
    degraded: Degraded = Degraded()
    fallback: Fallback = Fallback()
    attributes: tuple[Attribute, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is told apart by."""
        return (self.kind, self.stage, self.operation or "", self.name or "")

    @property
    def label(self) -> str:
        """How it is called in a sentence: model chat gpt-4.1."""
        known = dict.fromkeys((self.kind, self.operation or self.stage, self.name or "not named"))
        return " ".join(known)


class Drafted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From what a contract was drafted. window_from, window_to: RFC 3339, UTC, of the starts of requests; null where no
    request has one.  requests: in the traces.  inputs: SHA-256 of each, sorted.
    """

    costctl_version: str
    requests: Count
    window_from: str | None = None
    window_to: str | None = None
    inputs: tuple[str, ...] = ()


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """interfaces: those of the most requests first."""

    schema_version: Literal["costctl.contract/v1"]
    drafted: Drafted
    interfaces: tuple[Interface, ...]
