"""May what is advised be kept where the data of its class may be? A prompt cache, a batch, a cache of answers.

In: the study, settings that are tried. Out: why they would break the required data boundary of their class; None where
they keep to it. Held to the class's boundary and that of its classification, at every provider that its calls go to.
"""

from __future__ import annotations

from costctl.documents.data_settings import ProviderSettings
from costctl.levers.boundary import longest_answer_us, reason_kept
from costctl.levers.settings import Setting
from costctl.rebill.declared_places import declared_places
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Candidate
from costctl.units import us_from_s

_KEEPING = ("prompt_cache", "service_tier", "response_cache.ttl")


def reason_not_kept(study: BoughtStudy, settings: Candidate) -> str | None:
    """Why the first of the settings that breaks a boundary does, a sentence."""
    found = ((each, _reason(study, each)) for each in settings if each.lever.name in _KEEPING)
    return next(
        (
            f"It would break the data boundary of {each.subject}: {why}."
            for each, why in found
            if why is not None
        ),
        None,
    )


def _reason(study: BoughtStudy, each: Setting) -> str | None:
    boundary = study.declared(each.subject).boundary
    if boundary is None or boundary.enforcement != "required":
        return None
    if each.lever.name == "response_cache.ttl":
        longest_us = longest_answer_us(boundary)
        ttl_us = us_from_s(each.value) if isinstance(each.value, int | float) else 0
        is_longer = longest_us is not None and ttl_us > longest_us
        return "no answer may be kept for so long" if is_longer else None
    keep, tier = ("none", each.value) if each.lever.name == "service_tier" else (each.value, None)
    if each.value in ("none", "default", "flex", "priority"):
        return None
    places = declared_places(study.calls.frame, study.settings.providers, each.subject)
    reasons = (
        reason_kept(
            boundary,
            place,
            keep=None if keep is None else str(keep),
            tier=None if tier is None else str(tier),
        )
        or (_not_declared(each, place) if longest_answer_us(boundary) is not None else None)
        for place in places
    )
    return next((why for why in reasons if why is not None), None)


def _not_declared(each: Setting, place: ProviderSettings) -> str | None:
    """A cache of which nothing is declared."""
    is_known = each.lever.name != "prompt_cache" or place.keeps.prompt_cache is not None
    return None if is_known else "how long its provider keeps prompts is not declared"
