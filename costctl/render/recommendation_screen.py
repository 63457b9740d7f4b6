"""The first screen of ``recommend``: what to change and what it saves; and that of ``recommend --show``: one change."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Final

from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.metrics import METRICS
from costctl.documents.portfolio import Portfolio
from costctl.documents.recommendations import IdlePool, Recommendation, Recommendations, WithheldAs
from costctl.render.bought_words import is_about_tokens
from costctl.render.calibration import calibration_table, trust_line
from costctl.render.capacity_hours import hours_table
from costctl.render.cells import (
    NOT_OBSERVED,
    Cell,
    Interval,
    Row,
    ratio,
    usd,
    usd_column,
    usd_range,
    usd_range_column,
)
from costctl.render.chains import chain_table, held_up
from costctl.render.deployment import emitting
from costctl.render.numbers import plural
from costctl.render.recommendation_words import (
    NO_CASH,
    WITHHELD,
    before_and_after,
    freed,
    in_time,
    in_words,
    is_setting,
    kind,
    line_to_add,
    missed_today,
    over_which_time,
    paid_today,
    per_week,
    saving,
    span,
    told,
    whose,
)
from costctl.render.recommendations import beside_others, grounds, reasons
from costctl.render.reuse import shown_reuse
from costctl.render.review_words import past_line
from costctl.render.sections import Facts, Notes, Section, Table, first
from costctl.render.shown_by import requests_behind
from costctl.render.tried import shown_tried
from costctl.render.view import View

_MOST_ROWS: Final = 8
_MOST_NAMED: Final = 3
_MOST_BESIDE_CANDIDATES: Final = 6
_MOST_CANDIDATES: Final = 6
_MANY: Final = 3
_MOST_BELOW_MANY: Final = 4
_MOST_EFFECTS: Final = 8


def screen(document: Recommendations, view: View) -> list[Section]:
    """What to change first, what is idle, and how much was ruled out; with --verbose, why."""
    if document.why_nothing is not None and not document.made:
        return _nothing_to_judge(document, view)
    parts: list[Section] = [Facts((("", headline(document)), ("", basis(document))))]
    if document.made:
        parts.append(made_table(document))
    if document.candidates:
        parts.append(_candidates(document))
    facts = [
        *missed_today(document),
        *_idle(document),
        *held_up(document),
        *_past(document),
        *_withheld(document, view),
    ]
    lines = [*facts, ("Next", next_steps(document, view))]
    return [*parts, *(_why(document) if view.verbose else []), Facts(tuple(lines))]


def headline(document: Recommendations) -> str:
    """What all of it saves together."""
    bill = paid_today(document.baseline)
    if document.joint is None and document.baseline.usd is None:
        return "No change to recommend: nothing is priced"
    if document.joint is None:
        yet = f" yet, {len(document.candidates)} may save" if document.candidates else ""
        return f"No change to recommend{yet or f': {_none_of(document)}'}. Bill {bill}"
    cash, spare = told(document.joint)
    brought = in_time(document.joint)
    if cash is None and spare is None and brought is not None:
        return f"Brings {brought}; bill unchanged at {bill}"
    if cash is None:
        return f"Frees capacity worth {usd_range(spare)}; bill unchanged at {bill}"
    more = "" if spare is None else f", and frees capacity worth {usd_range(spare)}"
    if cash.high < 0:
        added = replace(cash, low=-cash.high, mid=-cash.mid, high=-cash.low)
        return f"Costs {usd_range(added)} more than {bill}, to meet objectives that are missed{more}"
    return f"Saves {usd_range(cash)} of {bill}{more}"


def _none_of(document: Recommendations) -> str:
    """Why nothing is recommended, by how many options were tried."""
    tried = len((*document.withheld("ruled_out"), *document.withheld("too_few")))
    if not tried:
        return "no option could be tried"
    return (
        f"none of {tried} options saves for certain"
        if tried > 1
        else "the one option saves nothing for certain"
    )


def basis(document: Recommendations) -> str:
    """From how many hours figures are, and how far the replay is trusted."""
    trust = "" if document.calibration is None else f" Replay {trust_line(document.calibration)}."
    alone = " Each row is what it would save alone." if len(document.made) > 1 else ""
    return f"{over_which_time(document.baseline)}{trust}{alone}"


def made_table(document: Recommendations) -> Table:
    """Of what is only bought, nothing is freed and no latency is replayed."""
    shown, hidden = first(document.made, _most_made(document))
    weekly = per_week(document.baseline)
    has_replays = any(each.latency is not None or told(each)[1] is not None for each in document.made)
    savings = zip(*(usd_range_column(*column) for column in _savings(shown)), strict=True)
    rows: list[Row] = [
        (str(place), *_row(advice, *each))
        for place, (advice, each) in enumerate(zip(shown, savings, strict=True), 1)
    ]
    if hidden:
        rows.append(("", f"{hidden} more: --detail", "", "", ""))
    columns: tuple[str, ...] = ("#", "change", f"cash{weekly}", f"capacity freed{weekly}", "latency p95")
    if not has_replays:
        columns, rows = columns[:3], [row[:3] for row in rows]
    return Table("#", columns, tuple(rows), frozenset({"#", "change"}), is_compact=True)


def _most_made(document: Recommendations) -> int:
    """Rows of what is recommended: fewer where candidates stand below, so that both fit one screen."""
    return _MOST_BESIDE_CANDIDATES if document.candidates else _MOST_ROWS


def _candidates(document: Recommendations) -> Table:
    """What would save, the most valuable first, and the line to add or what must be tried before."""
    fitting = _MOST_BELOW_MANY if len(document.made) > _MANY else _MOST_CANDIDATES
    shown, hidden = first(document.candidates, fitting)
    highs = [cash.mid if (cash := told(each)[0]) is not None else None for each in shown]
    most = usd_column(highs, NOT_OBSERVED)
    rows: list[Row] = [(in_words(each), usd, _needs(each)) for each, usd in zip(shown, most, strict=True)]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", ""))
    columns = ("not yet", f"up to{per_week(document.baseline)}", "if it is so, add")
    return Table(
        "NOT YET, AND IN NO SUM", columns, tuple(rows), frozenset({"not yet", columns[-1]}), is_compact=True
    )


def _needs(advice: Recommendation) -> str:
    """The lines to add, or where there are none what to try, in few words: --show has all of it."""
    lines = " ".join(line_to_add(name).replace("\n", " ") for name in advice.missing)
    return lines or f"({(advice.before or '').partition(':')[0].lower()})"


def _to_add(advice: Recommendation) -> list[Section]:
    """What to paste into costctl.toml before a candidate may be done."""
    lines = [line_to_add(name) for name in advice.missing]
    if advice.status != "candidate" or not lines:
        return []
    said = "If it is so, add this; a table that is there already takes the line below its head."
    return [Notes("In costctl.toml", (said,), code="\n".join(lines))]


def _savings(shown: Sequence[Recommendation]) -> tuple[tuple[list[Estimate | None], str], ...]:
    """The columns of cash and of freed capacity, and what stands there where there is none."""
    cash, spare = zip(*map(told, shown), strict=True)
    return ([*cash], NO_CASH), ([*spare], "none")


def _row(advice: Recommendation, cash: Interval, spare: Interval) -> tuple[str, Cell, Cell, Cell]:
    effect = advice.latency
    if effect is None:
        return in_words(advice), cash, spare, ""
    whose_p95 = "" if effect.request_class == advice.request_class else f" (p95 of {effect.request_class})"
    return f"{in_words(advice)}{whose_p95}", cash, spare, before_and_after(effect)


def _how_to_give(missing: Sequence[str]) -> str:
    """How what is missing gets to costctl."""
    declared = ", ".join(name for name in missing if is_setting(name))
    carried = ", ".join(name for name in missing if not is_setting(name))
    said = (
        f"set {declared} in costctl.toml" if declared else "",
        f"have the traces carry {carried}" if carried else "",
    )
    return "; ".join(filter(None, said))


def _idle(document: Recommendations) -> list[tuple[str, str]]:
    """What is idle and where."""
    baseline = document.baseline
    idle, total = (
        (baseline.idle_usd_per_week, baseline.usd_per_week)
        if baseline.is_weekly_given
        else (baseline.idle_usd, baseline.usd)
    )
    if idle is None:
        return []
    shown, hidden = first(baseline.pools, _MOST_NAMED)
    pools = ", ".join(_idle_pool(each) for each in shown)
    more = f" and {plural(hidden, 'more pool')}" if hidden else ""
    return [("Idle", f"{usd(idle)} of {usd(total)} ({ratio(baseline.idle_ratio)}): {pools}{more}")]


def _idle_pool(pool: IdlePool) -> str:
    return f"{pool.pool} {ratio(pool.idle_ratio)} of {plural(pool.replicas, 'replica')}"


def _past(document: Recommendations) -> list[tuple[str, str]]:
    """What came of earlier advice."""
    return [] if document.past is None else [("Past advice", past_line(document.past))]


def _withheld(document: Recommendations, view: View) -> list[tuple[str, str]]:
    """How much was ruled out, what nobody can tell yet, what needs input, and what is not applicable or no kind of
    advice yet.
    """
    lines = []
    counted: tuple[tuple[str, WithheldAs, str], ...] = (
        ("Ruled out", "ruled_out", "--verbose"),
        ("Too few yet", "too_few", "may save; --verbose says how many more tell"),
    )
    for label, how, why in counted:
        if out := document.withheld(how):
            lines.append((label, f"{_options(out)}: {'above' if view.verbose else why}"))
    missing = [*dict.fromkeys(name for each in document.withheld("needs_input") for name in each.missing)]
    if missing:
        shown, hidden = first(missing, _MOST_NAMED)
        more = f"; {hidden} more: --verbose" if hidden else ""
        lines.append(("Needs input", f"{_how_to_give(shown)}{more}"))
    apart = document.withheld("not_applicable")
    if not document.baseline.pools:
        lines.append(
            ("Own pools", "none declared that serves these calls: no advice on replicas, batches or queues")
        )
    elif apart and document.why_nothing is None:
        lines.append(("Not applicable", _options(apart)))
    if document.not_covered:
        lines.append(("No advice yet", ", ".join(document.not_covered)))
    return lines


def _options(advice: Sequence[Recommendation]) -> str:
    """How many there are, and the first few of their kinds."""
    shown, hidden = first([*dict.fromkeys(kind(each.kind) for each in advice)], _MOST_NAMED)
    return f"{plural(len(advice), 'option')} ({', '.join(shown)}{', …' if hidden else ''})"


def _why(document: Recommendations) -> list[Section]:
    """Each reason once, with all that it holds for."""
    groups = ((title, document.withheld(how)) for how, title in WITHHELD.items())
    return [*chain_table(document), *(Notes(title, reasons(advice)) for title, advice in groups if advice)]


def next_steps(document: Recommendations | Portfolio, view: View) -> str:
    """The commands that go on from here."""
    if not document.made:
        is_priced = document.baseline.usd is not None
        other = "doctor" if not is_priced else "simulate" if document.baseline.pools else "analyze --by model"
        asked = next((f"--show {_id(each)}" for each in document.candidates), "--verbose")
        return f"{view.command(f'recommend {asked}')} · {view.command(other)}"
    emit = emitting([change for each in document.made for change in each.change])
    return _in_turn(view, "recommend --show 1", emit)


def _in_turn(view: View, *commands: str | None) -> str:
    """Commands, one after the other."""
    return " · ".join(view.command(each) for each in commands if each is not None)


def _id(candidate: Recommendation | str) -> str:
    """By which ``--show`` finds it: a portfolio has the ids alone."""
    return candidate if isinstance(candidate, str) else candidate.id


def _nothing_to_judge(document: Recommendations, view: View) -> list[Section]:
    """Nothing is bought, and no pool could be replayed: why, and what to do instead."""
    baseline, bill = document.baseline, paid_today(document.baseline)
    paid = "nothing is priced" if baseline.usd is None else f"the bill is {bill}"
    return [
        Facts((("", f"Nothing can be recommended; {paid}."), ("", document.why_nothing or ""))),
        *(_why(document) if view.verbose else []),
        Facts(
            (*_withheld(document, view), ("Next", f"{view.command('doctor')} · {view.command('analyze')}"))
        ),
    ]


def shown_screen(document: Recommendations, view: View) -> list[Section]:
    """Each recommendation of the document, usually one, with all its grounds; what is withheld, with its reason."""
    return [part for advice in document.recommendations for part in _one(document, advice, view)]


def _one(document: Recommendations, advice: Recommendation, view: View) -> list[Section]:
    if advice.status == "withheld":
        lines = [
            *([] if advice.withheld_as is None else [("Status", WITHHELD[advice.withheld_as])]),
            ("Why", advice.reason),
            *(("Missing", _how_to_give((name,))) for name in advice.missing),
            *(("Evidence", f"{item.statement} ({item.kind})") for item in advice.evidence),
        ]
        return [
            Facts((("", f"Not recommended: {advice.id}"),)),
            Facts(tuple(lines)),
            *hours_table(advice, is_whole=view.detail),
            *shown_tried(advice, is_whole=view.detail),
            *shown_reuse(advice, is_whole=view.detail),
            Facts((("Next", view.command("recommend --verbose")),)),
        ]
    lines = [
        ("Saves", f"{saving(advice)}, {span(document)}"),
        *(("Beside others", said) for said in beside_others(document, advice)),
        *(() if advice.before is None else (("First", advice.before),)),
        ("Why", advice.reason),
        *(("Bill", freed(each)) for each in advice.freed_time),
        *grounds(advice),
        *_trust(document),
    ]
    return [
        Facts((("", in_words(advice)), ("", advice.id))),
        Facts(tuple(lines)),
        *_to_add(advice),
        *hours_table(advice, is_whole=view.detail),
        *shown_tried(advice, is_whole=view.detail),
        *shown_reuse(advice, is_whole=view.detail),
        *_effects(advice, view),
        *([*requests_behind(advice), *_calibration(document, advice)] if view.detail else []),
        Facts((("Next", _following(advice, view)),)),
    ]


def _following(advice: Recommendation, view: View) -> str:
    """The command that goes on from here: a replay of what is one's own, and the file that makes the change; of what
    may not be done yet, the same question with the lines added.
    """
    is_bought = any(is_about_tokens(each) for each in advice.change)
    if advice.status == "candidate" and is_bought:
        return (
            f"with the lines above in costctl.toml: {view.command('recommend')}"
            if advice.missing
            else (view.command("recommend"))
        )
    emit = emitting(advice.change)
    if is_bought and emit is not None:
        return view.command(emit)
    settings = " ".join(f"--set {quote(f'{each.key}={_value(each)}')}" for each in advice.change)
    return _in_turn(view, f"simulate {settings}", None if advice.status == "candidate" else emit)


def _trust(document: Recommendations) -> list[tuple[str, str]]:
    return [] if document.calibration is None else [("Replay", f"{trust_line(document.calibration)}.")]


def _value(change: SettingChange) -> str:
    """The value as ``simulate --set`` takes it."""
    value = change.to
    if change.unit == "s" and isinstance(value, int | float):
        return f"{value}s"
    return ",".join(value) if isinstance(value, tuple) else "unlimited" if value is None else str(value)


def _effects(advice: Recommendation, view: View) -> list[Section]:
    shown, hidden = first(advice.effects, len(advice.effects) if view.detail else _MOST_EFFECTS)
    if not shown:
        return []
    rows: list[Row] = [(whose(each), METRICS[each.metric].short, before_and_after(each)) for each in shown]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", ""))
    columns = ("effect on", "metric", f"today → changed, in {advice.effects[0].over}")
    return [Table("effect on", columns, tuple(rows), frozenset({"effect on", "metric"}), is_compact=True)]


def _calibration(document: Recommendations, advice: Recommendation) -> list[Section]:
    """How well today is reproduced where the advice is about."""
    if document.calibration is None:
        return []
    names = frozenset(name for each in advice.effects for name in (each.request_class, each.pool) if name)
    return [calibration_table(document.calibration, names)]
