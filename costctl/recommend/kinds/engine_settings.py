"""With which settings should an engine that decodes continuously run?

How many sequences at once (max_num_seqs), how many tokens a step carries (max_batched_tokens), whether prompts stall
decoding (prefill), and whether beginnings of prompts are kept (prefix_cache_tokens). Each is tried alone, and then in
rounds beside the best so far: a search along the coordinates, since most of the product of all is never worth a replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from costctl.documents.changes import Value
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.recommend.engine_choices import Choices, Untried, choices_of
from costctl.recommend.objectives import has_objective, missed, objective_to_set
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study

_NAME: Final = "engine_settings"
_ROUNDS: Final = 3  # beside the first: as many settings as differ can be found together
_KEPT: Final = "prefix_cache_tokens"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each fitted pool."""
    for number, name in enumerate(study.pools):
        yield _for_pool(study, number, Subject(_NAME, None, name))


def _for_pool(study: Study, number: int, subject: Subject) -> Proposal | Withheld:
    name = study.pools[number]
    if study.today.pools[name].discipline == "static":
        reason = "It serves static batches, whose window and size batch_window advises on."
        return Withheld(subject, reason, how="not_applicable")
    classes = study.served_classes(number)
    without = [
        study.classes[each] for each in classes if not has_objective(study.declared(study.classes[each]))
    ]
    if without:
        missing = tuple(objective_to_set(study, each) for each in without)
        reason = f"{without[0]} has no objective to keep: set {missing[0]}."
        return Withheld(subject, reason, how="needs_input", missing=missing)
    is_late = bool(missed(study.first, study.first.today, classes))
    choices = choices_of(study, number, is_late=is_late)
    evidence = (_in_progress(choices, study, number), *(_untried(each) for each in choices.untried))
    if not choices.values:
        return _nothing_to_try(subject, choices, evidence)
    cost = _proposal(name, number, subject, choices, evidence)
    cost = replace(cost, classes=tuple(classes))
    if not is_late:
        return cost
    goodput = replace(
        cost,
        goal="goodput",
        reason="More requests are within their objectives with these settings, for no more replica time.",
        otherwise=cost,
    )
    return replace(
        cost,
        goal="objectives",
        reason="An objective is missed today, and with these settings none is.",
        otherwise=goodput,
    )


def _proposal(
    name: str, number: int, subject: Subject, choices: Choices, evidence: tuple[Evidence, ...]
) -> Proposal:
    return Proposal(
        subject=subject,
        candidates=_beside(name, (), choices),
        goal="cost",
        classes=(),
        pools=(number,),
        reason="With these settings the same calls take less replica time, and every objective is kept.",
        if_none="No other settings of its engine take less replica time and keep every objective.",
        assumptions=(
            "All that is not changed stays as fitted: the time of a step (α), of each sequence in it (β), and of a "
            "token that is read (γ).",
            "With more sequences at once than were observed, the time of a step is extrapolated from the fit.",
            *(
                ("What a replica answered is read again: only prompts are kept.",)
                if _KEPT in choices.values
                else ()
            ),
        ),
        reversal=f"Start the engine as today if the p95 of a class leaves its objective. {_flags(choices)}.",
        evidence=evidence,
        is_about_prompts=True,
        refine=lambda near, number: _beside(name, near, choices) if number < _ROUNDS else (),
    )


def _beside(name: str, near: Candidate, choices: Choices) -> tuple[Candidate, ...]:
    """These settings with one of them changed, to every value of its lever, or back to today's."""
    now: dict[str, Value] = {each.lever.name: each.value for each in near}
    found = []
    for lever, values in choices.values.items():
        for value in (None, *values):
            changed = {**now, lever: value}
            if changed != now and _can_run(choices, changed):
                found.append(_candidate(name, changed))
    return tuple(dict.fromkeys(each for each in found if each))


def _candidate(name: str, values: Mapping[str, Value]) -> Candidate:
    """In the order of names, so that two ways to the same settings are one candidate. None: as today."""
    return tuple(
        setting("pool", lever, name, value) for lever, value in sorted(values.items()) if value is not None
    )


def _can_run(choices: Choices, changed: Mapping[str, Value]) -> bool:
    """Whether an engine starts with these: a step carries a token of each sequence at least."""
    seqs, tokens = (
        changed.get(lever) or choices.today.get(lever) for lever in ("max_num_seqs", "max_batched_tokens")
    )
    return not (isinstance(seqs, int) and isinstance(tokens, int)) or tokens >= seqs


def _flags(choices: Choices) -> str:
    """Today's values as the command lines of engines have them."""
    today = choices.today
    vllm, sglang = [], []
    seqs, tokens = today.get("max_num_seqs"), today.get("max_batched_tokens")
    if seqs is not None:
        vllm.append(f"--max-num-seqs {seqs}")
        sglang.append(f"--max-running-requests {seqs}")
    if tokens is not None:
        vllm.append(f"--max-num-batched-tokens {tokens}")
    is_chunked = today["prefill"] == "chunked"
    vllm.append("--enable-chunked-prefill" if is_chunked else "--no-enable-chunked-prefill")
    if not is_chunked:
        sglang.append("--chunked-prefill-size -1")
    elif tokens is not None:
        sglang.append(f"--chunked-prefill-size {tokens}")
    if _KEPT in choices.values:
        vllm.append("--no-enable-prefix-caching")
        sglang.append("--disable-radix-cache")
    return "; ".join(
        f"{engine}: {' '.join(flags)}" for engine, flags in (("vLLM", vllm), ("SGLang", sglang)) if flags
    )


def _nothing_to_try(subject: Subject, choices: Choices, evidence: tuple[Evidence, ...]) -> Withheld:
    missing = tuple(dict.fromkeys(missing for each in choices.untried for missing in each.missing))
    if missing:
        reason = " ".join(each.reason for each in choices.untried)
        return Withheld(subject, reason, evidence, how="needs_input", missing=missing)
    reason = (
        f"At most {choices.most_in_progress} sequences are in progress on a replica, fewer than may be, and nothing "
        "else that is known of its engine could be set otherwise."
    )
    return Withheld(subject, reason, evidence)


def _in_progress(choices: Choices, study: Study, number: int) -> Evidence:
    most, today = choices.most_in_progress, choices.today.get("max_num_seqs")
    may_be = "how many may be is not known" if today is None else f"{today} may be"
    return Evidence(
        id="in_progress",
        kind="simulated",
        statement=f"At most {most} sequences are in progress on one of its replicas at once; {may_be}.",
        samples=int((study.whole.period.pool == number).sum()),
        value=None,
    )


def _untried(each: Untried) -> Evidence:
    return Evidence(
        id=f"not_tried.{each.lever}", kind="computed", statement=each.reason, samples=None, value=None
    )


KIND: Final = Kind(_NAME, propose, "search along the coordinates, by replay")
