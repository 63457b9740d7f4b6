"""Do prompts of a class carry more than they need? A little too long for a lower price, or far longer than others.

What would be left out is what lies between the system prompt and the last message, the oldest first. The saving is what
remains after caching, where that is advised. It is always a candidate: whether answers are as good without, only a
trial can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting, settings_in
from costctl.rebill.bill import tokens_in
from costctl.rebill.rates import price_steps
from costctl.rebill.shortened import kept_tokens
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds import prompt_cache
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Candidate, Subject, Withheld

_NAME: Final = "context"
_A_LITTLE: Final = 1.1  # times the length at which the price steps up
_FAR: Final = 2.0  # times the median prompt
_LEAST_BEYOND: Final = 0.1  # of the tokens that went in: less is no crowd


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class with a price, and prompts that are too long in one of these ways."""
    length = study.calls.frame["input_tokens"].fill_null(0).to_numpy()
    step = price_steps(study.calls.frame, study.prices)
    is_prompt = (
        study.calls.frame["is_generation"].to_numpy() & (tokens_in(study.calls.tokens) > 0) & (length > 0)
    )
    for name in study.calls.classes:
        own = study.calls.of_class(name) & is_prompt
        if study.today.usd[own].any():
            yield from _for_class(study, name, own, length, step)


def _for_class(
    study: BoughtStudy, name: str, own: Bools, length: Ints, step: Ints
) -> Iterator[BillProposal | Withheld]:
    first = own & study.in_first
    most = _below_step(length[first], step[first])
    reason = "Its prompts are a little longer than the lower price allows, which then holds for none of their tokens."
    if most is None:
        most = _of_the_crowd(length[first])
        reason = "Some of its prompts are far longer than the others."
    if most is None:
        return
    subject = Subject(_NAME, name)
    evidence = (_above(own, length, most), *_parts(study, own))
    if not (kept_tokens(study.calls, np.where(own, most, 0)) < length).any():
        yield Withheld(
            subject, f"{reason} Of them nothing lies between system prompt and last message.", evidence
        )
        return
    given = _caching(study, name)
    beside = ("It is what is saved beyond caching its prompts, which is advised beside it.",) if given else ()
    yield BillProposal(
        subject=subject,
        candidates=((setting("class", "context.most_tokens", name, most),),),
        reason=reason,
        if_none=f"Shorter prompts of {name} would cost no less: one that is cut is read from no cache behind its "
        "system prompt.",
        assumptions=(
            "The system prompt and the last message stay. What a cache holds behind the system prompt is of no use to "
            "a prompt that is cut.",
            *beside,
        ),
        reversal="Send the whole prompt again.",
        evidence=evidence,
        before="Answers may need what is left out: cut the prompts of some requests and compare the answers first.",
        given=given,
    )


def _below_step(length: Ints, step: Ints) -> int | None:
    """The longest prompt at the lower price, where most of those above it are so by a little."""
    is_above = step > 0
    if not is_above.any():
        return None
    is_near = length[is_above] <= _A_LITTLE * step[is_above]
    return int(step[is_above].min()) - 1 if is_near.mean() >= 0.5 else None


def _of_the_crowd(length: Ints) -> int | None:
    """A multiple of the median prompt, where enough tokens lie beyond."""
    if not length.size:
        return None
    most = int(_FAR * np.median(length))
    beyond = np.maximum(length - most, 0).sum()
    return most if most and beyond >= _LEAST_BEYOND * length.sum() else None


def _caching(study: BoughtStudy, name: str) -> Candidate:
    """The settings of caching that are advised for the class; none where none are."""
    for proposed in prompt_cache.propose(study):
        if proposed.subject.request_class == name:
            advice = evaluated(study, proposed)
            return tuple(settings_in(advice.change, advice.id)) if advice.status == "recommended" else ()
    return ()


def _above(own: Bools, length: Ints, most: int) -> Evidence:
    longer = length[own & (length > most)]
    over = f", half of them by up to {np.median(longer - most):,.0f}" if longer.size else ""
    return Evidence(
        id="lengths",
        kind="measured",
        statement=f"{longer.size:,} of its {own.sum():,} prompts are longer than {most:,} tokens{over}.",
        samples=int(own.sum()),
        value=None,
    )


def _parts(study: BoughtStudy, own: Bools) -> Iterator[Evidence]:
    """What the prompts are made of, where messages are known."""
    prefixes = study.calls.prefixes
    told = own & prefixes.is_known & ~prefixes.is_by_block
    whole = float(prefixes.size[prefixes.offset[1:][told] - 1].sum())
    if whole:
        system, last = (
            float(each[told].sum()) / whole for each in (prefixes.first_tokens, prefixes.last_tokens)
        )
        yield Evidence(
            id="parts",
            kind="measured",
            statement=f"Of their tokens {system:.0%} are tools and system prompt, {last:.0%} the last message, and "
            f"{max(1.0 - system - last, 0.0):.0%} what lies between: earlier messages and what they brought along.",
            samples=int(told.sum()),
            value=None,
        )


KIND: Final = BillKind(_NAME, propose)
