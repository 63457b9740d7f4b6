"""What was drafted, for a person who will review it.

In: the contract. Out: sections: each interface with its failures, its time-out, its attempts and its degraded mode.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.contract import Contract, Interface
from costctl.render.cells import NOT_OBSERVED, TOO_FEW, Cell, Row, count, duration, phrase, seconds
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first

_COLUMNS: Final = ("interface", "requests", "with failures", "p99", "time-out", "attempts", "after a failure")
_LEFT: Final = frozenset({"interface", "time-out", "after a failure"})
_MOST_ROWS: Final = 14


def sections(contract: Contract) -> list[Section]:
    """Every interface."""
    return [Table("Interfaces", _COLUMNS, tuple(map(_row, contract.interfaces)), _LEFT)]


def screen(contract: Contract) -> list[Section]:
    """As many interfaces as have room on a screen; the file has all."""
    shown, hidden = first(contract.interfaces, _MOST_ROWS)
    rows = tuple(map(_row, shown))
    table = Table("Interfaces", _COLUMNS, rows, _LEFT, is_compact=True, least=("p99", "attempts"))
    more = [Facts((("", f"{plural(hidden, 'more interface')} in the file"),))] if hidden else []
    return [table, *more]


def _row(each: Interface) -> Row:
    return (
        each.label,
        count(each.requests),
        count(each.success.broken if each.success.samples else None),
        seconds(each.latency.p99_s if each.latency is not None else None),
        _timeout(each),
        count(_attempts(each), NOT_OBSERVED if not each.success.broken else TOO_FEW),
        _after(each),
    )


def _timeout(each: Interface) -> Cell:
    timeout = each.timeout
    if timeout.value_s is None:
        return TOO_FEW if timeout.samples else NOT_OBSERVED
    return phrase("{value} {how}", value=duration(timeout.value_s), how=timeout.found or timeout.basis)


def _attempts(each: Interface) -> int | None:
    return each.retries.attempts


def _after(each: Interface) -> Cell:
    degraded = each.degraded
    if degraded.mode is None:
        return TOO_FEW if degraded.samples else NOT_OBSERVED
    if not degraded.samples:
        return phrase("{mode} {how}", mode=degraded.mode, how=degraded.basis)
    return phrase(
        "{mode}: {kept} of {all}", mode=degraded.mode, kept=count(degraded.kept), all=count(degraded.samples)
    )
