"""What is a team that buys tokens made of? Applications that talk to models of some providers.

No code runs here: frozen nouns that ``traffic`` draws from, ``provider`` answers and ``spans`` writes. What an operator
could change (how prompts are cached, the tier, the model) is drawn from by nothing, so that the same traffic can be
answered and billed again under another choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from costctl.synth.world import Spread

Caching = Literal["none", "5m", "1h"]
CachedUntil = Literal["system", "conversation"]
Tier = Literal["default", "batch", "flex"]
Stamped = Literal["never", "session", "call"]
THINK_S: Final = Spread(40.0, 0.8, 2.0, 1800.0)
OUTAGE_S: Final = Spread(90.0, 0.5, 20.0, 300.0)


@dataclass(frozen=True, slots=True)
class App:
    """One application, which is one class of requests.

    sessions: expected number over the period.  turns: least and most calls of a session, think_s apart.  is_agent: all
    turns are one request, and each but the last ends in a tool call.  system_tokens: system prompt and tools, the same
    for all of its calls.  said, answer: tokens of a user's message (or a tool's result) and of an answer; None for
    embeddings.  resends_history: every turn carries the earlier ones.  questions: how many different first messages
    there are, asked by popularity; None where no two are the same.  hours_utc: when it comes, from and until.

    What can be changed: model; caching, for how long its calls ask for their prompts to be kept, and cached_until, up
    to where: the system prompt, or the conversation too; tier; deployments, over which its calls are spread as it
    comes, each with a cache of its own; stamped: its system prompt tells when the call, or the session, began.  OpenAI
    caches on its own.  refused_ratio: calls that the provider refuses for its rate limit, made again after a moment;
    they cost nothing.

    What goes wrong: slow_ratio of the calls time out once, and lost_ratio of them as often as they are made, which is
    tries times, until their request fails; the provider bills each for all that it wrote meanwhile.  outages: expected
    number of them over the period, each of outage_s; a call that begins in one times out, and is made again until it
    is answered.  runaway_ratio of the sessions take runaway_turns, and fail.  document: tokens of a message before the
    first.  max_tokens: that calls ask for.  It can be bounded by most_attempts of a call, least_wait_s between them,
    most_steps of a request and most_tokens of a prompt: what is between the system prompt and the last message is left
    out, the oldest first.  answers_ttl_s: for how long its own cache gives an answer again to the same tenant, which
    it writes down.
    """

    name: str
    provider: Literal["openai", "anthropic", "google"]
    model: str
    sessions: float
    system_tokens: int
    said: Spread
    answer: Spread | None
    turns: tuple[int, int] = (1, 1)
    think_s: Spread = THINK_S
    is_agent: bool = False
    resends_history: bool = False
    questions: int | None = None
    hours_utc: tuple[int, int] = (0, 24)
    refused_ratio: float = 0.0
    caching: Caching = "none"
    cached_until: CachedUntil = "conversation"
    tier: Tier = "default"
    deployments: int = 1
    stamped: Stamped = "never"
    is_deferrable: bool = False
    allowed_models: tuple[str, ...] = ()
    e2e_p95: str | None = None
    slow_ratio: float = 0.0
    lost_ratio: float = 0.0
    tries: int = 1
    outages: float = 0.0
    outage_s: Spread = OUTAGE_S
    runaway_ratio: float = 0.0
    runaway_turns: tuple[int, int] = (1, 1)
    document: Spread | None = None
    max_tokens: int | None = None
    most_attempts: int | None = None
    least_wait_s: float | None = None
    answers_ttl_s: float | None = None
    most_steps: int | None = None
    most_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything. start_ns: ns UTC.  day_swing: half the difference between the busiest and the least busy hour, over
    their mean.  weekend: traffic on a Saturday or Sunday, over that on another day.  growth_per_week: of the traffic, a
    ratio.  characters_per_token: of the text that is written for a token; real ones have about four. Below a tenth
    short prompts that differ are written alike.
    """

    name: str
    seed: int
    start_ns: int
    hours: float
    apps: tuple[App, ...]
    tenants: tuple[str, ...] = ("acme", "birch", "cedar")
    day_swing: float = 0.5
    weekend: float = 1.0
    growth_per_week: float = 0.0
    characters_per_token: float = 0.5

    def changed(self, app: str, **choices: Any) -> Shop:
        """The same shop, of which one application does something otherwise."""
        return replace(
            self, apps=tuple(replace(each, **choices) if each.name == app else each for each in self.apps)
        )
