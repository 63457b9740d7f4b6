"""costctl.portfolio/v1: one row per class that a team can decide on: what it is for, what serves it today, what is
proposed, and what the step is worth.

What is proposed is what the recommendations document recommends, and nothing else; what it is worth is said there, and
only repeated here. A default is what such a class usually takes: where the trace argues against it, the trace wins.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import Baseline, Joint, MissedObjective, Recommendation

SCHEMA_VERSION: Final = "costctl.portfolio/v1"

Goal = Literal["latency", "tokens_per_dollar", "throughput", "reliability", "surplus"]
AspectName = Literal["compute", "storage", "scheduling"]
Verdict = Literal[
    "changed", "as_default", "candidate", "trace_argues", "ruled_out", "needs_input", "not_judged"
]


class ClassFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the calls of a class look like, and what is declared of it: what the choice of a default looks at.

    generation_calls, embedding_calls, tool_runs: per request, on average, calls made again counted once.
    retrieval_ratio: of its requests, those that search or read documents.
    prompt_tokens_p50, output_tokens_p50: of a request.  cached_input_ratio: tokens read from prompt caches, of all that
    went in, over the calls that report both.  lookup_hit_ratio: of look-ups in caches of answers or documents.
    bought_ratio: of its calls, those that no pool of your own served; null where it makes none.  waiting_tier_ratio: of
    those that say at which tier they were bought, those of a tier that may answer late (batch, flex).  active_hours:
    hours of the day, UTC, in each of which at least half of an even share of its requests start; null below a day of
    observation.  objectives: as declared, such as "e2e_p95 15s".  may_wait: it is deferrable, or has a deadline.
    priority: 1 is served first.
    """

    generation_calls: float | None = None
    embedding_calls: float | None = None
    tool_runs: float | None = None
    retrieval_ratio: float | None = None
    prompt_tokens_p50: float | None = None
    output_tokens_p50: float | None = None
    cached_input_ratio: float | None = None
    lookup_hit_ratio: float | None = None
    bought_ratio: float | None = None
    waiting_tier_ratio: float | None = None
    active_hours: int | None = None
    objectives: tuple[str, ...] = ()
    has_objective: bool = False
    may_wait: bool = False
    priority: int | None = None


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which row of the defaults a class takes. name: of that row.  because: the facts that decided.  why: what such a
    class is for, a sentence.
    """

    name: str
    because: str
    why: str


class ClassGoal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the class is served for first. default: of its shape.  why: which fact argues for another; null where the
    default holds.
    """

    goal: Goal
    default: Goal
    why: str | None


class Aspect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side of how a class is served: its compute, its storage or its scheduling.

    today: as the trace and the settings show it; null is "not observed".  default: what such a class usually takes.
    proposed: what is recommended, setting by setting; as today where nothing is.  change: the same, typed.  ids: of the
    recommendations that change it.
    verdict: "changed" by what is recommended; "as_default", it is so already; "candidate", it would save once something
    is declared or tried; "trace_argues" against the default; "ruled_out", it was tried on the trace and saves nothing
    for certain; "needs_input", something must be known first; "not_judged", no kind of advice looked at it.  why: a
    sentence or two.  argues: the fact that argues against the default, whatever the verdict; null where none does.
    candidates: ids of what would change it once something is declared or tried; nothing of that is in any worth.
    """

    today: str | None
    default: str
    proposed: str | None
    change: tuple[SettingChange, ...]
    ids: tuple[str, ...]
    verdict: Verdict
    why: str
    argues: str | None = None
    candidates: tuple[str, ...] = ()


class StepWorth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one recommendation is worth by itself, as its own row of the recommendations document says. place: its
    number there, for ``recommend --show``.  classes: all that it changes: its worth is said at each, and is theirs
    together; empty where it is about none of them.
    """

    id: str
    place: int
    classes: tuple[str, ...]
    cash_usd: Estimate | None
    cash_usd_per_week: Estimate | None
    freed_usd: Estimate | None
    freed_usd_per_week: Estimate | None
    goodput_requests: Estimate | None
    goodput_requests_per_week: Estimate | None


class PortfolioRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class. usd: attributed to it in the window, idle time apart; null where nothing of it is priced, a lower
    bound where there are unpriced_charges.  usd_per_week: of a week of the same traffic, where weeks are given.
    bill_ratio: usd over the bill; null where some charge has no amount.  worth: of the steps that change it, in the
    order of the recommendations; null where none does. Steps overlap: their sum is worth less, and the joint says what.
    """

    request_class: str
    requests: int
    usd: float | None
    usd_per_week: float | None
    unpriced_charges: int
    bill_ratio: float | None
    facts: ClassFacts
    shape: Shape
    goal: ClassGoal
    compute: Aspect
    storage: Aspect
    scheduling: Aspect
    worth: tuple[StepWorth, ...] | None

    @property
    def aspects(self) -> tuple[tuple[AspectName, Aspect], ...]:
        """All of them, by name."""
        return ("compute", self.compute), ("storage", self.storage), ("scheduling", self.scheduling)


class Portfolio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl recommend --portfolio --format json`` prints. rows: one per class, those that cost
    most first.  of_no_class: what is recommended and changes no class of its own, such as a commitment.  made: all that
    is recommended, in the order of the recommendations document, with its grounds.  baseline, joint: of that document:
    the bill, and what all steps together are worth, overlaps taken out.  why_nothing: why nothing could be judged.
    missed: of that document too: the objectives that are missed today.
    """

    schema_version: str
    provenance: Provenance
    baseline: Baseline
    rows: tuple[PortfolioRow, ...]
    of_no_class: tuple[StepWorth, ...]
    made: tuple[Recommendation, ...]
    joint: Joint | None
    why_nothing: str | None = None
    missed: tuple[MissedObjective, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of what would change a class once something is declared or tried, each once."""
        return tuple(
            dict.fromkeys(name for row in self.rows for _, each in row.aspects for name in each.candidates)
        )

    @property
    def kept(self) -> tuple[PortfolioRow, ...]:
        """The classes that nothing recommended changes."""
        return tuple(each for each in self.rows if each.worth is None)

    @property
    def steps(self) -> tuple[StepWorth, ...]:
        """All of them once, in the order of the recommendations."""
        found = {step.place: step for row in self.rows for step in row.worth or ()}
        found |= {step.place: step for step in self.of_no_class}
        return tuple(found[place] for place in sorted(found))

    @property
    def changed(self) -> tuple[PortfolioRow, ...]:
        """The classes that something recommended changes."""
        return tuple(each for each in self.rows if each.worth is not None)

    def advice(self, step: StepWorth) -> Recommendation:
        """The recommendation of which this is the worth."""
        return self.made[step.place - 1]
