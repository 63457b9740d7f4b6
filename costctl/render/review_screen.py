"""The first screen of ``recommend --review``: what was promised, what was delivered, and what to do next."""

from __future__ import annotations

from typing import Final

from costctl.documents.review import Review
from costctl.render.cells import Row, usd_column, usd_range, usd_range_column
from costctl.render.numbers import minute, period, plural
from costctl.render.review_words import UNKNOWN, outcome, over, past_line, promise_in_words, savings
from costctl.render.sections import Facts, Notes, Section, Table, first
from costctl.render.view import View

_MOST_ROWS: Final = 8


def screen(document: Review, view: View) -> list[Section]:
    """What was delivered of what was promised; with --verbose, what each outcome rests on."""
    if not document.promises:
        return _nothing_kept(view)
    if document.is_all_too_early:
        return _nothing_since(document, view)
    following = f"{view.command('recommend --review --verbose')} · {view.command('recommend')}"
    lines = [*_apart(document), *_past(document), *_undo(document, view), ("Next", following)]
    return [
        Facts((("", _headline(document)), *_since(document))),
        *([_table(document)] if document.told else []),
        *([Notes("What each rests on", reasons(document))] if view.verbose else []),
        Facts(tuple(lines)),
    ]


def reasons(document: Review) -> tuple[str, ...]:
    """A line for each promise."""
    return tuple(f"{each.promise.id}: {each.reason}" for each in document.promises)


def _headline(document: Review) -> str:
    taken = document.taken
    if document.together is None:
        if not taken:
            advised = plural(len(document.promises), "change")
            if document.since_from is None:
                return f"Calls tell nothing of {advised} advised: --verbose says why."
            if document.otherwise:
                made = plural(len(document.otherwise), "other change")
                return f"Of {advised} advised no call since shows any; {made} made instead."
            return f"Nothing delivered yet: of {advised} advised, no call since shows any."
        return f"{plural(len(taken), 'change')} made; too few sessions to say what they saved."
    together = document.together
    saved = together.delivered_usd_per_week if document.is_weekly_given else together.delivered_usd
    when = " a week" if document.is_weekly_given else ""
    return f"Delivered {usd_range(saved)}{when}, by {plural(len(taken), 'change')} made."


def _since(document: Review) -> list[tuple[str, str]]:
    if document.since_from is None or document.since_to is None:
        return []
    when = period(document.since_from, document.since_to)
    return [("", f"Calls of {when}, under the old settings and as charged; as much traffic in both.")]


def _table(document: Review) -> Table:
    shown, hidden = first(document.told, _MOST_ROWS)
    told = [savings(each, is_weekly=document.is_weekly_given) for each in shown]
    promised = usd_column((None if each is None else each.mid for each, _ in told), UNKNOWN)
    saved = usd_range_column((each for _, each in told), UNKNOWN)
    rows: list[Row] = [
        (promise_in_words(each.promise), before, after, outcome(each))
        for each, before, after in zip(shown, promised, saved, strict=True)
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", ""))
    columns = ("change", f"promised{over(document)}", f"delivered{over(document)}", "outcome")
    return Table("change", columns, tuple(rows), frozenset({"change", "outcome"}), is_compact=True)


def _past(document: Review) -> list[tuple[str, str]]:
    return [] if document.past is None else [("Past advice", past_line(document.past))]


def _apart(document: Review) -> list[tuple[str, str]]:
    """Of what there is nothing to say yet, or nobody had said that it should be done."""
    groups = (("Too early", document.too_early), ("Not taken", document.candidates_left))
    nouns = {"Too early": "change", "Not taken": "candidate"}
    return [
        (label, f"{plural(len(each), nouns[label])}: --verbose says which") for label, each in groups if each
    ]


def _undo(document: Review, view: View) -> list[tuple[str, str]]:
    """The command that takes a change back, for one that costs more if there is one."""
    first_one = document.first_to_undo
    if first_one is None:
        return []
    return [
        ("Undo one", f"{view.command(f'recommend --undo {first_one.promise.id}')} (--verbose has all ids)")
    ]


def _nothing_kept(view: View) -> list[Section]:
    return [
        Facts((("", "Nothing to review: no advice is kept in this store."),)),
        Facts((("Next", f"{view.command('recommend')}, which keeps what it promises"),)),
    ]


def _nothing_since(document: Review, view: View) -> list[Section]:
    advised = "1 change was" if len(document.promises) == 1 else f"{len(document.promises)} changes were"
    rests = f"The advice rests on calls up to {minute(document.advised_until)} UTC; the store has none after."
    said = (("", f"Too early: no call has started since {advised} advised."), ("", rests))
    following = f"costctl ingest LATER-TRACES, then {view.command('recommend --review')}"
    return [Facts(said), Facts((("Next", following),))]
