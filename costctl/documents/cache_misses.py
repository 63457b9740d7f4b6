"""Why were tokens not read from a prompt cache? Part of costctl.analysis/v2 and costctl.explanation/v2."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

CacheCause = Literal[
    "unexplained",
    "sent_together",
    "another_deployment",
    "expired",
    "not_asked",
    "below_minimum",
    "prefix_changed",
    "first_use",
]
CAUSES: Final[tuple[CacheCause, ...]] = get_args(CacheCause)
UNAVOIDABLE: Final[frozenset[CacheCause]] = frozenset({"first_use", "below_minimum"})


class MissedTokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens that were not read for one cause. usd: what they were billed as, less what reading them would have cost;
    null where no call of them has a price, and a lower bound where unpriced_calls have none.

    cause                what the calls show
    unexplained          by the provider's rule it should have been read
    sent_together        the call that first sent it was still in progress
    another_deployment   it was cached on another deployment, not on this one
    expired              it was last used longer ago than it is kept
    not_asked            an earlier call had sent it, and the provider, who must be asked, was not asked to keep it
    below_minimum        it is shorter than the provider caches, or the rest of a step
    prefix_changed       the session's call before had sent as much, and this one differs at an earlier message
    first_use            no earlier call had sent it
    """

    cause: CacheCause
    calls: int
    tokens: int
    usd: float | None
    unpriced_calls: int


class ChangedAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """calls: those whose prompt differs from the session's call before from this part on. part: 0 for the system prompt
    and the tools, 1 for the first message, or that many blocks on where is_block.
    """

    part: int
    is_block: bool
    calls: int


class Missed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The input of ``calls`` calls: input_tokens = read_tokens + Σ causes.tokens.

    calls_without_prompt, calls_without_usage: calls that are in no figure, as their prompt, or how much of it was read,
    was not observed.  causes: those of most money first, first use last.  avoidable_tokens, avoidable_usd: of all
    causes but first_use and below_minimum; unpriced_calls: as in ``MissedTokens``.  changed_at: the most frequent
    first.
    """

    calls: int
    calls_without_prompt: int
    calls_without_usage: int
    input_tokens: int
    read_tokens: int
    causes: tuple[MissedTokens, ...]
    avoidable_tokens: int
    avoidable_usd: float | None
    unpriced_calls: int
    changed_at: tuple[ChangedAt, ...]


class ClassMisses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calls of one class."""

    request_class: str
    missed: Missed


class CacheMisses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All calls of models whose provider is known to have a prompt cache. classes: those of most avoidable money first;
    they sum to ``total``.
    """

    total: Missed
    classes: tuple[ClassMisses, ...]

    @property
    def by_class(self) -> dict[str, Missed]:
        """What each class missed."""
        return {each.request_class: each.missed for each in self.classes}


class CallMiss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens of one call, and one cause. usd: as in ``MissedTokens``; null where there is no price."""

    cause: CacheCause
    tokens: int
    usd: float | None


class CallCache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The prompt of one call. trace_id: of its request.  unknown: why it is in no figure; then the counts are 0.

    causes: in the order in which the tokens lie in the prompt.  since_s: seconds since the longest beginning that it
    shares with an earlier call was last sent; null where there is none.  changed_at: where its prompt is not what its
    session had sent; null where it is.
    """

    call_id: str
    trace_id: str
    unknown: Literal["no_rule", "no_prompt", "no_usage"] | None
    input_tokens: int
    read_tokens: int
    causes: tuple[CallMiss, ...]
    avoidable_usd: float | None
    since_s: float | None
    changed_at: ChangedAt | None
