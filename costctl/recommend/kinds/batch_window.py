"""How long should a static batch wait for others, and how large may it grow?

Proposes, for each pool of static batches, every window and size of a coarse grid, and then those around the best of
them: each round half as far away as the one before, by ratio. Last come sizes with which a batch starts before its
window has closed, which make a longer window bearable. Continuous batching has no window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from costctl.levers.batch_sizes import batch_sizes_from
from costctl.levers.settings import setting
from costctl.recommend.objectives import has_objective, objective_to_set
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
_LONGER_S: Final = (
    0.003,
    0.01,
    0.03,
    0.1,
)  # windows with preferred sizes, where the best without them is none


@dataclass(frozen=True, slots=True)
class _Rules:
    """By what batches of a pool start. preferred: sizes as text, None where they are left as they are today."""

    pool: str
    window_s: float
    size: int
    preferred: str | None = None

    @property
    def candidate(self) -> Candidate:
        """The same as settings."""
        settings = (
            setting("pool", "batch.window", self.pool, self.window_s),
            setting("pool", "batch.size", self.pool, self.size),
        )
        if self.preferred is None:
            return settings
        return (*settings, setting("pool", "batch.preferred", self.pool, self.preferred))

    def changed(self, settings: Candidate) -> _Rules:
        """These rules with the settings."""
        values = {each.lever.field: each.value for each in settings}
        return _Rules(
            self.pool,
            float(str(values.get("batch_window_s", self.window_s))),
            int(str(values.get("max_num_seqs", self.size))),
            str(values["preferred_sizes"]) if "preferred_sizes" in values else self.preferred,
        )

    def windows_beside_s(self, part: float) -> tuple[float, ...]:
        """The window, and those that are a part of a step away, within the grid."""
        if self.window_s == 0.0:
            return 0.0, _WINDOWS_S[1] * part
        beside_s = (self.window_s * _WINDOW_STEP**each for each in (0.0, -part, part))
        return tuple(each for each in beside_s if each <= _WINDOWS_S[-1])


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
    without = [
        study.classes[each] for each in classes if not has_objective(study.declared(study.classes[each]))
    ]
    if without:
        missing = tuple(objective_to_set(study, each) for each in without)
        return Withheld(
            subject,
            f"{without[0]} has no objective to keep: set {missing[0]}.",
            how="needs_input",
            missing=missing,
        )
    today = _Rules(name, rules.batch_window_s, rules.max_num_seqs)
    return Proposal(
        subject=subject,
        candidates=_grid(today),
        goal="cost",
        classes=tuple(classes),
        pools=(number,),
        reason="Of the windows and sizes tried this one takes the least replica time and keeps every objective.",
        if_none="None of the windows and sizes tried takes less replica time than today and keeps every objective.",
        assumptions=("Batches take α + β·n + γ·tokens, as fitted.",),
        reversal=f"Set the window back to {rules.batch_window_s * 1e3:g} ms and the size to {rules.max_num_seqs}, and "
        "take preferred sizes out, if the p95 of a class leaves its objective.",
        refine=lambda near, number: _around(today.changed(near), today.size, number),
    )


def _grid(today: _Rules) -> tuple[Candidate, ...]:
    """What makes no difference stays as it is: today's size comes first, and shorter windows before longer ones."""
    sizes = {max(1, int(today.size * factor)) for factor in _SIZE_FACTORS}
    return tuple(
        replace(today, window_s=window_s, size=size).candidate
        for window_s in _WINDOWS_S
        for size in sorted(sizes, key=lambda each: (each != today.size, each))
    )


def _around(near: _Rules, most: int, number: int) -> tuple[Candidate, ...]:
    """What a round tries: neighbours in window and size, nearer in each; then preferred sizes; then windows around the
    best of these. Nothing once all rounds are over. most: calls in a batch.
    """
    if number < _ROUNDS:
        part = 0.5 ** (number + 1)
        sizes = (near.size * _SIZE_STEP**each for each in (0.0, -part, part))
        kept = dict.fromkeys(min(max(1, round(each)), most) for each in sizes)
        windows_s = near.windows_beside_s(part)
        return tuple(
            replace(near, window_s=window_s, size=size).candidate for window_s in windows_s for size in kept
        )
    if number == _ROUNDS:
        return tuple(_with_preferred_sizes(near))
    if number == _ROUNDS + 1:
        return tuple(replace(near, window_s=window_s).candidate for window_s in near.windows_beside_s(0.5))
    return ()


def _with_preferred_sizes(near: _Rules) -> Iterator[Candidate]:
    """A half, and a quarter, of the size beside the whole: a batch is full sooner, and no smaller where many wait."""
    longer_s = (near.window_s * _WINDOW_STEP**each for each in range(4)) if near.window_s > 0 else _LONGER_S
    windows_s = [each for each in longer_s if each <= _WINDOWS_S[-1]]
    halves = (max(1, near.size // 2), near.size)
    for sizes in dict.fromkeys((halves, (max(1, near.size // 4), *halves))):
        for window_s in windows_s:
            preferred = batch_sizes_from(sizes).text
            yield replace(near, window_s=window_s, preferred=preferred).candidate


KIND: Final = Kind(_NAME, propose, "a grid, refined around its best")
