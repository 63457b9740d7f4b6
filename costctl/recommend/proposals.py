"""What does a kind of advice say? Candidates to be judged, or why there is nothing to judge.

A kind is one file in ``costctl/recommend/kinds``: ``propose(study)`` gives ``Proposal``, ``Unpromised`` and
``Withheld`` values, and says of each what it assumes and how to undo it. Everything else, from the replay to the
interval, is the evaluator's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from costctl.documents.capacity import Capacity
from costctl.documents.recommendations import Evidence, WithheldAs
from costctl.documents.reuse import ReuseCurve
from costctl.documents.tried import TriedSettings
from costctl.levers.settings import Setting
from costctl.recommend.looked import Looked
from costctl.recommend.study import Study

Goal = Literal["cost", "goodput", "order", "value", "objectives"]
Candidate = tuple[Setting, ...]
Refine = Callable[[Candidate, int], Sequence[Candidate]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What advice is about. commitment: an offer of capacity.  form: which of several answers to one question."""

    kind: str
    request_class: str | None = None
    pool: str | None = None
    commitment: str | None = None
    form: str | None = None

    @property
    def id(self) -> str:
        """Such as tier_placement.chat.gpu-economy."""
        parts = (self.kind, self.request_class, self.pool, self.commitment, self.form)
        return ".".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings to be tried on the first part of the window, of which the best is held to the second.

    goal: "cost" is the smallest bill, then the least busy time, of those that keep every objective; "goodput" is
    the most requests within their objectives, of those that take no more busy time; "order" is the most value of
    requests within their objectives, of those that keep every objective; "value" is the smallest sum of the bill
    and of busy time at its price, of those that keep every objective: what is paid for to free time; "objectives"
    is the smallest bill of those that miss none, whatever it comes to.  classes: whose objectives must be kept, by
    number.  pools: whose busy time changes, by number.  reason: why the best one is advised, a sentence; if_none:
    why nothing is, where none is better than today.  value: of a request of each class within its objectives, by
    number, where the goal is their order.  give_way: classes that are served less so that others are in time: what
    it does to them is told, and their objectives need not be kept.  is_about_prompts: what changes is how much of
    prompts is read, so that times to first token are told.  capacity: facts of the size of a pool.  refine: from
    the best so far (empty: none beats today) and the number of the round, from 0 on, what to try next; nothing ends
    the search.  otherwise: what is judged instead where no candidate keeps what this goal must keep.
    before: what must be decided or tried first, a sentence: it is then a candidate, and in no sum.  looked: settings
    that were replayed before this was proposed.  reuse: what memories of other sizes would have missed.
    """

    subject: Subject
    candidates: tuple[Candidate, ...]
    goal: Goal
    classes: tuple[int, ...]
    pools: tuple[int, ...]
    reason: str
    if_none: str
    reversal: str
    assumptions: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    value: tuple[float, ...] = ()
    give_way: tuple[int, ...] = ()
    is_about_prompts: bool = False
    capacity: Capacity | None = None
    refine: Refine | None = None
    otherwise: Proposal | None = None
    before: str | None = None
    looked: tuple[Looked, ...] = ()
    reuse: ReuseCurve | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """No advice, and why, a sentence. how: ruled out, for want of input, or not applicable.  missing: the settings to
    declare, of what is withheld for want of input.  tried: settings that were replayed.  reuse: as of a proposal.
    """

    subject: Subject
    reason: str
    evidence: tuple[Evidence, ...] = ()
    how: WithheldAs = "ruled_out"
    missing: tuple[str, ...] = ()
    capacity: Capacity | None = None
    tried: TriedSettings | None = None
    reuse: ReuseCurve | None = None


@dataclass(frozen=True, slots=True)
class Unpromised:
    """Settings of which nobody recorded what they would have met: a candidate to be tried, without a saving.

    reason: why it is worth a try, a sentence.  before: what the trial is, a sentence.
    """

    subject: Subject
    settings: Candidate
    reason: str
    before: str
    assumptions: tuple[str, ...]
    reversal: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of advice, as the registry has it. method: by which it finds what to try, where that has a name."""

    name: str
    propose: Callable[[Study], Iterable[Proposal | Unpromised | Withheld]]
    method: str | None = None
