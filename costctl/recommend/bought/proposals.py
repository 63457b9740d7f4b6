"""What does a kind of advice on bought tokens say? Candidates to be billed, or why there is nothing to bill.

A kind is one file in ``costctl/recommend/bought/kinds``: ``propose(study)`` gives ``BillProposal``, ``Unpromised`` and
``Withheld`` values. The bill, the hold-out and the interval are the evaluator's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from costctl.documents.recommendations import Evidence
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Candidate, Subject, Unpromised, Withheld

CutBy = Literal["calls", "time"]


@dataclass(frozen=True, slots=True)
class BillProposal:
    """Settings to be billed on the first part of the calls, of which the cheapest is held to the rest.

    reason: why it saves, a sentence.  if_none: why nothing is advised, where no candidate is cheaper.  missing: the
    settings to declare before it may be done; empty where nothing must.  before: what must be tried first, a sentence.
    given: settings that are advised beside it: what is saved is what it adds to them.
    cut: by what the first part is the first (costctl/recommend/bought/cuts.py).
    """

    subject: Subject
    candidates: tuple[Candidate, ...]
    reason: str
    if_none: str
    assumptions: tuple[str, ...]
    reversal: str
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    before: str | None = None
    given: Candidate = ()
    cut: CutBy = "calls"


Proposed = BillProposal | Unpromised | Withheld


@dataclass(frozen=True, slots=True)
class BillKind:
    """A kind of advice, as the registry has it."""

    name: str
    propose: Callable[[BoughtStudy], Iterable[Proposed]]
