"""What do the applications of a shop send, and when? Every draw of it, made before any provider answers.

In: a shop. Out: calls in order of their start. What an operator could change is not looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.synth.shop.world import App, Shop
from costctl.synth.world import Spread

_FIRST_TOKEN_S: Final = Spread(0.45, 0.3, 0.1, 3.0)
_S_PER_TOKEN: Final = 0.011
_TOOL_S: Final = Spread(0.6, 0.7, 0.05, 15.0)
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, counted from Monday
_SATURDAY = 5
_HOURS_A_WEEK = 168.0
_BACKOFF_S: Final = 0.5
_PATIENCE_S: Final = 20.0  # after which a call that does not end is given up


@dataclass(frozen=True, slots=True)
class Message:
    """key: what is said; two messages with the same key say the same."""

    role: str
    key: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call. app: its index.  session, request: numbers; a request is a trace.  messages: after the system prompt,
    oldest first.  answer: None for embeddings, and where is_refused; of a call that is_timed_out the provider wrote it,
    and nobody read it.  is_given_up: its request ends with it, without success.  met_outage: it timed out for when it
    began.  is_kept_answer: no provider saw it.  chance: in [0, 1), of a deployment.
    """

    app: int
    session: int
    request: int
    start_s: float
    end_s: float
    tenant: int
    attempt: int
    is_refused: bool
    calls_tool: bool
    messages: tuple[Message, ...]
    answer: Message | None
    chance: float = 0.0
    is_timed_out: bool = False
    is_given_up: bool = False
    met_outage: bool = False
    is_kept_answer: bool = False

    @property
    def answer_s(self) -> float:
        """When its answer began. Of a call that timed out nothing had come when it ended, nor of embeddings."""
        if self.answer is None or self.is_timed_out:
            return self.end_s
        return self.end_s - self.answer.tokens * _S_PER_TOKEN

    def deployment(self, app: App) -> int:
        """The number of the deployment that it goes to."""
        return int(self.chance * app.deployments)

    def stamp(self, app: App) -> str:
        """What its system prompt says of it alone."""
        match app.stamped:
            case "call":
                return f" at {self.start_s:.3f} s"
            case "session":
                return f" of session {self.session}"
        return ""

    @property
    def is_failed(self) -> bool:
        """Whether the caller has no answer of it."""
        return self.is_refused or self.is_timed_out


def traffic_of(shop: Shop) -> tuple[Call, ...]:
    """All calls that are made, refused ones included."""
    calls: list[Call] = []
    session = 0
    for number, app in enumerate(shop.apps):
        rng = np.random.default_rng([shop.seed, number])
        down = outages_of(shop, number)
        for start_s in _starts_s(shop, app, rng):
            calls.extend(_session(shop, number, session, float(start_s), rng, down))
            session += 1
    calls.sort(key=lambda call: (call.start_s, call.app, call.session, call.attempt))
    requests = {
        key: at for at, key in enumerate(dict.fromkeys((call.session, call.request) for call in calls))
    }
    chances = np.random.default_rng([shop.seed, len(shop.apps)]).random(len(calls))
    return tuple(
        replace(call, request=requests[call.session, call.request], chance=float(chance))
        for call, chance in zip(calls, chances, strict=True)
    )


def _starts_s(shop: Shop, app: App, rng: np.random.Generator) -> Floats:
    """Sessions begin as a Poisson process that follows the hour of the day, within the hours of the application, the
    day of the week, and growth from hour to hour.
    """
    hours = np.arange(np.ceil(shop.hours))
    of_day = (shop.start_ns / 3.6e12 + hours) % 24.0
    rates = 1.0 + shop.day_swing * np.sin((of_day - 8.0) / 24.0 * 2.0 * np.pi)
    rates *= (of_day >= app.hours_utc[0]) & (of_day < app.hours_utc[1])
    of_week = ((shop.start_ns / 3.6e12 + hours) // 24.0 + _EPOCH_WEEKDAY) % 7.0
    rates *= np.where(of_week >= _SATURDAY, shop.weekend, 1.0)
    rates *= (1.0 + shop.growth_per_week) ** (hours / _HOURS_A_WEEK)
    counts = rng.poisson(app.sessions * rates / rates.sum())
    starts_s = (np.repeat(hours, counts) + rng.uniform(0.0, 1.0, int(counts.sum()))) * 3600.0
    return np.sort(starts_s[starts_s < shop.hours * 3600.0])


@dataclass(frozen=True, slots=True)
class Outages:
    """When an application is not answered. from_s: ascending; until_s: of each."""

    from_s: Floats
    until_s: Floats

    def hold(self, at_s: float) -> bool:
        """Whether it is in one."""
        begun = int(np.searchsorted(self.from_s, at_s, side="right"))
        return bool((self.until_s[:begun] > at_s).any())


def outages_of(shop: Shop, number: int) -> Outages:
    """Those of one application; drawn apart, so that those of another change nothing."""
    app, rng = shop.apps[number], np.random.default_rng([shop.seed, number, 1])
    from_s = np.sort(rng.uniform(0.0, shop.hours * 3600.0, rng.poisson(app.outages)))
    return Outages(from_s, from_s + np.array([_drawn(app.outage_s, rng) for _ in from_s]))


def _session(
    shop: Shop, number: int, session: int, at_s: float, rng: np.random.Generator, down: Outages
) -> list[Call]:
    """The calls of one session; request counts from 0 within it, and is numbered later."""
    app = shop.apps[number]
    tenant = int(rng.integers(len(shop.tenants)))
    calls: list[Call] = []
    history = _brought(app, session, rng)
    is_runaway = app.runaway_ratio > 0.0 and rng.random() < app.runaway_ratio
    least, most = app.runaway_turns if is_runaway else app.turns
    turns = int(rng.integers(least, most + 1))
    for turn in range(turns):
        said = _said(app, session, turn, rng)
        messages = (*history, said) if app.resends_history or turn == 0 else (said,)
        request = 0 if app.is_agent else turn
        attempt = 1
        while rng.random() < app.refused_ratio:
            calls.append(
                Call(
                    number, session, request, at_s, at_s + 0.05, tenant, attempt, True, False, messages, None
                )
            )
            at_s += 0.05 + _BACKOFF_S * 2.0**attempt * float(rng.uniform(0.5, 1.5))
            attempt += 1
        timed_out = _times_out(app, rng)
        is_lost = timed_out == app.tries > 1
        for again in range(timed_out):
            unread = Message(
                "assistant", f"{session}.{turn}.{again}.unread", round(_drawn(app.answer or app.said, rng))
            )
            calls.append(
                Call(number, session, request, at_s, at_s + _PATIENCE_S, tenant, attempt, False, False, messages,
                     unread, is_timed_out=True, is_given_up=is_lost and again == timed_out - 1)
            )  # fmt: skip
            at_s += _PATIENCE_S + _BACKOFF_S * 2.0**attempt * float(rng.uniform(0.5, 1.5))
            attempt += 1
        if is_lost:
            break
        while down.hold(at_s):
            unread = Message(
                "assistant", f"{session}.{turn}.{attempt}.unread", round(_drawn(app.answer or app.said, rng))
            )
            calls.append(
                Call(number, session, request, at_s, at_s + _PATIENCE_S, tenant, attempt, False, False, messages,
                     unread, is_timed_out=True, met_outage=True)
            )  # fmt: skip
            at_s += _PATIENCE_S + _BACKOFF_S * 2.0**attempt * float(rng.uniform(0.5, 1.5))
            attempt += 1
        answer = None
        if app.answer is not None:
            answer = Message("assistant", f"{session}.{turn}.answer", round(_drawn(app.answer, rng)))
        end_s = at_s + _drawn(_FIRST_TOKEN_S, rng) + (0 if answer is None else answer.tokens * _S_PER_TOKEN)
        calls_tool = app.is_agent and turn < turns - 1
        calls.append(
            Call(number, session, request, at_s, end_s, tenant, attempt, False, calls_tool, messages, answer,
                 is_given_up=is_runaway and turn == turns - 1)
        )  # fmt: skip
        history = messages if answer is None else (*messages, answer)
        at_s = end_s + _drawn(_TOOL_S if app.is_agent else app.think_s, rng)
    return calls


def _brought(app: App, session: int, rng: np.random.Generator) -> tuple[Message, ...]:
    """What a session begins with before anything is said."""
    if app.document is None:
        return ()
    return (Message("user", f"{session}.document", round(_drawn(app.document, rng))),)


def _times_out(app: App, rng: np.random.Generator) -> int:
    """How often the next call times out before it is answered, or given up."""
    if not app.slow_ratio + app.lost_ratio:
        return 0
    drawn = rng.random()
    return app.tries if drawn < app.lost_ratio else int(drawn < app.lost_ratio + app.slow_ratio)


def _said(app: App, session: int, turn: int, rng: np.random.Generator) -> Message:
    """A user's message, or a tool's result. One of the questions that come again has always the same length."""
    role = "tool" if app.is_agent and turn > 0 else "user"
    if app.questions is None or turn > 0:
        return Message(role, f"{session}.{turn}", round(_drawn(app.said, rng)))
    weights = 1.0 / np.arange(1, app.questions + 1)
    question = int(rng.choice(app.questions, p=weights / weights.sum()))
    own = np.random.default_rng([question, app.system_tokens])
    return Message(role, f"{app.name} {question}", round(_drawn(app.said, own)))


def _drawn(spread: Spread, rng: np.random.Generator) -> float:
    value = float(rng.lognormal(np.log(spread.median), spread.sigma))
    return min(max(value, spread.least), spread.most)
