"""What of its traffic would a shop send if its applications kept to bounds? Fewer calls, shorter prompts.

In: a shop and its calls, in order of their start. Out: the calls that remain. Nothing is drawn: a call that is not
made changes no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from costctl.synth.shop.traffic import Call, Message
from costctl.synth.shop.world import App, Shop


def bounded(shop: Shop, calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls that are made within the bounds of their applications."""
    return tuple(_within(shop, calls))


def _within(shop: Shop, calls: Sequence[Call]) -> Iterator[Call]:
    made: Counter[int] = Counter()
    for call in calls:
        app = shop.apps[call.app]
        if app.most_attempts is not None and call.attempt > app.most_attempts:
            continue
        made[call.request] += 1
        if app.most_steps is not None and made[call.request] > app.most_steps:
            continue
        yield replace(call, messages=_sent(app, call.messages))


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
