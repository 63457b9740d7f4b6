"""How many replicas does each pool need to keep every objective?

Fewest replicas by replay (costctl/recommend/fewest.py), and a reserve for those that may fail. Fewer than today are
proposed for their cash; more, where today misses an objective, for what was promised; a schedule by the hour
where the window has seen each hour twice (costctl/recommend/by_hour.py), with as many in reserve and never more than
the constant. Pools are judged together in the
end: what each can do without alone, all may not be able to do without at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from costctl.arrays import Ints
from costctl.documents.capacity import Capacity
from costctl.documents.recommendations import Evidence, WithheldAs
from costctl.documents.setting_names import toml_key
from costctl.recommend.by_hour import needed_by_hour
from costctl.recommend.capacity_facts import chance_one_less, is_beyond_observed, one_more
from costctl.recommend.fewest import MOST_TIMES, fewest_that_keep, fewest_that_mend, is_kept, replicas_of
from costctl.recommend.hours import FEWEST_DAYS, Clock, clock_of
from costctl.recommend.need import Need, plural
from costctl.recommend.objectives import Missed, has_objective, missed, not_reproduced, objective_to_set
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.schedule_proposal import hours_of, schedule_of_need, starts_in_time, too_slow_to_start
from costctl.recommend.study import Part, Study
from costctl.recommend.tried import lens_of, tried_of
from costctl.scenario.period import p95_s
from costctl.simulate.replicas import busy_s_of_pool
from costctl.units import S_PER_HOUR

NAME: Final = "capacity"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """What each pool needs, as a constant."""
    found = {number: need_of(study, number) for number in range(len(study.pools))}
    needs = together(study, [each for each in found.values() if isinstance(each, Need)])
    times = clock_of(study)
    for number, each in found.items():
        if not isinstance(each, Need):
            yield each
            continue
        need = needs[number]
        needed = _by_hour(study, need, times) if starts_in_time(study, number) else None
        facts = facts_of(study, need, times, needed)
        yield _constant(study, need, facts)
        if times is not None and needed is not None:
            yield schedule_of_need(study, need, facts, times, needed)
        elif times is not None and not starts_in_time(study, number):
            yield too_slow_to_start(study, number)


def _by_hour(study: Study, need: Need, times: Clock | None) -> Ints | None:
    """Replicas needed in each hour; None where a schedule is not asked for, or no better than the constant."""
    if times is None or need.is_missed_today or need.sure == 1:
        return None
    return needed_by_hour(study, need.number, times, need.sure)


def need_of(study: Study, number: int) -> Need | Withheld:
    """What the pool needs by itself; what is missing where that cannot be said."""
    name = study.pools[number]
    subject, classes = Subject(NAME, None, name), study.served_classes(number)
    silent = _silent(study, classes)
    if silent:
        return _without_objective(study, number, subject, silent)
    off = not_reproduced(study, classes, (number,), is_move=False)
    if off is not None:
        return Withheld(subject, f"The replay of today does not reproduce {off}, on which this would rest.")
    today, reserve = study.today.pools[name].replicas, study.settings.pools[name].reserve_replicas
    parts = (study.first, study.second)
    broken = missed(study.whole, study.whole.today, classes)
    if broken:
        needed, looked = fewest_that_mend(study, number, parts)
        if needed is None:
            return _beyond_help(study, number, subject, broken, parts)
        most = study.settings.pools[name].most_replicas
        if most is not None and needed > most:
            reason = (
                f"{_in_words(study, broken)}: {plural(needed)} would keep every objective, of at most {most}"
            )
            return Withheld(subject, f"{reason} (pools.{toml_key(name)}.most_replicas).")
        reserve = reserve if most is None else min(reserve, most - needed)
        return Need(
            number,
            today,
            needed,
            needed,
            reserve,
            None,
            None,
            needed + reserve,
            is_missed_today=True,
            looked=looked,
        )
    found = fewest_that_keep(study, number, parts)
    advised = min(today, max(found.needed + reserve, found.sure))
    first, rest = found.by_part
    return Need(
        number,
        today,
        found.needed,
        found.sure,
        reserve,
        first,
        rest,
        advised,
        is_missed_today=False,
        looked=found.looked,
    )


def together(study: Study, needs: list[Need]) -> dict[int, Need]:
    """What pools need when all do without at once: while an objective is missed, the pool whose replicas cost least
    keeps one more.
    """
    found = {each.number: each for each in needs}
    classes = study.served_classes()
    prices = study.first.period.usd_per_s
    while True:
        fewer = [each for each in found.values() if each.advised < each.today]
        if len(fewer) < 2 or all(
            is_kept(study, part, study.trial(part, _all_of(study, fewer)), classes)
            for part in (study.first, study.second)
        ):
            return found
        cheapest = min(fewer, key=lambda each: (prices[each.number], study.pools[each.number]))
        found[cheapest.number] = replace(
            cheapest, advised=cheapest.advised + 1, beside_others=cheapest.beside_others + 1
        )


def _all_of(study: Study, needs: list[Need]) -> Candidate:
    return tuple(each for need in needs for each in replicas_of(study, need.number, need.advised))


def _constant(study: Study, need: Need, facts: Capacity) -> Proposal | Withheld:
    """Another number of replicas; why none where today's is right."""
    subject = Subject(NAME, None, study.pools[need.number])
    evidence = evidence_of(study, need, facts)
    if need.advised == need.today:
        how: WithheldAs = "not_applicable" if need.today == 1 else "ruled_out"
        lens = lens_of(study.first, (need.number,), study.served_classes(need.number))
        tried = tried_of(study, lens, need.looked, None)
        return Withheld(subject, _why_as_today(study, need), evidence, how, capacity=facts, tried=tried)
    return Proposal(
        subject=subject,
        candidates=(replicas_of(study, need.number, need.advised),),
        goal="objectives" if need.is_missed_today else "cost",
        classes=tuple(study.served_classes(need.number)),
        pools=(need.number,),
        reason=_why_more(study, need) if need.is_missed_today else _why_fewer(need),
        if_none=f"With {plural(need.advised)} an objective would be missed, or the bill is no smaller.",
        assumptions=_assumptions(study, need, facts),
        reversal=f"Go back to {plural(need.today)} if the p95 of a class leaves its objective.",
        evidence=evidence,
        capacity=facts,
        looked=need.looked,
    )


def facts_of(study: Study, need: Need, times: Clock | None, needed: Ints | None) -> Capacity:
    """The facts of the document."""
    return Capacity(
        needed=need.needed,
        sure=need.sure,
        reserve=need.reserve,
        replicas=need.advised,
        first_part=need.first_part,
        rest=need.rest,
        chance_one_less=chance_one_less(study, need.number, need.needed),
        one_more=one_more(study, need.number, need.advised),
        is_beyond_observed=is_beyond_observed(study, need.number, need.needed),
        hours=() if times is None else hours_of(study, need, times, needed),
    )


def evidence_of(study: Study, need: Need, facts: Capacity) -> tuple[Evidence, ...]:
    """The same in words."""
    calls = int((study.whole.period.pool == need.number).sum())

    def fact(name: str, statement: str) -> Evidence:
        return Evidence(id=name, kind="simulated", statement=statement, samples=calls, value=None)

    found = [fact("fewest", _fewest_in_words(study, need))]
    if facts.chance_one_less is not None:
        found.append(
            fact(
                "one_less",
                f"With {plural(need.needed - 1)} every objective is kept in {facts.chance_one_less:.0%} of periods "
                "drawn again from this one.",
            )
        )
    if facts.one_more is not None:
        more = facts.one_more
        worth = (
            "what that is worth is not declared"
            if more.worth_usd is None
            else f"worth {more.worth_usd:,.2f} USD by what a success and a second of delay are declared to be worth"
        )
        found.append(
            fact(
                "one_more",
                f"One more than {need.advised} costs {more.price_usd:,.2f} USD in the window and changes "
                f"requests within their objectives by {more.good_requests:+,} and their times by {-more.delay_s:+,.0f} "
                f"s in all, {worth}.",
            )
        )
    if not facts.hours:
        hours = (study.whole.period.to_s - study.whole.period.from_s) / S_PER_HOUR
        found.append(
            Evidence(
                id="too_short",
                kind="computed",
                statement=f"A schedule by hour of the day needs {FEWEST_DAYS} days of traces, not {hours:.1f} h.",
                samples=None,
                value=None,
            )
        )
    return tuple(found)


def _fewest_in_words(study: Study, need: Need) -> str:
    if need.first_part is None or need.rest is None:
        return f"With {plural(need.needed)} no objective is missed, by replay of both parts of the window."
    first, rest = (part.name for part in (study.first, study.second))
    return (
        f"Every objective is kept with {plural(need.needed)}: {need.first_part} by {first} alone, {need.rest} by "
        f"{rest}."
    )


def _why_fewer(need: Need) -> str:
    every = "keeps" if need.needed == 1 else "keep"
    said = f"{need.needed} of {plural(need.today)} {every} every objective"
    if need.advised == need.needed:
        return f"{said}; none is in reserve."
    if need.advised == need.needed + need.reserve:
        return f"{said}; {need.advised} leave {need.reserve} in reserve."
    return f"{said}; {need.advised} do so for sure."


def _why_more(study: Study, need: Need) -> str:
    broken = missed(study.whole, study.whole.today, study.served_classes(need.number))
    more = need.advised - need.today
    spare = f", {need.reserve} of them in reserve" if need.reserve else ""
    return f"{_in_words(study, broken)}: the pool needs {plural(more)} more{spare}. That saves nothing."


def _why_as_today(study: Study, need: Need) -> str:
    if need.needed == need.today:
        if need.today == 1:
            return "It has one replica, and something must serve its calls."
        worse = study.trial(study.whole, replicas_of(study, need.number, need.today - 1))
        broken = missed(study.whole, worse, study.served_classes(need.number))
        said = f": {_in_words(study, broken)}" if broken else ""
        return (
            f"All {need.today} replicas are needed; with {need.today - 1} an objective would be missed{said}."
        )
    name, spare = study.pools[need.number], need.today - need.needed
    if need.sure >= need.today:
        return (
            f"{plural(need.needed)} would keep every objective in what was observed, but not for sure: the upper "
            "bound of a percentile lies above its objective."
        )
    if need.needed + need.reserve >= need.today:
        return (
            f"{need.needed} of {plural(need.today)} would keep every objective; the other {spare} "
            f"{'is' if spare == 1 else 'are'} the reserve for a failure. "
            f"Set pools.{toml_key(name)}.reserve_replicas = 0 to do without."
        )
    return f"{plural(need.needed)} would do alone, but not where other pools have fewer as well."


def _in_words(study: Study, broken: tuple[Missed, ...]) -> str:
    """Such as: chat e2e p95 is 14.2 s, above 12 s."""
    return "; ".join(
        f"{study.classes[each.promise.request_class]} {each.promise.metric.replace('_', ' ')} is "
        f"{each.seconds:.3g} s, above {each.promise.target_s:g} s"
        for each in broken
    )


def _assumptions(study: Study, need: Need, facts: Capacity) -> tuple[str, ...]:
    found = ["Calls come as they came: more of them would need more replicas."]
    if facts.is_beyond_observed:
        found.append(
            f"Replicas of {study.pools[need.number]} would have more calls in progress than were observed: service "
            "times beyond that are extrapolated from the fit."
        )
    return tuple(found)


def _silent(study: Study, classes: list[int]) -> list[int]:
    """Classes without an objective: of those that may wait only where no class of the pool has one."""
    without = [each for each in classes if not has_objective(study.declared(study.classes[each]))]
    if len(without) == len(classes):
        return without
    return [each for each in without if not study.declared(study.classes[each]).deferrable]


def _without_objective(study: Study, number: int, subject: Subject, silent: list[int]) -> Withheld:
    """What to declare, with what it is today; how busy a pool is never says how few replicas would do."""
    part: Part = study.whole
    missing, today = [], []
    for each in silent:
        name = study.classes[each]
        missing.append(objective_to_set(study, name))
        seconds = p95_s(part.today.e2e_s[part.period.members(each)])
        today.append(f"{name} has no objective, and p95 {seconds:.3g} s today")
    replicas = study.today.pools[study.pools[number]].replicas
    busy = busy_s_of_pool(part.today.outcome, part.period.pools, number)
    ratio = busy / (replicas * (part.period.to_s - part.period.from_s))
    return Withheld(
        subject,
        f"{'; '.join(today)}: set {', '.join(missing)}. That {plural(replicas)} {'is' if replicas == 1 else 'are'} "
        f"busy for {ratio:.0%} of the time does not say how few would do.",
        how="needs_input",
        missing=tuple(missing),
    )


def _beyond_help(
    study: Study, number: int, subject: Subject, broken: tuple[Missed, ...], parts: tuple[Part, ...]
) -> Withheld:
    """What no number of replicas mends, with what the largest that was tried comes to in the part that it fails in."""
    most = (MOST_TIMES + 1) * study.today.pools[study.pools[number]].replicas
    settings, classes = replicas_of(study, number, most), study.served_classes(number)
    left = [(part, missed(part, study.trial(part, settings), classes)) for part in parts]
    still = "; ".join(f"in {part.name} {_in_words(study, each)}" for part, each in left if each)
    every = ", and every part must keep it" if any(not each for _, each in left) else ""
    return Withheld(
        subject, f"{_in_words(study, broken)}. With {plural(most)} it would still be missed: {still}{every}."
    )


KIND: Final = Kind(NAME, propose, "fewest replicas by replay, bisected on the dearest hours")
