"""Which effects are named, with what shows them?

In: lines, cuts and what is more than noise. Out: ``Cause`` values, the largest first. The number of requests is told of
the total, prices of models, and everything else of classes, so that no money is named twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.cost.difference_cuts import CutOfLines
from costctl.cost.difference_examples import Shown, shown_by
from costctl.cost.difference_lines import Lines
from costctl.cost.difference_measures import measure_of
from costctl.cost.difference_noise import Judged, place_of
from costctl.documents.difference import EFFECTS, Cause, EffectName, Mostly, PromptVersion
from costctl.documents.spending import LEAST_RATIO, LEAST_SHARE
from costctl.frames.compared import ComparedTime

_OF: Final[Mapping[EffectName, str]] = {"length": "total", "volume": "total", "price": "model"}
_OF_REQUESTS: Final = ("length", "volume", "mix")
_MOST_PART: Final = 0.8  # of an effect from which it is said to lie in one tenant or model
_NOTHING: Final = Shown(None, ())


def causes_of(
    lines: Lines,
    cuts: Mapping[str, CutOfLines],
    verdict: Mapping[str, Judged],
    sides: tuple[ComparedTime, ComparedTime],
    prompts: tuple[PromptVersion, ...],
) -> tuple[Cause, ...]:
    """Those that are more than noise, as far as that is known, and large enough."""
    found = [
        _cause(lines, cuts, verdict[of], (of, group), effect, sides, prompts)
        for effect, of, group in _named(lines, cuts, verdict)
    ]
    return tuple(
        sorted(found, key=lambda cause: (-abs(cause.usd), EFFECTS.index(cause.effect), cause.value or ""))
    )


def _named(
    lines: Lines, cuts: Mapping[str, CutOfLines], verdict: Mapping[str, Judged]
) -> Iterator[tuple[EffectName, str, int]]:
    usd = [side.usd for side in lines.totals()]
    dearest = max(float(each.sum()) for each in usd)
    for effect in EFFECTS:
        of = _OF.get(effect, "class")
        for group in range(len(cuts[of].rows)):
            size = abs(float(verdict[of].usd[place_of(effect), group]))
            own = cuts[of].number == group
            least = LEAST_SHARE * dearest
            if effect in _OF_REQUESTS:
                least = max(least, LEAST_RATIO * max(float(each[own].sum()) for each in usd))
            if size >= least > 0 and verdict[of].is_clear(place_of(effect), group) is not False:
                yield effect, of, group


def _cause(
    lines: Lines,
    cuts: Mapping[str, CutOfLines],
    verdict: Judged,
    subject: tuple[str, int],
    effect: EffectName,
    sides: tuple[ComparedTime, ComparedTime],
    prompts: tuple[PromptVersion, ...],
) -> Cause:
    of, group = subject
    value = cuts[of].rows[group][1]
    own = cuts[of].number == group
    sums = lines.totals()
    effects = lines.effects(*sums)[EFFECTS.index(effect)]
    usd, change = float(verdict.usd[place_of(effect), group]), float(lines.effects(*sums).sum())
    measure = measure_of(effect, lines, sums, own, effects)
    is_gone = not sums[1].requests[lines.cell[own]].any()
    rows = [side.rows for side in sides]
    shown = _NOTHING
    if rows[0] is not None and rows[1] is not None:
        before, after = (rows[1], rows[0]) if is_gone else (rows[0], rows[1])
        shown = shown_by(effect, of, value, before, after)
    return Cause(
        effect=effect,
        of=of,
        value=value,
        usd=usd,
        interval=verdict.interval(place_of(effect), group),
        share_ratio=usd / change if change else None,
        measure=measure,
        mostly=tuple(
            found
            for name in ("tenant", "model")
            if (found := _mostly(cuts[name], name, own, effects, of)) is not None
        ),
        has_new_prompt=_has_new_prompt(of, value, sides, prompts),
        first_request=None if is_gone else shown.first,
        requests=shown.best,
        is_on_base=is_gone and bool(shown.best),
    )


def _mostly(cut: CutOfLines, name: str, own: Bools, effects: Floats, of: str) -> Mostly | None:
    """The value in which nearly all of the effect lies, where it could lie in several."""
    sums = np.bincount(cut.number[own], effects[own], len(cut.rows))
    several = len(set(cut.number[own].tolist())) > 1
    whole = float(sums.sum())
    if of in (name, "total") or not several or not whole:
        return None
    place = int(np.argmax(sums / whole))
    kind, value = cut.rows[place]
    part = float(sums[place] / whole)
    if part < _MOST_PART or kind != "value" or value is None:
        return None
    return Mostly(name, value, part)


def _has_new_prompt(
    of: str, value: str | None, sides: tuple[ComparedTime, ComparedTime], prompts: tuple[PromptVersion, ...]
) -> bool | None:
    if of != "class":
        return None
    known = [
        side.rows is not None and value in side.rows.prompts["request_class"].to_list() for side in sides
    ]
    return any(each.request_class == value for each in prompts) if all(known) else None
