"""Promises in the store: written when something is advised, read when it is reviewed or undone.

A store that cannot be written keeps none; kept answers about its traces still hold when it does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import duckdb
import msgspec
from msgspec.structs import replace

from costctl.config import DEFAULT_STORE
from costctl.documents.recommendations import Recommendations
from costctl.documents.review import PastAdvice, Promise, Review
from costctl.engine.protocol import Engine
from costctl.errors import StoreError, said_by_engine
from costctl.observation import Question
from costctl.store import kept
from costctl.store import promises as stored
from costctl.store.database import open_store

_PAST: Final = """
SELECT
    COUNT(*) AS taken,
    COUNT(*) FILTER (outcome = 'delivered') AS delivered,
    COALESCE(SUM(promised_since_usd) FILTER (delivered_since_usd IS NOT NULL), 0.0) AS promised_usd,
    COALESCE(SUM(delivered_since_usd) FILTER (promised_since_usd IS NOT NULL), 0.0) AS delivered_usd
FROM promises
WHERE outcome IN ('delivered', 'partly', 'costs_more', 'reverted')
"""


def keep_promises(question: Question, document: Recommendations) -> str | None:
    """Write down what the document promises; why that was not possible, a sentence, or None where it was."""
    from costctl.recommend.bought.review.promises import promises_in

    now = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    made = promises_in(document, now, sha256_of(document))
    return _written(question, lambda connection: stored.keep_promises(connection, made))


def keep_outcomes(question: Question, review: Review) -> str | None:
    """Write down what came of promises; why that was not possible, a sentence, or None where it was."""
    return _written(question, lambda connection: stored.keep_outcomes(connection, review.promises))


def sha256_of(document: Recommendations) -> str:
    """Of the document as JSON, without what came of earlier advice."""
    return sha256(msgspec.json.encode(replace(document, past=None), order="deterministic")).hexdigest()


def promises_in_store(engine: Engine) -> tuple[Promise, ...]:
    """All that were kept, the earliest first."""
    return tuple(stored.promise_in(row) for row in engine.query(stored.SELECTED).iter_rows(named=True))


def past_in_store(engine: Engine) -> PastAdvice | None:
    """What came of those that were taken, as far as it was reviewed; None where none was."""
    from costctl.recommend.bought.review.past import past_advice

    return past_advice(*engine.query(_PAST).row(0))


def _written(question: Question, write: Callable[[duckdb.DuckDBPyConnection], bool]) -> str | None:
    """write: whether it has written anything. Why nothing could be written, a sentence; None where all is well."""
    if question.store is None and question.paths:
        return "Nothing of this is kept for a later review: --no-store keeps nothing."
    store = question.store or DEFAULT_STORE
    try:
        with open_store(store) as connection:
            before = kept.state_of(store)
            if write(connection):
                connection.execute("CHECKPOINT")
                kept.same_traces(store, before)
    except StoreError as error:
        return f"Nothing of this is kept for a later review: {error}"
    except duckdb.Error as error:
        return f"Nothing of this is kept for a later review: {said_by_engine(error)}."
    return None
