"""Calls as the slow twin takes them, played by what is compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.documents.cache_misses import CAUSES
from costctl.rebill.missed_play import Sent, found_of
from costctl.rebill.misses import by_cause
from tests.oracles.slow_misses import SlowPrompt


def numbered(names: Sequence[object]) -> np.ndarray:
    known: dict[object, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], np.int64)


def sent_of(calls: Sequence[SlowPrompt]) -> Sent:
    prefixes = [(call, name, size) for call in calls for name, size in call.prefixes]

    def ints(values: Sequence[int]) -> np.ndarray:
        return np.array(values, np.int64)

    def bools(values: Sequence[bool]) -> np.ndarray:
        return np.array(values, np.bool_)

    return Sent(
        offset=np.cumsum([0, *(len(call.prefixes) for call in calls)]).astype(np.int64),
        size=ints([size for *_, size in prefixes]),
        prefix=numbered([(call.model, name) for call, name, _ in prefixes]),
        kept=numbered([(call.model, call.place, name) for call, name, _ in prefixes]),
        own=numbered([(call.model, call.session, name) for call, name, _ in prefixes]),
        session=numbered([(call.model, call.session) for call in calls]),
        scope=numbered([(call.model, call.place) for call in calls]),
        is_used=bools([True] * len(calls)),
        can_read=bools([call.is_automatic or call.kept > 0 for call in calls]),
        is_automatic=bools([call.is_automatic for call in calls]),
        keeps_last=bools([call.keeps_last for call in calls]),
        renews_all=bools([(call.is_automatic and not call.keeps_last) or call.is_by_block for call in calls]),
        at_s=np.array([call.at_s for call in calls]),
        ready_s=np.array([call.ready_s for call in calls]),
        read=ints([call.read for call in calls]),
        until_1h=ints([call.read + call.long for call in calls]),
        until=ints([call.kept for call in calls]),
        whole=ints([call.whole for call in calls]),
        least=ints([call.least for call in calls]),
        step=ints([call.step for call in calls]),
        short_s=np.array([call.short_s for call in calls]),
        long_s=np.array([call.long_s for call in calls]),
    )


def misses(calls: Sequence[SlowPrompt]) -> list[dict[str, int]]:
    """Tokens of each call by cause."""
    sent = sent_of(calls)
    bounds = np.concatenate([sent.read[:, None], found_of(sent).bounds], axis=1)
    tokens = by_cause(np.diff(bounds, axis=1))
    return [
        {cause: int(each) for cause, each in zip(CAUSES, row, strict=True) if each} for row in tokens.tolist()
    ]
