"""Which degraded states were seen, and where could calls have gone meanwhile?

A pool is degraded where far more of its calls fail than usually, or where they take far longer than their load explains
(costctl/recommend/degraded.py). For classes that another pool may serve, within their data boundary and of a model that
they allow, the calls that failed are replayed there. Whether such a state comes again nobody knows: a fallback is a
candidate, and its saving is not stated. No cause is named, since none is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.documents.setting_names import toml_key
from costctl.levers.boundary import reason_outside
from costctl.levers.settings import setting
from costctl.recommend.degraded import FEWEST_CALLS, Degraded, Spans, spans_of, states_of
from costctl.recommend.elsewhere import batching_alike, elsewhere
from costctl.recommend.objectives import not_reproduced
from costctl.recommend.outage_replay import Rescued, rescued
from costctl.recommend.proposals import Kind, Subject, Unpromised, Withheld
from costctl.recommend.study import Study
from costctl.simulate.outcome_measures import latency_s
from costctl.units import S_PER_MINUTE

_NAME: Final = "fallback"
_MOST_TOLD: Final = 5


def propose(study: Study) -> Iterator[Unpromised | Withheld]:
    """One line for each pool that was seen degraded; one for all where none was."""
    found = [(number, _spans(study, number)) for number in range(len(study.pools))]
    degraded = [(number, spans, states) for number, spans in found if (states := states_of(spans))]
    if not degraded:
        yield Withheld(
            Subject(_NAME),
            "No pool was seen to fail, or to take far longer than its load explains, for a minute or more.",
            how="not_applicable",
        )
    for number, spans, states in degraded:
        yield _for_pool(study, number, spans, states)


def _spans(study: Study, number: int) -> Spans:
    """Of what was observed of the pool's calls, beside what a replay of today says of them."""
    calls, which = study.fits.calls, study.fits.which
    whole = study.whole
    here = whole.period.pool == number
    return spans_of(
        calls.arrival_s[which][here],
        study.own.is_failed[here],
        calls.latency_s()[which][here],
        latency_s(whole.today.outcome)[here],
        whole.period.window_s,
    )


def _for_pool(study: Study, number: int, spans: Spans, states: tuple[Degraded, ...]) -> Unpromised | Withheld:
    name = study.pools[number]
    subject = Subject(_NAME, None, name)
    evidence = (*_states_told(study, states), *_threshold(spans))
    failing = [each for each in states if each.how == "failing"]
    if not failing:
        return Withheld(
            subject,
            f"{name} took far longer than its load explains, and its calls did not fail: they go elsewhere only after "
            "a time-out, which is not replayed.",
            evidence,
        )
    goes = _failed_in(study, number, failing)
    request_class = study.whole.period.workload.lane
    classes = np.unique(request_class[goes]).tolist()
    to = {each: places[0] for each in classes if (places := elsewhere(study, each, number))}
    evidence = (*evidence, *_bought(study, classes))
    if not to:
        return _nowhere(study, subject, number, classes, evidence)
    goes &= np.isin(request_class, [*to])
    return _candidate(study, subject, failing, to, rescued(study, goes, to), evidence)


def _failed_in(study: Study, number: int, states: Sequence[Degraded]) -> Bools:
    """The calls of the pool that failed in one of the states."""
    at_s = study.fits.calls.arrival_s[study.fits.which]
    is_within = np.zeros(at_s.size, np.bool_)
    for each in states:
        is_within |= (at_s >= each.from_s) & (at_s < each.until_s)
    found: Bools = is_within & study.own.is_failed & (study.whole.period.pool == number)
    return found


def _candidate(
    study: Study,
    subject: Subject,
    failing: Sequence[Degraded],
    to: Mapping[int, int],
    found: Rescued,
    evidence: tuple[Evidence, ...],
) -> Unpromised | Withheld:
    places = sorted(set(to.values()))
    others = " and ".join(study.pools[each] for each in places)
    beside = sorted({each for place in places for each in study.served_classes(place)})
    off = not_reproduced(study, beside, places, is_move=True)
    if off is not None:
        reason = f"The replay of today does not reproduce {off}, on which this would rest."
        return Withheld(subject, reason, evidence)
    replayed = Evidence(
        id="replayed",
        kind="simulated",
        statement=f"With the calls that failed then served by {others}, {found.in_time:,} of {found.requests:,} "
        f"requests that failed would have succeeded in time; classes of {others} "
        f"{'keep' if found.is_kept else 'would not keep'} their objectives.",
        samples=found.requests,
        value=None,
    )
    evidence = (*evidence, replayed)
    if not found.is_kept:
        reason = f"{others} has no room for them: a class that it serves would leave an objective."
        return Withheld(subject, reason, evidence)
    if found.in_time == 0:
        reason = f"None of {found.requests:,} requests that failed would have been in time on {others}."
        return Withheld(subject, reason, evidence)
    names = [study.classes[each] for each in to]
    return Unpromised(
        subject=subject,
        settings=tuple(
            setting("class", "fallback", study.classes[number], f"{study.pools[place]}:error")
            for number, place in to.items()
        ),
        reason=f"{subject.pool} was seen to fail {_times(len(failing))}, and {others} may serve {' and '.join(names)}: "
        f"{found.in_time:,} of {found.requests:,} requests that failed would have been in time there.",
        before="Nothing is promised: whether such a state comes again is not known. Refuse calls of "
        f"{subject.pool} for a minute on purpose, and see them answered by {others}.",
        assumptions=(
            "A call that failed is as long elsewhere as the calls of its class are in the middle, begins there when it "
            "came, and counts the time that it took until it failed.",
            "A request whose call failed would have succeeded with it: what it would have done after is not recorded.",
            f"The model of {others} answers as well.",
        ),
        reversal="Let calls that failed fail, instead of sending them on.",
        evidence=evidence,
    )


def _nowhere(
    study: Study, subject: Subject, pool: int, classes: Sequence[int], evidence: tuple[Evidence, ...]
) -> Withheld:
    """No other pool may serve any of the classes: for want of a line where one batches alike within their boundary."""
    missing = tuple(
        f"classes.{toml_key(study.classes[each])}.allowed_models"
        for each in classes
        if _would_but_for_models(study, each, pool)
    )
    names = " and ".join(study.classes[each] for each in classes)
    if missing:
        return Withheld(
            subject,
            f"{subject.pool} was seen to fail. Another pool batches alike within the boundary of its classes; whether "
            f"its model may serve them is not declared: see {missing[0]}.",
            evidence,
            how="needs_input",
            missing=missing,
        )
    return Withheld(
        subject,
        f"{subject.pool} was seen to fail, and no other pool may serve {names} or batches alike.",
        evidence,
    )


def _would_but_for_models(study: Study, number: int, pool: int) -> bool:
    """Whether a pool that batches alike, within the boundary of the class, serves no model that it allows."""
    boundary = study.declared(study.classes[number]).boundary
    others = (study.settings.pools[study.pools[each]] for each in batching_alike(study, number, pool))
    return any(reason_outside(boundary, each) is None for each in others)


def _bought(study: Study, classes: Sequence[int]) -> Iterator[Evidence]:
    """Models that classes without a boundary allow and no pool serves: nothing is known of how they would have done."""
    served = {model for pool in study.settings.pools.values() for model in pool.models}
    models = sorted(
        {
            model
            for each in classes
            if study.declared(study.classes[each]).boundary is None
            for model in study.declared(study.classes[each]).allowed_models
            if model not in served
        }
    )
    if models:
        yield Evidence(
            id="bought",
            kind="declared",
            statement=f"Its classes also allow {', '.join(models)}, which no pool serves: what calls would have met "
            "there is not recorded.",
            samples=None,
            value=None,
        )


def _states_told(study: Study, states: Sequence[Degraded]) -> Iterator[Evidence]:
    for place, each in enumerate(states[:_MOST_TOLD], 1):
        at = datetime.fromtimestamp(study.today.starts_s + each.from_s, UTC)
        minutes = (each.until_s - each.from_s) / S_PER_MINUTE
        what = (
            f"{each.failed:,} of {each.calls:,} calls failed"
            if each.how == "failing"
            else f"{each.calls:,} calls took {each.times_slower:.1f} times as long as their load explains"
        )
        yield Evidence(
            id=f"state_{place}",
            kind="measured",
            statement=f"From {at:%Y-%m-%d %H:%M:%S} UTC, for {minutes:.3g} minutes, {what}.",
            samples=each.calls,
            value=None,
        )
    more = states[_MOST_TOLD:]
    if more:
        statement = f"{len(more)} more such states were seen."
        yield Evidence("states", "measured", statement, samples=sum(each.calls for each in more), value=None)


def _threshold(spans: Spans) -> Iterator[Evidence]:
    """Between which shares of failing calls a threshold tells these states from others."""
    is_failing, failed = spans.is_failing, spans.failed
    others = failed.share[(failed.n >= FEWEST_CALLS) & ~is_failing]
    if not is_failing.any() or not others.size:
        return
    least, most = float(failed.share[is_failing].min()), float(others.max())
    seconds = spans.edges_s[1] - spans.edges_s[0]
    yield Evidence(
        id="threshold",
        kind="measured",
        statement=f"Of the calls of {seconds:.0f} s {least:.0%} or more failed in each of these states, and at most "
        f"{most:.0%} in any other {seconds:.0f} s of {FEWEST_CALLS} calls: a threshold between them tells them apart.",
        samples=int(failed.n.sum()),
        value=None,
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


KIND: Final = Kind(_NAME, propose)
