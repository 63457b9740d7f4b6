"""A recommendation in words: what is changed, what it saves, over which time. The screen and the tables share them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Final

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.metrics import METRICS
from costctl.documents.portfolio import Portfolio, StepWorth
from costctl.documents.recommendations import (
    Baseline,
    Effect,
    FreedTime,
    Holdout,
    Increment,
    Joint,
    MissedObjective,
    Recommendation,
    Recommendations,
    WithheldAs,
)
from costctl.render.bought_words import in_plain_words, is_about_tokens
from costctl.render.capacity_hours import replicas_in_words
from costctl.render.cells import (
    NOT_OBSERVED,
    Cell,
    Interval,
    measured,
    number,
    phrase,
    ratio,
    seconds,
    usd,
    usd_interval,
)
from costctl.render.numbers import length, plural
from costctl.render.sections import first
from costctl.render.settings import setting_value

NO_CASH: Final = "$0 now"
_MOST_MISSED: Final = 3
WITHHELD: Final[Mapping[WithheldAs, str]] = {
    "ruled_out": "Ruled out",
    "too_few": "Too few seen to tell yet",
    "needs_input": "Needs input",
    "not_applicable": "Not applicable",
}
Saving = Recommendation | Holdout | Increment | Joint | StepWorth


def subject(advice: Recommendation) -> str:
    """Whose advice it is: of a class, on a pool, of an offer, or of all."""
    of = " on ".join(part for part in (advice.request_class, advice.pool) if part)
    return of or advice.commitment or "all"


def kind(name: str) -> str:
    """A kind of advice in words, such as "batch window"."""
    return name.replace("_", " ")


def lever(change: SettingChange) -> str:
    """The name of a setting without its owner: batch window, of pool.batch.window."""
    return change.lever.partition(".")[2].replace(".", " ").replace("_", " ")


def values(change: SettingChange) -> str:
    """A setting before and after."""
    before, after = (
        setting_value(each, change.unit, is_limit=change.is_limit) for each in (change.from_, change.to)
    )
    return f"{before} → {after}"


def changes(all_of_them: tuple[SettingChange, ...]) -> str:
    """Settings before and after, with their names: batch window 0 s → 100 ms."""
    return ", ".join(f"{lever(each)} {values(each)}" for each in all_of_them if each.from_ != each.to)


def in_words(advice: Recommendation) -> str:
    """What is changed, of whom: classification: llm-premium → llm-economy."""
    return f"{advice.request_class or advice.pool or advice.commitment or 'all'}: {what(advice)}"


def what(advice: Recommendation) -> str:
    """What is changed: llm-premium → llm-economy."""
    if any(is_about_tokens(each) for each in advice.change):
        return in_plain_words(advice.change)
    by_hour = replicas_in_words(advice)
    if by_hour is not None:
        return by_hour
    return ", ".join((*_plain_changes(advice), *put_off(advice)))


def put_off(advice: Recommendation) -> Iterator[str]:
    """How long classes wait before they are sent, which is in no latency: one phrase a class."""
    p95 = {each.request_class: each.to for each in advice.effects if each.metric == "put_off_p95"}
    for each in advice.effects:
        if each.metric == "longest_put_off" and each.request_class is not None:
            yield put_off_in_words(each.request_class, p95[each.request_class], each.to)


def put_off_in_words(request_class: str, p95_s: float, longest_s: float) -> str:
    """Such as: night jobs put off by up to 19.9 h (p95 18.2 h)."""
    return f"{request_class} put off by up to {length(longest_s)} (p95 {length(p95_s)})"


def _plain_changes(advice: Recommendation) -> list[str]:
    return [
        values(each)
        if each.lever == "class.pool"
        else f"{_of_another(each, advice)}{lever(each)} {values(each)}"
        for each in advice.change
        if each.from_ != each.to
    ]


def _of_another(change: SettingChange, advice: Recommendation) -> str:
    """The class whose setting it is, in advice about all that a pool serves."""
    return f"{change.request_class} " if change.request_class and not advice.request_class else ""


def is_setting(missing: str) -> bool:
    """Whether what is missing is declared in costctl.toml; else traces have to carry it."""
    key = missing.partition(" = ")[0]
    return "." in key and not key.startswith(("gen_ai.", "costctl."))


def line_to_add(missing: str) -> str:
    """A setting as it stands in costctl.toml: its table, and the line below."""
    key, equals, value = missing.partition(" = ")
    table, _, name = key.rpartition(".")
    return f"[{table}]\n{name} = {value}" if equals else missing


def told(item: Saving) -> tuple[Estimate | None, Estimate | None]:
    """Cash and freed time: per week where that is given, else over the window."""
    return (
        item.cash_usd if item.cash_usd_per_week is None else item.cash_usd_per_week,
        item.freed_usd if item.freed_usd_per_week is None else item.freed_usd_per_week,
    )


def span(document: Recommendations | Portfolio) -> str:
    """Over which time savings are told."""
    observed = length(document.baseline.observed_s)
    return (
        f"per week, from {observed}" if document.baseline.is_weekly_given else f"in the {observed} observed"
    )


def paid_today(baseline: Baseline) -> str:
    """What is paid today, over which time."""
    if baseline.is_weekly_given:
        return f"{usd(baseline.usd_per_week).at_least(baseline.unpriced_charges)} a week"
    if baseline.usd is None:
        return "not known, since nothing is priced"
    total = usd(baseline.usd).at_least(baseline.unpriced_charges)
    return f"{total} in {length(baseline.observed_s)}"


def over_which_time(baseline: Baseline) -> str:
    """From how many hours figures are, a sentence."""
    observed = length(baseline.observed_s)
    if baseline.is_weekly_given:
        return f"Per week, extrapolated from {observed} of traces."
    return f"All figures are for the {observed} observed; --extrapolate scales them to a week."


def per_week(baseline: Baseline) -> str:
    """What follows the name of a column of amounts."""
    return "/week" if baseline.is_weekly_given else ""


def cells(item: Saving) -> tuple[Interval, Interval]:
    """Cash and freed time with their intervals."""
    cash, freed = told(item)
    is_unknown = isinstance(item, Recommendation) and item.is_unpromised
    return usd_interval(cash, NOT_OBSERVED if is_unknown else NO_CASH), usd_interval(freed, "none")


def saving(item: Saving) -> str:
    """Cash, freed time and requests in a sentence; what is bought frees nothing, and nothing is said of that."""
    cash, freed = cells(item)
    spare = () if told(item)[1] is None else (f"capacity freed {freed}",)
    more = in_time(item)
    return ", ".join((f"cash {cash}", *spare, *(() if more is None else (more,))))


def in_time(item: Saving) -> str | None:
    """How many requests more, or fewer, meet their objectives; None where that is not what changes."""
    weekly = item.goodput_requests_per_week
    gained = item.goodput_requests if weekly is None else weekly
    if gained is None:
        return None
    low, mid, high = (replace(number(each), is_signed=True) for each in (gained.low, gained.mid, gained.high))
    return f"{mid} requests in time ({low} to {high})"


def freed(time: FreedTime) -> str:
    """How far freed time is from a smaller bill."""
    of = f"{number(time.freed_replicas)} of {plural(time.replicas, 'replica')} of {time.pool} is freed"
    if time.missing_replicas == 0:
        fewer = quote(f"pool.{time.pool}.replicas={time.one_less}")
        return f"{of}; by load alone one replica could go (costctl simulate --set {fewer})."
    if time.replicas == 1:
        return (
            f"{of}; the bill shrinks only once the other {number(time.busy_replicas)} of it is freed as well."
        )
    return (
        f"{of}; the bill shrinks once another {number(time.missing_replicas)} is, so that the rest carry the "
        f"load at {ratio(time.most_utilisation)} at most."
    )


def before_and_after(effect: Effect) -> Cell:
    """A replayed quantity today and after the change."""
    before, after = (measured(each, effect.unit) for each in (effect.from_, effect.to))
    return phrase("{from} → {to}", **{"from": before, "to": after})


def whose(effect: Effect) -> str:
    """What an effect is on: a class, a pool, or all."""
    return " on ".join(part for part in (effect.request_class, effect.pool) if part) or "all"


def effect_in_words(effect: Effect) -> str:
    """Such as "chat e2e p95 8.86 s → 9.00 s"."""
    return f"{whose(effect)} {METRICS[effect.metric].short} {before_and_after(effect)}"


def missed_today(document: Recommendations | Portfolio) -> list[tuple[str, str]]:
    """A line of the objectives that are missed today; none where none is."""
    return [("Missed today", objectives_in_words(document.missed))] if document.missed else []


def objectives_in_words(missed: Sequence[MissedObjective]) -> str:
    """Objectives that are missed: chat TTFT p95 2.94 s, promised 1.00 s."""
    shown, hidden = first(missed, _MOST_MISSED)
    named = [
        f"{each.request_class} {objective(each.metric)} {seconds(each.seconds, 'without end')}, promised "
        f"{seconds(each.target_s)}"
        for each in shown
    ]
    more = f"; {hidden} more" if hidden else ""
    return f"{'; '.join(named)}{more}"


def objective(metric: str) -> str:
    """An objective in words: TTFT p95, of ttft_p95."""
    return metric.replace("ttft", "TTFT").replace("_", " ")
