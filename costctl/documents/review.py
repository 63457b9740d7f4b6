"""costctl.review/v1: what came of earlier advice: promised, delivered, not taken, gone away.

A promise is what a recommendation said when it was made. What it delivered is a difference of two bills of the calls
since: under the old setting, and as they were charged; of calls that are not made, what as many cost before that came
as far, less what they still cost.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.review/v1"
UNDO_SCHEMA_VERSION: Final = "costctl.undo/v1"

Outcome = Literal[
    "delivered", "partly", "costs_more", "reverted", "otherwise", "not_taken", "too_early", "not_observable"
]
TAKEN: Final[frozenset[Outcome]] = frozenset({"delivered", "partly", "costs_more", "reverted"})


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recommendation as it was kept. id: its own.  advised_as: of a candidate something was to be tried or declared
    first.

    promised_usd: over the window that it was computed on, window_from to window_to (RFC 3339, the end exclusive); level
    and method as there.  calls: of its class in that window; null where no tokens are bought.  reversal: how to undo
    it.  made: when, RFC 3339.  document_sha256: of the recommendations document as JSON.
    """

    id: str
    kind: str
    request_class: str | None
    pool: str | None
    advised_as: Literal["recommended", "candidate"]
    change: tuple[SettingChange, ...]
    promised_usd: Estimate
    window_from: str
    window_to: str
    calls: int | None
    reversal: str | None
    made: str
    document_sha256: str


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl recommend --undo ID --format json`` prints: costctl.undo/v1. change: from what was
    advised to what it was before; empty where that is no setting.  not_a_setting: the keys of settings of which nobody
    knows what they were; reversal says in words what to do.
    """

    schema_version: str
    id: str
    request_class: str | None
    pool: str | None
    change: tuple[SettingChange, ...]
    not_a_setting: tuple[str, ...]
    reversal: str | None


class ReviewedPromise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A promise, and what came of it. since_from, since_to: the calls that it is held to, RFC 3339; null without any.

    reason: what the outcome rests on, a sentence.  calls, sessions: of its class since.  promised_usd: for as many
    calls as there were since, or requests where calls are left out, at what was promised for each;
    promised_usd_per_week: likewise.  traffic_ratio: as many a week since, over those when it was promised.
    delivered_usd: the bill under the old setting less the bill as charged, or what calls would have cost that are not
    made; null where that cannot be told, or there are too few sessions.  Per week only from a day on, or where it was
    asked for.  taken_ratio: of the calls that would be billed differently, or of those that the change concerns, those
    that show it; lately_ratio: of the last quarter of them.  old_rule_error_ratio: by how much the old setting, billed
    on the calls before, misses what they were charged; the interval is as much wider.  unknown_calls: of which one of
    the bills is not known; they count as not saving.

    Of the outcome "otherwise", where calls show another change than the advised one: made, what most of these have in
    the place of what was advised; delivered_usd is what that saved; advised_usd, advised_usd_per_week: what the advised
    change would have saved of the same calls.
    """

    promise: Promise
    outcome: Outcome
    reason: str
    since_from: str | None = None
    since_to: str | None = None
    calls: int = 0
    sessions: int = 0
    promised_usd: Estimate | None = None
    promised_usd_per_week: Estimate | None = None
    traffic_ratio: float | None = None
    delivered_usd: Estimate | None = None
    delivered_usd_per_week: Estimate | None = None
    taken_ratio: float | None = None
    lately_ratio: float | None = None
    old_rule_error_ratio: float | None = None
    unknown_calls: int = 0
    made: str | None = None
    advised_usd: Estimate | None = None
    advised_usd_per_week: Estimate | None = None


class PastAdvice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far past promises were kept: taken, of which delivered. ratio: USD delivered by those that were taken over
    what was promised for the same calls; null where none was.
    """

    taken: int
    delivered: int
    promised_usd: float
    delivered_usd: float
    ratio: float | None


class Together(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was taken, all of it at once: one bill under all the old settings, less what was charged. Where two promises
    are about the same tokens, theirs add up to something else.
    """

    delivered_usd: Estimate
    delivered_usd_per_week: Estimate | None


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl recommend --review --format json`` prints. promises: what was taken first, by what
    was delivered; then what was not, by what was promised.  since_from, since_to: over all promises; null where no call
    started since.
    """

    schema_version: str
    provenance: Provenance
    since_from: str | None
    since_to: str | None
    is_weekly_given: bool
    promises: tuple[ReviewedPromise, ...]
    together: Together | None
    past: PastAdvice | None

    @property
    def taken(self) -> tuple[ReviewedPromise, ...]:
        """Those of which the calls since show the change, or showed it."""
        return tuple(each for each in self.promises if each.outcome in TAKEN)

    @property
    def otherwise(self) -> tuple[ReviewedPromise, ...]:
        """Those in the place of which calls since show another change."""
        return tuple(each for each in self.promises if each.outcome == "otherwise")

    @property
    def candidates_left(self) -> tuple[ReviewedPromise, ...]:
        """Candidates of which the calls since show nothing: something had to be tried or declared first."""
        return tuple(
            each
            for each in self.promises
            if each.outcome not in (*TAKEN, "otherwise") and each.promise.advised_as == "candidate"
        )

    @property
    def too_early(self) -> tuple[ReviewedPromise, ...]:
        """Advice of which there are too few calls since to say anything."""
        return tuple(
            each
            for each in self.promises
            if each.outcome == "too_early" and each.promise.advised_as == "recommended"
        )

    @property
    def is_all_too_early(self) -> bool:
        """Whether no call has started since any of the changes that calls could tell of."""
        outcomes = {each.outcome for each in self.promises}
        return self.since_from is None and "too_early" in outcomes

    @property
    def told(self) -> tuple[ReviewedPromise, ...]:
        """All others."""
        apart = {id(each) for each in (*self.candidates_left, *self.too_early)}
        return tuple(each for each in self.promises if id(each) not in apart)

    @property
    def first_to_undo(self) -> ReviewedPromise | None:
        """One that costs more; else the first that was taken."""
        worse = [each for each in self.promises if each.outcome == "costs_more"]
        return next(iter((*worse, *self.taken)), None)

    @property
    def advised_until(self) -> str:
        """The end of the last window that advice rests on; "" without any."""
        return max((each.promise.window_to for each in self.promises), default="")
