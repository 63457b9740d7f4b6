"""What has been promised? A row for each recommendation and the window that it was computed on, in the store.

In: a connection to a store, promises or what came of them. Out: promises. The same advice on the same window is one
row, made when it was first made; advice that says something else on that window takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import duckdb
import msgspec

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.review import Promise, ReviewedPromise

PROMISES: Final = """
CREATE TABLE IF NOT EXISTS promises (
    id VARCHAR,
    kind VARCHAR,
    request_class VARCHAR,
    pool VARCHAR,
    advised_as VARCHAR,
    change VARCHAR,
    usd_low DOUBLE,
    usd DOUBLE,
    usd_high DOUBLE,
    usd_level DOUBLE,
    usd_method VARCHAR,
    window_from VARCHAR,
    window_to VARCHAR,
    calls BIGINT,
    reversal VARCHAR,
    made VARCHAR,
    document_sha256 VARCHAR,
    outcome VARCHAR,
    promised_since_usd DOUBLE,
    delivered_since_usd DOUBLE
);
"""
_COLUMNS: Final = (
    "id", "kind", "request_class", "pool", "advised_as", "change", "usd_low", "usd", "usd_high", "usd_level",
    "usd_method", "window_from", "window_to", "calls", "reversal", "made", "document_sha256",
)  # fmt: skip
_OUTCOME: Final = ("outcome", "promised_since_usd", "delivered_since_usd")
_NOTHING: Final = (None, None, None)
SELECTED: Final = f"SELECT {', '.join(_COLUMNS)} FROM promises ORDER BY window_to, window_from, id"
_IS_IT: Final = "id = ? AND window_from = ? AND window_to = ?"
# What makes two promises of one window the same: not when they were made, and in which document.
_SAYS: Final = ("advised_as", "change", "promised_usd", "calls", "reversal")


def promise_in(row: Mapping[str, object]) -> Promise:
    """A promise, from a row of ``SELECTED``."""
    known = dict(row)
    change = msgspec.json.decode(str(known.pop("change")), type=tuple[SettingChange, ...])
    low, mid, high, level, method = (known.pop(name) for name in _COLUMNS[6:11])
    estimate = msgspec.convert(
        {"low": low, "mid": mid, "high": high, "level": level, "method": method}, Estimate
    )
    return msgspec.convert({**known, "change": change, "promised_usd": estimate}, Promise)


def promises_of(connection: duckdb.DuckDBPyConnection) -> tuple[Promise, ...]:
    """All of them, the earliest first."""
    rows = connection.execute(SELECTED).fetchall()
    return tuple(promise_in(dict(zip(_COLUMNS, row, strict=True))) for row in rows)


def keep_promises(connection: duckdb.DuckDBPyConnection, made: Iterable[Promise]) -> bool:
    """Write down those that no row says yet, each in the place of another one of the same advice and window; whether
    there were any.
    """
    said = {_key(each): _what(each) for each in promises_of(connection)}
    new = [each for each in made if said.get(_key(each)) != _what(each)]
    for each in new:
        connection.execute(f"DELETE FROM promises WHERE {_IS_IT}", _key(each))
        estimate = each.promised_usd
        values = (
            each.id, each.kind, each.request_class, each.pool, each.advised_as,
            msgspec.json.encode(each.change).decode(), estimate.low, estimate.mid, estimate.high, estimate.level,
            estimate.method, each.window_from, each.window_to, each.calls, each.reversal, each.made,
            each.document_sha256,
        )  # fmt: skip
        places = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO promises ({', '.join(_COLUMNS)}) VALUES ({places})", values)
    return bool(new)


def keep_outcomes(connection: duckdb.DuckDBPyConnection, reviewed: Iterable[ReviewedPromise]) -> bool:
    """Write down what came of promises, beside them, of any other promise nothing; whether that is news."""
    found = {_key(each.promise): _outcome(each) for each in reviewed}
    rows = connection.execute(
        f"SELECT id, window_from, window_to, {', '.join(_OUTCOME)} FROM promises"
    ).fetchall()
    known = {row[:3]: row[3:] for row in rows}
    news = {key: found.get(key, _NOTHING) for key, was in known.items() if was != found.get(key, _NOTHING)}
    for key, outcome in news.items():
        wanted = ", ".join(f"{name} = ?" for name in _OUTCOME)
        connection.execute(f"UPDATE promises SET {wanted} WHERE {_IS_IT}", (*outcome, *key))
    return bool(news)


def _outcome(reviewed: ReviewedPromise) -> tuple[object, ...]:
    promised, delivered = (
        None if told is None else told.mid for told in (reviewed.promised_usd, reviewed.delivered_usd)
    )
    return reviewed.outcome, promised, delivered


def _key(promise: Promise) -> tuple[str, str, str]:
    return promise.id, promise.window_from, promise.window_to


def _what(promise: Promise) -> tuple[object, ...]:
    return tuple(getattr(promise, name) for name in _SAYS)
