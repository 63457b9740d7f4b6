"""How long should a static batch wait for others, and how large may it grow?

Proposes, for each pool of static batches, every window and size of a grid. Continuous batching has no window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.levers.settings import setting
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study

_NAME: Final = "batch_window"
_WINDOWS_S: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
_SIZE_FACTORS: Final = (0.25, 0.5, 1.0)  # of the size declared: what fits into memory is not for us to exceed


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
            "It uses continuous batching, which has no batch window: a call joins at the next step. Consider "
            "max_num_seqs and max_batched_tokens instead.",
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
    candidates = _grid(name, rules.max_num_seqs)
    return Proposal(
        subject=subject,
        candidates=candidates,
        goal="cost",
        classes=tuple(classes),
        pools=(number,),
        reason=f"Of {len(candidates)} windows and sizes this one takes the least replica time and keeps every "
        "objective.",
        if_none=f"None of {len(candidates)} windows and sizes takes less replica time than today and keeps every "
        "objective.",
        assumptions=("Batches take α + β·n + γ·tokens, as fitted.",),
        reversal=f"Set the window back to {rules.batch_window_s * 1e3:g} ms and the size to {rules.max_num_seqs} if "
        "the p95 of a class leaves its objective.",
    )


def _grid(pool: str, size_today: int) -> tuple[Candidate, ...]:
    """What makes no difference stays as it is: today's size comes first, and shorter windows before longer ones."""
    sizes = {max(1, int(size_today * factor)) for factor in _SIZE_FACTORS}
    return tuple(
        (setting("pool", "batch.window", pool, window_s), setting("pool", "batch.size", pool, size))
        for window_s in _WINDOWS_S
        for size in sorted(sizes, key=lambda each: (each != size_today, each))
    )


def _has_objective(study: Study, request_class: str) -> bool:
    slo = study.declared(request_class).slo
    return slo.e2e_p95_s is not None or slo.ttft_p95_s is not None


KIND: Final = Kind(_NAME, propose)
