"""What becomes of a default, and why?

In: the practice that a class usually takes, its facts, the recommendations. Out: a verdict and a sentence. In this
order, so that the trace comes before the default:

    recommended → it is so already → it would save, once something is declared → the facts argue against it
    → it was tried and ruled out → something must be known first → nobody looked
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.documents.portfolio import ClassFacts, Verdict
from costctl.documents.recommendations import Recommendation
from costctl.recommend.portfolio.defaults import Practice, first_that_holds

_NOBODY_LOOKED: Final = "No kind of advice looked at it here."


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a default. why: a sentence or two.  argues: the evidence against it; None where there is none."""

    verdict: Verdict
    why: str
    argues: str | None = None


def ruling_of(
    practice: Practice,
    facts: ClassFacts,
    made: Sequence[Recommendation],
    others: Iterable[Recommendation],
) -> Ruling:
    """The verdict on one aspect of a class. made: what is recommended and changes it.  others: advice about the class,
    or about pools that serve it, that is not recommended.
    """
    met = first_that_holds(practice.so_today, facts)
    against = first_that_holds(practice.against, facts)
    argues = None if against is None else f"{_capitalized(against.said(facts))}."
    if made:
        reasons = [*dict.fromkeys(_reason(each) for each in made)]
        beside = [] if argues is None else [f"Not by default, {practice.says}: {_lowered(argues)}"]
        return Ruling("changed", " ".join((*reasons, *beside)), argues)
    if met is not None:
        return Ruling("as_default", f"It is so today: {met.said(facts)}.")
    of_kind = sorted(
        (each for each in others if each.kind in practice.kinds),
        key=lambda each: (practice.kinds.index(each.kind), _distance(each)),
    )
    candidate = _first(of_kind, lambda each: each.status == "candidate")
    if candidate is not None:
        return Ruling("candidate", _not_yet(candidate), argues)
    if argues is not None:
        return Ruling("trace_argues", argues, argues)
    ruled_out = _first(of_kind, lambda each: each.withheld_as == "ruled_out")
    if ruled_out is not None:
        return Ruling("ruled_out", _reason(ruled_out))
    wanting = _first(of_kind, lambda each: each.withheld_as == "needs_input")
    if wanting is not None:
        return Ruling("needs_input", _reason(wanting))
    apart = _first(of_kind, lambda each: each.withheld_as == "not_applicable")
    return Ruling("not_judged", _NOBODY_LOOKED if apart is None else _reason(apart))


def advice_about(
    advice: Iterable[Recommendation], request_class: str, pools: frozenset[str]
) -> list[Recommendation]:
    """What is said of the class, of pools that serve it, or of everybody. pools: that serve it."""
    return [
        each
        for each in advice
        if each.request_class == request_class
        or (each.request_class is None and (each.pool is None or each.pool in pools))
    ]


def _distance(advice: Recommendation) -> int:
    """How close advice is to a class: its own first, then that of a pool, then that of everybody."""
    return 0 if advice.request_class is not None else 1 if advice.pool is not None else 2


def _first(
    advice: Iterable[Recommendation], is_so: Callable[[Recommendation], bool]
) -> Recommendation | None:
    return next((each for each in advice if is_so(each)), None)


def _reason(advice: Recommendation) -> str:
    """Its reason; of advice about a pool alone, with its name."""
    return advice.reason if advice.request_class or not advice.pool else f"{advice.pool}: {advice.reason}"


def _not_yet(candidate: Recommendation) -> str:
    """What a candidate waits for: a line to declare, or a trial."""
    declared = f"Not before it is declared: {', '.join(candidate.missing)}." if candidate.missing else ""
    tried = "" if candidate.before is None else f"First: {candidate.before}"
    return " ".join(filter(None, (_reason(candidate), declared, tried)))


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
