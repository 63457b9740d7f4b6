"""The first screens of ``prices``: of ``list``, what do tokens cost; of ``verify``, is anything wrong with rates?"""

from __future__ import annotations

from typing import Final

from costctl.documents.prices import ModelPrices, PriceCheck, Prices
from costctl.documents.witness import Witness, by_size
from costctl.render.cells import NOT_OBSERVED, Cell, Row, count, exact, number, usd
from costctl.render.numbers import plural
from costctl.render.prices import prompt
from costctl.render.sections import Facts, Section, Table, first
from costctl.render.view import View
from costctl.render.witness import cause_in_words

_MOST_MODELS: Final = 12
_MOST_PROVIDERS: Final = 12
_MOST_FINDINGS: Final = 4
_MOST_GROUPS: Final = 6
_MOST_CAUSES: Final = 2
_KINDS: Final = ("input", "cached_input", "cache_write", "output")
_COLUMNS: Final = (
    "USD per 1M tokens",
    "provider",
    "input",
    "cached input",
    "cache write",
    "output",
    "other",
)


def list_screen(document: Prices, view: View) -> list[Section]:
    """What the models cost that were asked for; without a name, how many each provider has."""
    if not document.prices:
        return [
            Facts((("", f"No model with a price has this in its name, as of {document.as_of}."),)),
            Facts((("Next", view.command("prices list")),)),
        ]
    own, book = document.own_models, document.book_models
    headline = (
        f"{plural(len(own), 'own rate')} and {plural(len(book), 'model')} of the price book ({document.price_book}), "
        f"as of {document.as_of}"
    )
    parts: list[Section] = [Facts((("", headline),))]
    if document.asked is None:
        parts.extend([_models(own)] if own else [])
        parts.append(_providers(document))
        next_step = f"{view.command('prices list --model claude-sonnet')} · {view.command('prices verify')}"
    else:
        parts.append(_models((*own, *book)))
        next_step = f"{view.command('prices verify')} · --detail for tiers and other kinds of token"
    return [*parts, Facts((("Next", next_step),))]


def _models(models: tuple[ModelPrices, ...]) -> Table:
    """A row a model, and of one with prices by the length of the prompt a row a length."""
    shown, hidden = first(models, _MOST_MODELS)
    rows: list[Row] = [_row(each) for each in shown]
    if hidden:
        rows.append((f"{hidden} more: --detail", *("" for _ in _COLUMNS[1:])))
    return Table(
        _COLUMNS[0],
        _COLUMNS,
        tuple(rows),
        frozenset(_COLUMNS[:2]),
        is_compact=True,
        least=("other", "cache write", "cached input"),
    )


def _row(model: ModelPrices) -> tuple[Cell, ...]:
    is_banded = model.from_input_tokens or model.below_input_tokens is not None
    band = f", {prompt(model.from_input_tokens, model.last_input_tokens)}" if is_banded else ""
    return (
        f"{model.model}{band}",
        model.provider or "any",
        *(exact(model.usd_per_million.get(kind), "-") for kind in _KINDS),
        plural(model.other_kinds, "kind") if model.other_kinds else "",
    )


def _providers(document: Prices) -> Table:
    shown, hidden = first(document.providers, _MOST_PROVIDERS)
    rows: list[Row] = [(name, count(models)) for name, models in shown]
    if hidden:
        rows.append((f"{hidden} more: --detail", ""))
    return Table("provider", ("provider", "models"), tuple(rows), frozenset({"provider"}), is_compact=True)


def check_screen(document: PriceCheck, view: View) -> list[Section]:
    """What is to be fixed first; then what sources say that calls cost, beside what we say."""
    looked = plural(document.rates, "own rate")
    if document.models is not None:
        looked = f"{looked} and {plural(document.models, 'model')} of the store"
    found = plural(len(document.findings), "problem") if document.findings else "Nothing to fix"
    shown, hidden = first(document.findings, _MOST_FINDINGS)
    lines = [(each.kind.replace("_", " ").capitalize(), f"{each.what} {each.next_step}") for each in shown]
    if hidden:
        lines.append(("", f"{plural(hidden, 'more problem')}: --detail"))
    parts: list[Section] = [Facts((("", f"{found} in {looked}"),)), *([Facts(tuple(lines))] if lines else [])]
    if document.witness is not None:
        parts.extend(_witness(document.witness))
    return [*parts, Facts((("Next", _after(document, view)),))]


def _after(document: PriceCheck, view: View) -> str:
    if document.models is None:
        return "costctl prices verify --store costctl.duckdb, for the models and recorded costs of a store"
    return f"{view.command('analyze')} · --detail for every difference"


def _witness(witness: Witness) -> list[Section]:
    """Recorded beside computed cost by model, and the largest differences with their likely causes."""
    shown, hidden = first(witness.groups, _MOST_GROUPS)
    rows: list[Row] = [
        (
            group.model or NOT_OBSERVED,
            count(group.calls),
            usd(group.recorded_usd),
            usd(group.usd).at_least(group.unknown_calls),
            number(group.ratio, "", places=3),
        )
        for group in shown
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", "", ""))
    columns = ("recorded cost by model", "calls", "recorded", "computed", "computed/recorded")
    table = Table(columns[0], columns, tuple(rows), frozenset(columns[:1]), is_compact=True)
    causes, smaller = first(by_size(witness), _MOST_CAUSES)
    lines = [
        (
            "Recorded",
            f"{usd(witness.recorded_usd)}, computed {usd(witness.usd).at_least(witness.unknown_calls)}; "
            f"{count(witness.agreeing_calls)} of {plural(witness.named_calls, 'call')} agree to the micro-dollar",
        ),
        *(("Differs", cause_in_words(group, cause)) for group, cause in causes),
    ]
    if smaller:
        lines.append(("", f"{plural(smaller, 'smaller difference')}: --detail"))
    return [table, Facts(tuple(lines))]
