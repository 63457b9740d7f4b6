"""Should the prompts of a class be kept by the provider, up to where, and for how long?

Of providers that must be asked (Anthropic, also at Amazon and Google): 5 minutes or an hour, up to the end of the
system prompt or of the conversation, or not at all where keeping costs more than it brings. What is saved is exact
where prompts are known by their hashes; where only sessions are, it is said what could be saved at most. Caches that
work on their own cannot be switched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.bill import rules_of, tokens_in
from costctl.rebill.cache_rules import cache_rules
from costctl.rebill.growth import most_saved_usd
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.worth_asking import LEAST_OF_A_CLASS, asked_for
from costctl.recommend.proposals import Candidate, Subject, Withheld

_NAME: Final = "prompt_cache"
_MOST_UNKNOWN: Final = 0.05  # of the calls that must be asked for: more, and the saving would be of a part
_LEAST_USD: Final = 0.005  # less is shown as nothing
_NOT_KNOWN_TODAY: Final = (
    "See what is read from caches today: none of its calls says. Of prompts that are kept already nothing more is "
    "saved."
)
_CHOICES: Final = (("5m", "conversation"), ("1h", "conversation"), ("5m", "system"), ("1h", "system"))


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class whose provider must be asked to keep prompts."""
    must_ask = _must_be_asked(study)
    for name in study.calls.classes:
        own = study.calls.of_class(name) & must_ask
        if own.any():
            yield _for_class(study, name, own)


def _must_be_asked(study: BoughtStudy) -> Bools:
    """Calls of models whose provider keeps prompts only when asked, and that have read any."""
    is_asked = np.array([not rule.is_automatic for rule in cache_rules()] + [False])
    found: Bools = is_asked[rules_of(study.calls.frame)] & (tokens_in(study.calls.tokens) > 0)
    return found


def _for_class(study: BoughtStudy, name: str, own: Bools) -> BillProposal | Withheld:
    subject = Subject(_NAME, name)
    known = study.calls.prefixes.is_known
    if (own & ~known).sum() > _MOST_UNKNOWN * own.sum():
        return _unknown(study, subject, name, own)
    today = study.value_today(setting("class", "prompt_cache", name, "none").lever, name)
    return BillProposal(
        subject=subject,
        candidates=_candidates(name, today),
        reason=_reason(today),
        if_none=_if_none(name, today)
        if (least := _too_short(study, own)) is None
        else _all_short(name, least),
        assumptions=(
            "A prefix is read from the cache by calls that start once the answer of the one that wrote it has begun, "
            "within its time to live.",
            *_untimed(study, own),
            "Tokens of a prefix are its share of the prompt's characters.",
            "Breakpoints are set at the end of the system prompt and of what is kept, and look back as many content "
            "blocks as the provider says, where the blocks are known.",
        ),
        reversal=_reversal(today),
        evidence=(_shared(study, own),),
        before=None if _is_read_known(study, own) else _NOT_KNOWN_TODAY,
    )


def _unknown(study: BoughtStudy, subject: Subject, name: str, own: Bools) -> Withheld:
    """What is said where sizes of prompts are not known."""
    at_most = _at_most(study, name, own)
    prefixes = study.calls.prefixes
    if (prefixes.content[own & ~prefixes.is_known] >= 0).any():
        return Withheld(
            subject,
            f"How large the parts of the prompts of {name} are is not known: they hold files or images, whose tokens "
            "no characters tell, or their calls report no tokens.",
            evidence=at_most,
            how="not_applicable",
        )
    unknown = Withheld(
        subject,
        f"The prompts of {name} are not known: its traces hold no messages, or hold them blanked or cut off. Export "
        "gen_ai.input.messages, or the like, to costctl: it keeps hashes and sizes, and no text.",
        evidence=at_most,
        how="needs_input",
        missing=("gen_ai.input.messages",),
    )
    return asked_for(study, unknown, LEAST_OF_A_CLASS, own)


def _untimed(study: BoughtStudy, own: Bools) -> tuple[str, ...]:
    """Where it is not known when answers began."""
    count = int((own & ~study.calls.is_answer_timed).sum())
    if not count:
        return ()
    return (
        f"Of {count:,} of its calls neither the first token nor the end is observed: what they write is taken to be "
        "readable at once.",
    )


def _at_most(study: BoughtStudy, name: str, own: Bools) -> tuple[Evidence, ...]:
    """What keeping the conversations could save at most, by their sessions alone; nothing where they resend nothing."""
    rows, calls = study.bills.part(name)
    usd = float(most_saved_usd(calls, own[rows], study.prices).sum())
    if usd < _LEAST_USD:
        return ()
    return (
        Evidence(
            id="growth",
            kind="computed",
            statement=f"Keeping what its sessions send again would save at most {usd:.2f} USD of the window; what "
            "sessions share with each other is not in it.",
            samples=int(own.sum()),
            value=None,
        ),
    )


def _candidates(name: str, today: object) -> tuple[Candidate, ...]:
    kept = tuple(
        (setting("class", "prompt_cache", name, caching), setting("class", "prompt_cache.until", name, until))
        for caching, until in _CHOICES
    )
    return kept if today == "none" else (*kept, (setting("class", "prompt_cache", name, "none"),))


def _reason(today: object) -> str:
    if today == "none":
        return "Its prompts begin alike, and are paid for in full each time."
    return "Its prompts are kept, but not in the way that costs least."


def _if_none(name: str, today: object) -> str:
    if today == "none":
        return f"Keeping the prompts of {name} would cost more than it brings: too few begin alike in time."
    return f"The prompts of {name} are kept in the way that costs least."


def _too_short(study: BoughtStudy, own: Bools) -> int | None:
    """The least tokens that the models of these calls keep, where no prompt of them has as many; else None."""
    least = np.array([rule.least_tokens for rule in cache_rules()], np.int64)[
        rules_of(study.calls.frame)[own]
    ]
    is_short = tokens_in(study.calls.tokens)[own] < least
    return int(least.min()) if is_short.all() else None


def _all_short(name: str, least: int) -> str:
    return f"No prompt of {name} is long enough: its models keep none of fewer than {least:,} tokens."


def _reversal(today: object) -> str:
    if today == "none":
        return "Take cache_control out of the requests; the bill is then as today from the next call on."
    return "Put cache_control back as it is today."


def _is_read_known(study: BoughtStudy, own: Bools) -> bool:
    """Whether any call says what it read from a cache: where none does, nobody knows that nothing was."""
    return bool(study.calls.frame["is_cache_observed"].to_numpy()[own].any())


def _shared(study: BoughtStudy, own: Bools) -> Evidence:
    """How much of what went in was read from a cache."""
    whole = float(tokens_in(study.calls.tokens)[own].sum())
    read = float(study.calls.tokens["cached_input"][own].sum())
    of_it = (
        f"of which {read / whole:.0%} were"
        if _is_read_known(study, own)
        else "and it is not observed how many were"
    )
    return Evidence(
        id="tokens",
        kind="measured",
        statement=f"{whole:,.0f} tokens went in, {of_it} read from a cache.",
        samples=int(own.sum()),
        value=None,
    )


KIND: Final = BillKind(_NAME, propose)
