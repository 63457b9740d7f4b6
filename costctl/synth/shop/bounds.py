"""What of its traffic would a shop send if its applications kept to bounds? Fewer calls, later ones, shorter prompts.

In: a shop and its calls, in order of their start. Out: the calls that remain, in that order. Nothing is drawn: a call
that is not made changes no other, and an attempt that is made later meets what there is then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, pairwise
from math import inf
from typing import Final

from costctl.synth.shop.traffic import Call, Message, outages_of
from costctl.synth.shop.world import App, Shop

Key = tuple[int, int]
_LOOK_UP_S: Final = 0.01


def bounded(shop: Shop, calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls that are made within the bounds of their applications."""
    return tuple(_answered(shop, _within(shop, _waited(shop, calls))))


def _waited(shop: Shop, calls: Sequence[Call]) -> Sequence[Call]:
    """The calls, of which those that failed are made again after longer waits, where an application has any."""
    if all(app.least_wait_s is None for app in shop.apps):
        return calls
    made: list[Call] = []
    tried: dict[Key, list[Call]] = {}
    for call in calls:
        if shop.apps[call.app].least_wait_s is None:
            made.append(call)
            continue
        if call.attempt == 1:
            made.extend(_with_waits(shop, tried.pop((call.app, call.session), [])))
        tried.setdefault((call.app, call.session), []).append(call)
    made.extend(call for each in tried.values() for call in _with_waits(shop, each))
    return sorted(made, key=lambda call: (call.start_s, call.app, call.session, call.attempt))


def _with_waits(shop: Shop, tried: Sequence[Call]) -> Iterator[Call]:
    """The attempts of one call. One that met an outage meets none where it begins outside; others fail as they did."""
    if not tried:
        return
    number = tried[0].app
    least_s, outages = shop.apps[number].least_wait_s or 0.0, outages_of(shop, number)
    gaps_s = [max(after.start_s - before.end_s, least_s) for before, after in pairwise(tried)]
    failed = [call for call in tried if call.is_failed and not call.met_outage]
    met = [call for call in tried if call.met_outage]
    at_s, attempt = tried[0].start_s, 1
    for nth in count():
        if nth < len(failed):
            call = failed[nth]
        elif met and outages.hold(at_s):
            call = met[min(nth - len(failed), len(met) - 1)]
        elif tried[-1].is_failed:
            return
        else:
            call = tried[-1]
        yield replace(call, start_s=at_s, end_s=at_s + call.end_s - call.start_s, attempt=attempt)
        if not call.is_failed:
            return
        at_s += call.end_s - call.start_s + (gaps_s[nth] if nth < len(gaps_s) else least_s)
        attempt += 1


def _within(shop: Shop, calls: Sequence[Call]) -> Iterator[Call]:
    steps = Counter(call.request for call in calls)
    made: Counter[int] = Counter()
    for call in calls:
        app = shop.apps[call.app]
        if app.most_attempts is not None and call.attempt > app.most_attempts:
            continue
        made[call.request] += 1
        most = app.most_steps
        if most is not None and made[call.request] > most:
            continue
        is_stopped = most is not None and made[call.request] == most < steps[call.request]
        yield replace(call, messages=_sent(app, call.messages), is_given_up=call.is_given_up or is_stopped)


def _answered(shop: Shop, calls: Iterable[Call]) -> Iterator[Call]:
    """The calls, of which those that ask what was asked before are given the answer of then, where it is kept."""
    kept_s: dict[tuple[int, int, tuple[str, ...]], float] = {}
    for call in calls:
        ttl_s = shop.apps[call.app].answers_ttl_s
        asked = (call.app, call.tenant, tuple(message.key for message in call.messages))
        if ttl_s is not None and kept_s.get(asked, inf) <= call.start_s <= kept_s.get(asked, inf) + ttl_s:
            yield replace(call, is_kept_answer=True, end_s=call.start_s + _LOOK_UP_S)
            continue
        yield call
        if ttl_s is not None and not call.is_failed:
            kept_s[asked] = call.end_s


def _sent(app: App, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages from the newest back to where the prompt is as long as it may be; the last is always sent."""
    if app.most_tokens is None:
        return messages
    room = app.most_tokens - app.system_tokens - messages[-1].tokens
    kept = [messages[-1]]
    for message in reversed(messages[:-1]):
        tokens = min(message.tokens, room)
        if tokens <= 0:
            break
        cut = tokens < message.tokens
        kept.append(replace(message, key=f"{message.key}[-{tokens}:]", tokens=tokens) if cut else message)
        room -= tokens
    return tuple(reversed(kept))
