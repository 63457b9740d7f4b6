"""Should calls go to the replica that has the beginning of their prompt?

Each replica keeps the keys and values of prompts that it has read; what begins alike and goes elsewhere is read there
again. Proposes, for each pool of several replicas, to send calls where their prompt is, as long as that replica has no
more than so many calls more than the least loaded. Today is replayed with the same caches, and must read from them what
the traces say was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.recommendations import Evidence
from costctl.documents.reuse import ReuseCurve
from costctl.documents.setting_names import toml_key
from costctl.levers.platform import PoolRules
from costctl.levers.settings import setting
from costctl.recommend.known_prompts import LEAST_KNOWN, known_prompts, tokens_from_caches
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.reuse_told import reuse_told
from costctl.recommend.study import Study
from costctl.reuse.curve import miss_ratio_curve
from costctl.service_model.pool_calibration import TRUSTED_ERROR_RATIO
from costctl.simulate.workload import Workload

_NAME: Final = "prefix_affinity"
_MOST_AHEAD: Final = (1, 4, 16, None)  # calls; of limits that are alike the first
_CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
_MESSAGES: Final = "gen_ai.input.messages"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each fitted pool."""
    for number, name in enumerate(study.pools):
        yield _for_pool(study, number, Subject(_NAME, None, name))


def _for_pool(study: Study, number: int, subject: Subject) -> Proposal | Withheld:
    name = study.pools[number]
    rules = study.today.pools[name]
    workload = study.whole.period.workload
    here = study.whole.period.pool == number
    known = known_prompts(study, number)
    why = _why_as_today(rules)
    if why is not None:
        reuse = _reuse(workload, known, rules.prefix_cache_tokens)[1] if known.any() else None
        return Withheld(subject, why, how="not_applicable", reuse=reuse)
    if known.sum() < LEAST_KNOWN * here.sum():
        return Withheld(
            subject,
            f"How prompts begin is known of {int(known.sum()):,} of its {int(here.sum()):,} calls: export {_MESSAGES}, "
            "of which hashes are kept, or block hashes in a log (prefix_keys).",
            how="needs_input",
            missing=(_MESSAGES,),
        )
    curve, reuse = _reuse(workload, known, rules.prefix_cache_tokens)
    if study.settings.pools[name].enable_prefix_caching is False:
        return Withheld(
            subject,
            "Its replicas keep no prompts (enable_prefix_caching = false); engine_settings says whether they should.",
            evidence=(curve,),
            how="not_applicable",
            reuse=reuse,
        )
    if rules.prefix_cache_tokens == 0:
        key = f"pools.{toml_key(name)}.prefix_cache_tokens"
        return Withheld(
            subject,
            f"How much of prompts a replica keeps is not known: set {key} (its KV cache, in tokens).",
            evidence=(curve,),
            how="needs_input",
            missing=(key,),
            reuse=reuse,
        )
    return replace(_against_today(study, number, subject, known, curve), reuse=reuse)


def _why_as_today(rules: PoolRules) -> str | None:
    """Why calls may go where they go today; None where that is the question."""
    if rules.replicas == 1:
        return "It has one replica, to which every call goes."
    if rules.dispatch == "prefix_affinity":
        return "Its calls go to where their prompt is already."
    return None


def _against_today(
    study: Study, number: int, subject: Subject, known: Bools, curve: Evidence
) -> Proposal | Withheld:
    """The proposal where the caches of today are reproduced."""
    name, whole = study.pools[number], study.whole
    spared = whole.today.outcome.spared_tokens
    replayed = 0 if spared is None else int(spared[known].sum())
    observed = tokens_from_caches(study, known)
    if observed == 0 and replayed > 0:
        return Withheld(
            subject,
            f"Its calls report no tokens read from a cache, and the replay of today reads {replayed:,}: report "
            f"{_CACHED_TOKENS}, or switch prefix caching on.",
            evidence=(curve,),
            how="needs_input",
            missing=(_CACHED_TOKENS,),
        )
    told = _caches(observed, replayed, int(known.sum()))
    if abs(replayed - observed) > TRUSTED_ERROR_RATIO * observed:
        return Withheld(
            subject,
            f"The replay of today reads {replayed:,} tokens from caches, and the calls report {observed:,}: set "
            f"pools.{toml_key(name)}.prefix_cache_tokens to what a replica keeps.",
            evidence=(curve, told),
        )
    return Proposal(
        subject=subject,
        candidates=_grid(name),
        goal="cost",
        classes=tuple(study.served_classes(number)),
        pools=(number,),
        reason="Prompts that begin alike go to several replicas, and each reads the beginning again.",
        if_none="Sending calls to where their prompt is takes no less replica time, or an objective is missed.",
        assumptions=(
            "The router knows which replica read a prompt last, as routers that are aware of prefixes do.",
            "What a replica answered is read again in the next turn: only prompts are kept.",
        ),
        reversal="Assign calls as today if the p95 of a class leaves its objective.",
        evidence=(curve, told),
        is_about_prompts=True,
    )


def _grid(pool: str) -> tuple[Candidate, ...]:
    return tuple(
        (
            setting("pool", "dispatch", pool, "prefix_affinity"),
            setting("pool", "dispatch.most_ahead", pool, ahead),
        )
        for ahead in _MOST_AHEAD
    )


def _reuse(workload: Workload, known: Bools, today_tokens: int) -> tuple[Evidence, ReuseCurve | None]:
    """How much of prompts one cache for all would have had, at most and at half of what all prompts take together; and
    at other sizes. today_tokens: that a replica keeps; 0 where that is not known.
    """
    tokens, read = _parts(workload, np.flatnonzero(known))
    curve = miss_ratio_curve(read, tokens)
    weights = tokens.sum()
    first = np.unique(read, return_index=True)[1]
    compulsory = float(tokens[first].sum() / weights) if weights else 1.0
    half = float(curve.hits_at(curve.distinct / 2)) / max(float(curve.hits_at(np.inf)), 1.0)
    told = Evidence(
        id="reuse",
        kind="measured",
        statement=f"{1.0 - compulsory:.1%} of the tokens of its prompts had been read before, by any replica; half of "
        f"the {curve.distinct:,.0f} tokens that are different hold {half:.0%} of the parts that are read again.",
        samples=int(known.sum()),
        value=None,
    )
    return told, reuse_told(curve, "prompt_parts", "tokens", float(today_tokens))


def _parts(workload: Workload, which: Ints) -> tuple[Ints, Ints]:
    """Every part of these prompts, in order: its tokens, and its number."""
    tree, prefix = workload.prefix_tree, workload.prefix
    if tree is None or prefix is None or workload.prefix_tokens is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at, end, call = prefix[which], workload.prefix_tokens[which], which
    tokens, read, order, depth = [], [], [], []
    level = 0
    while at.size:
        tokens.append(end - tree.begins[at])
        read.append(at)
        order.append(call)
        depth.append(np.full(at.size, -level))
        goes_on = tree.parent[at] >= 0
        end, at, call = tree.begins[at][goes_on], tree.parent[at][goes_on], call[goes_on]
        level += 1
    place = np.lexsort((np.concatenate(depth), np.concatenate(order)))
    return np.concatenate(tokens)[place], np.concatenate(read)[place]


def _caches(observed: int, replayed: int, calls: int) -> Evidence:
    return Evidence(
        id="caches",
        kind="simulated",
        statement=f"Its calls report {observed:,} tokens read from caches; the replay of today reads {replayed:,}.",
        samples=calls,
        value=None,
    )


KIND: Final = Kind(_NAME, propose, "replay with each replica's cache of prompts")
