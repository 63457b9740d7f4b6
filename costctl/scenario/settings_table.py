"""Which settings can a scenario name, and what may each be set to? A table, and how text is read by it.

In: a key such as ``class.chat.queue.max_wait`` or ``pool.gpu.replicas``, with its value as text. Out: whose setting
it is, and the value in the unit of the rules. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from costctl.errors import UsageError
from costctl.simulate.workload import Discipline
from costctl.units import duration_s

Owner = Literal["class", "pool"]
Kind = Literal["count", "duration", "number", "ratio", "choice", "class", "pool", "pools"]
Value = int | float | str | tuple[str, ...] | None
Number = TypeVar("Number", int, float)

_UNLIMITED: Final = ("unlimited", "none")
_DISPATCH: Final = ("recorded", "round_robin", "least_outstanding", "prefix_affinity")
_REFUSED: Final = ("reject", "demote", "redirect")


@dataclass(frozen=True, slots=True)
class Setting:
    """One name. field: of ``PoolRules`` or ``ClassRules``.  least: the smallest value.  unlimited: what the word
    "unlimited" stands for, where it may be said.  discipline: of the pools that have it; None for all.
    """

    owner: Owner
    name: str
    field: str
    kind: Kind
    meaning: str
    least: float = 0
    choices: tuple[str, ...] = ()
    is_limit: bool = False
    discipline: Discipline | None = None


SETTINGS: Final = (
    Setting("pool", "replicas", "replicas", "count", "replicas that serve and are paid for", least=1),
    Setting(
        "pool",
        "max_num_seqs",
        "max_num_seqs",
        "count",
        "sequences that a replica decodes at once",
        least=1,
        discipline="continuous",
    ),
    Setting(
        "pool",
        "max_batched_tokens",
        "max_batched_tokens",
        "count",
        "tokens of a step where prefill rides along with decoding",
        least=1,
        discipline="continuous",
    ),
    Setting(
        "pool", "batch.size", "max_num_seqs", "count", "calls in a whole batch", least=1, discipline="static"
    ),
    Setting(
        "pool",
        "batch.window",
        "batch_window_s",
        "duration",
        "how long the first call of a batch waits for company",
        discipline="static",
    ),
    Setting("pool", "dispatch", "dispatch", "choice", "how calls are given to replicas", choices=_DISPATCH),
    Setting(
        "pool", "prefix_cache_tokens", "prefix_cache_tokens", "count", "tokens of shared prefixes per replica"
    ),
    Setting("pool", "scaling.least", "scaling_least", "count", "fewest replicas", least=1),
    Setting("pool", "scaling.most", "scaling_most", "count", "most replicas", least=1),
    Setting(
        "pool",
        "scaling.target_outstanding",
        "scaling_target_outstanding",
        "number",
        "calls waiting and in progress per replica that are aimed at",
    ),
    Setting("pool", "scaling.interval", "scaling_interval_s", "duration", "between two looks at the load"),
    Setting("pool", "scaling.delay", "scaling_delay_s", "duration", "from order to ready"),
    Setting(
        "pool",
        "scaling.idle",
        "scaling_idle_s",
        "duration",
        "how long demand is lower before a replica goes",
    ),
    Setting("class", "pool", "pools", "pools", "the pool that serves it"),
    Setting("class", "batch.window", "batch_window_s", "duration", "batch window of the pool that serves it"),
    Setting("class", "lane", "lane", "count", "place in the order of service; 1 is first", least=1),
    Setting("class", "weight", "weight", "number", "share of service among classes of its lane"),
    Setting("class", "min_share", "min_share", "ratio", "share of the work that it gets whatever its lane"),
    Setting("class", "queue.limit", "queue_limit", "count", "calls that may wait per replica", is_limit=True),
    Setting("class", "queue.max_wait", "max_wait_s", "duration", "how long a call may wait", is_limit=True),
    Setting(
        "class",
        "queue.shed_above",
        "shed_above",
        "number",
        "waiting calls of all classes per replica beyond which its calls are refused",
        is_limit=True,
    ),
    Setting(
        "class",
        "queue.on_refusal",
        "on_refusal",
        "choice",
        "what becomes of a refused call",
        choices=_REFUSED,
    ),
    Setting(
        "class",
        "queue.on_expiry",
        "on_expiry",
        "choice",
        "what becomes of one that waited too long",
        choices=_REFUSED,
    ),
    Setting("class", "queue.demote_to", "demote_to", "class", "the class whose line a demoted call joins"),
    Setting("class", "queue.redirect_to", "redirect_to", "pool", "the pool that a redirected call goes to"),
    Setting("class", "retries", "retries", "count", "how often a client comes again"),
    Setting("class", "backoff", "backoff_s", "duration", "how long it waits before it does"),
    Setting("class", "backoff_factor", "backoff_factor", "number", "by which each wait is longer", least=1),
)
Names = Mapping[Owner, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A setting of a pool or a class, and what it is set to. source: where that was said, for messages."""

    setting: Setting
    subject: str
    value: Value
    source: str

    @property
    def key(self) -> str:
        """Such as class.chat.queue.limit."""
        return key_of(self.setting, self.subject)


def key_of(setting: Setting, subject: str) -> str:
    """The key under which the setting of this pool or class is named."""
    return f"{setting.owner}.{subject}.{setting.name}"


def setting_named(owner: Owner, name: str) -> Setting:
    """The entry of the table."""
    return next(each for each in SETTINGS if each.owner == owner and each.name == name)


def assignment_of(text: str, names: Names) -> Assignment:
    """What ``KEY=VALUE`` sets. names: of the classes and pools there are. Raises UsageError."""
    key, equals, value = (part.strip() for part in text.partition("="))
    source = f"--set {text}"
    if not equals:
        raise UsageError(
            f"Cannot use {source}.",
            why="It has no value.",
            next_step="Write it as KEY=VALUE, such as --set pool.gpu.replicas=3.",
        )
    setting, subject = _found(key, names, source)
    return Assignment(setting, subject, read_value(setting, value, names, source), source)


def _found(key: str, names: Names, source: str) -> tuple[Setting, str]:
    """The setting and whose it is. A name may hold dots: the longest that fits is meant."""
    for setting in SETTINGS:
        for subject in sorted(names[setting.owner], key=len, reverse=True):
            if key == key_of(setting, subject):
                return setting, subject
    known = [key_of(setting, subject) for setting in SETTINGS for subject in names[setting.owner]]
    nearest = difflib.get_close_matches(key, known, n=1)
    raise UsageError(
        f"Cannot use {source}: there is no setting {key}.",
        why=f"The classes are {_listed(names['class'])}; the pools that can be replayed are {_listed(names['pool'])}.",
        next_step=f"Did you mean {nearest[0]}?"
        if nearest
        else "docs/reference/simulate.md lists every setting.",
    )


def read_value(setting: Setting, text: str, names: Names, source: str) -> Value:
    """The value in the unit of the rules: seconds for durations, None or inf for "unlimited". Raises UsageError."""
    try:
        return _read(setting, text, names)
    except ValueError as error:
        raise UsageError(
            f"Cannot use {source}.",
            why=f"{error}.",
            next_step=f"It is {setting.meaning}; {_example(setting)}.",
        ) from error


def _read(setting: Setting, text: str, names: Names) -> Value:
    if setting.is_limit and text in _UNLIMITED:
        return None if setting.kind == "count" else math.inf
    match setting.kind:
        case "choice":
            return _one_of(text, setting.choices)
        case "class":
            return _one_of(text, names["class"])
        case "pool":
            return _one_of(text, names["pool"])
        case "pools":
            return tuple(_one_of(part.strip(), names["pool"]) for part in text.split(","))
        case "count":
            return _at_least(_whole(text), setting.least)
        case "duration":
            return duration_s(text)
        case "ratio":
            number = _number(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
            if number > 1:
                raise ValueError(f"{text} is more than the whole")
            return _at_least(number, 0)
        case "number":
            return _at_least(_number(text), setting.least)


def _one_of(text: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    nearest = difflib.get_close_matches(text, choices, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"{text!r} is none of {_listed(choices)}{hint}".removesuffix("?"))


def _whole(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number


def _at_least(number: Number, least: float) -> Number:
    if number < least:
        raise ValueError(f"{number:g} is less than {least:g}")
    return number


def _example(setting: Setting) -> str:
    words = {
        "count": "write a whole number",
        "duration": "write a number and a unit, such as 10ms, 2s or 1min",
        "number": "write a number",
        "ratio": "write a part of 1 or a percentage, such as 0.1 or 10%",
        "choice": f"write one of {_listed(setting.choices)}",
        "class": "write the name of a class",
        "pool": "write the name of a pool",
        "pools": "write the name of a pool",
    }[setting.kind]
    return words + (", or unlimited" if setting.is_limit else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
