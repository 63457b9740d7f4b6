"""How long should a static batch wait for others, and how large may it grow?

Proposes, for each pool of static batches, every window and size of a coarse grid, and then those around the best of
them: each round half as far away as the one before, by ratio. Continuous batching has no window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.levers.platform import PoolRules
from costctl.levers.settings import setting
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study

_NAME: Final = "batch_window"
_WINDOWS_S: Final = (
    0.0, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1
)  # fmt: skip
_SIZE_FACTORS: Final = (0.25, 0.5, 1.0)  # of the size declared: what fits into memory is not for us to exceed
_WINDOW_STEP: Final = 5 / 3  # the widest ratio between neighbours; the first round goes its square root
_SIZE_STEP: Final = 2.0
_ROUNDS: Final = 3  # after which windows are 7 % apart, and sizes 9 %


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each fitted pool."""
    for number, name in enumerate(study.pools):
        yield _for_pool(study, number, Subject(_NAME, None, name))


def _for_pool(study: Study, number: int, subject: Subject) -> Proposal | Withheld:
    name = study.pools[number]
    rules = study.today.pools[name]
    if rules.discipline == "continuous":
        return Withheld(
            subject,
            "It uses continuous batching, which has no batch window: a call joins at the next step. engine_settings "
            "advises on max_num_seqs and max_batched_tokens.",
            how="not_applicable",
        )
    classes = study.served_classes(number)
    without = [study.classes[each] for each in classes if not _has_objective(study, study.classes[each])]
    if without:
        missing = tuple(f"classes.{each}.slo.e2e_p95" for each in without)
        return Withheld(
            subject,
            f"{without[0]} has no objective to keep: set {missing[0]}.",
            how="needs_input",
            missing=missing,
        )
    return Proposal(
        subject=subject,
        candidates=_grid(name, rules.max_num_seqs),
        goal="cost",
        classes=tuple(classes),
        pools=(number,),
        reason="Of the windows and sizes tried this one takes the least replica time and keeps every objective.",
        if_none="None of the windows and sizes tried takes less replica time than today and keeps every objective.",
        assumptions=("Batches take α + β·n + γ·tokens, as fitted.",),
        reversal=f"Set the window back to {rules.batch_window_s * 1e3:g} ms and the size to {rules.max_num_seqs} if "
        "the p95 of a class leaves its objective.",
        refine=lambda near, number: _around(name, near or _as_today(name, rules), rules.max_num_seqs, number),
    )


def _grid(pool: str, size_today: int) -> tuple[Candidate, ...]:
    """What makes no difference stays as it is: today's size comes first, and shorter windows before longer ones."""
    sizes = {max(1, int(size_today * factor)) for factor in _SIZE_FACTORS}
    return tuple(
        _candidate(pool, window_s, size)
        for window_s in _WINDOWS_S
        for size in sorted(sizes, key=lambda each: (each != size_today, each))
    )


def _around(pool: str, near: Candidate, size_today: int, number: int) -> tuple[Candidate, ...]:
    """The neighbours of these settings in a round, within the bounds of the grid; nothing once all rounds are over."""
    if number >= _ROUNDS:
        return ()
    window_s, size = (float(str(each.value)) for each in near)
    part = 0.5 ** (number + 1)
    wider, more = _WINDOW_STEP**part, _SIZE_STEP**part
    beside_s = (window_s / wider, window_s * wider) if window_s > 0 else (_WINDOWS_S[1] * part,)
    windows_s = (window_s, *(each for each in beside_s if each <= _WINDOWS_S[-1]))
    sizes = dict.fromkeys(min(max(1, round(each)), size_today) for each in (size, size / more, size * more))
    return tuple(_candidate(pool, each_s, each) for each_s in windows_s for each in sizes)


def _as_today(pool: str, rules: PoolRules) -> Candidate:
    return _candidate(pool, rules.batch_window_s, rules.max_num_seqs)


def _candidate(pool: str, window_s: float, size: int) -> Candidate:
    return setting("pool", "batch.window", pool, window_s), setting("pool", "batch.size", pool, size)


def _has_objective(study: Study, request_class: str) -> bool:
    slo = study.declared(request_class).slo
    return slo.e2e_p95_s is not None or slo.ttft_p95_s is not None


KIND: Final = Kind(_NAME, propose, "a grid, refined around its best")
