"""Who pays which part of the bill? The bill by tenant, team or any attribute, each value with the one that pays for it.

In: a cut of the bill, ``[chargeback]`` of the settings, how tenants are written. Out: ``Chargeback``. Laws: charged_usd
of the rows adds up to the bill as it is written, exactly, whatever is mapped; what no payer is named for stays a row of
its own, and so do idle time and what nothing accounts for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from costctl.documents.cuts import Cut, CutRow, CutRowKind, sum_as_written
from costctl.documents.settings import Finance
from costctl.finance.export import Tenants, hashed

_BY_TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class ChargebackRow:
    """What the calls and requests of one value were charged. payer: None where none is named.  value: None but for kind
    "value".  usd: None where nothing has an amount.  charged_usd: in whole units, so that rows add up as written.
    """

    kind: CutRowKind
    payer: str | None
    value: str | None
    requests: int
    successes: int
    calls: int
    unpriced_charges: int
    usd: float | None
    charged_usd: float | None


@dataclass(frozen=True, slots=True)
class Chargeback:
    """rows: by payer, the dearest value first; what none is named for after them.  total_usd: the bill as it is
    written; None where nothing is priced.
    """

    by: str
    rows: tuple[ChargebackRow, ...]
    requests: int
    unpriced_charges: int
    total_usd: float | None
    notes: tuple[str, ...]


def chargeback_of(
    cut: Cut, payers: Mapping[str, Sequence[str]], finance: Finance, tenants: Tenants
) -> Chargeback:
    """The rows of the cut. payers: who pays → values of the cut, ``*`` for any run of characters; of several the first.

    A tenant is written as a hash unless it is asked for in plain; patterns are of its name.
    """
    is_hashed = cut.by == _BY_TENANT and tenants == "hashed"

    def name_of(value: str | None) -> str | None:
        return hashed(value, finance.tenant_salt) if is_hashed and value is not None else value

    rows = [_row(row, _payer_of(row, payers), name_of) for row in cut.rows if _is_something(row)]
    places = {payer: place for place, payer in enumerate(payers)}
    rows.sort(key=lambda row: places.get(row.payer or "", len(places)))
    return Chargeback(
        by=cut.by,
        rows=tuple(rows),
        requests=cut.requests,
        unpriced_charges=cut.unpriced_charges,
        total_usd=cut.written_total_usd,
        notes=_notes(rows, has_payers=bool(payers)),
    )


def _row(row: CutRow, payer: str | None, name_of: Callable[[str | None], str | None]) -> ChargebackRow:
    return ChargebackRow(
        kind=row.kind,
        payer=payer,
        value=name_of(row.value),
        requests=row.requests,
        successes=row.successes,
        calls=row.calls,
        unpriced_charges=row.unpriced_charges,
        usd=row.usd,
        charged_usd=row.written_usd,
    )


def _payer_of(row: CutRow, payers: Mapping[str, Sequence[str]]) -> str | None:
    if row.kind != "value" or row.value is None:
        return None
    return next(
        (
            payer
            for payer, patterns in payers.items()
            if any(fnmatchcase(row.value, pattern) for pattern in patterns)
        ),
        None,
    )


def _is_something(row: CutRow) -> bool:
    """Of what is in no request, what additions leave behind is nothing."""
    return bool(row.requests or row.written_usd or row.unpriced_charges)


def _notes(rows: Sequence[ChargebackRow], *, has_payers: bool) -> tuple[str, ...]:
    nobodys = [row for row in rows if row.payer is None and row.kind == "value"]
    if not has_payers or not nobodys:
        return ()
    usd = sum_as_written(row.charged_usd for row in nobodys) or 0.0
    values = sum(row.kind == "value" for row in rows)
    return (
        f"{len(nobodys)} of {values} values, {usd} USD, have no payer: name them under [chargeback.payers].",
    )
