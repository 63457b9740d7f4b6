"""How is a setting read? From text, such as ``class.chat.queue.max_wait=2s``, or from a key and a value of Python.

In: the text, or key and value; the names of the classes and pools there are. Out: a ``Setting`` in the unit of its
lever. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Final, TypeVar

from costctl.documents.changes import Value
from costctl.errors import UsageError
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.fallbacks import fallbacks_of
from costctl.levers.lever import Lever, Owner
from costctl.levers.settings import Setting, key_of, of_lever
from costctl.levers.table import LEVERS
from costctl.levers.weights import weights_of
from costctl.units import duration_s

Names = Mapping[Owner, Sequence[str]]
Number = TypeVar("Number", int, float)

_NAMED: Final = ("choice", "class", "pool", "pools", "storages")
_UNLIMITED: Final = ("unlimited", "none")


def setting_of(text: str, names: Names) -> Setting:
    """What ``KEY=VALUE`` sets. names: of the classes and pools there are. Raises UsageError."""
    key, equals, value = (part.strip() for part in text.partition("="))
    source = f"--set {text}"
    if not equals:
        raise UsageError(
            f"Cannot use {source}.",
            why="It has no value.",
            next_step="Write it as KEY=VALUE, such as --set pool.gpu.replicas=3.",
        )
    return _set(key, names, source, lambda lever: _read(lever, value, names), _example)


def setting_given(key: str, value: object, names: Names) -> Setting:
    """What a key and a value of Python set. Raises UsageError, which names the key.

    value: in the lever's unit, None for no limit, several pools as a tuple or list; or text, as ``setting_of`` reads
    the part after "=".
    """

    def understood(lever: Lever) -> Value:
        return _read(lever, value.strip(), names) if isinstance(value, str) else _typed(lever, value, names)

    return _set(key, names, f"{key} = {value!r}", understood, _example_given)


def _set(
    key: str,
    names: Names,
    source: str,
    understood: Callable[[Lever], Value],
    example: Callable[[Lever], str],
) -> Setting:
    """The setting of a key. understood: its value, or ValueError.  example: how to write one."""
    lever, subject = _found(key, names, source)
    try:
        return of_lever(lever, subject, understood(lever), source)
    except ValueError as error:
        raise UsageError(
            f"Cannot use {source}.",
            why=f"{error}.",
            next_step=f"It is {lever.meaning}; {example(lever)}.",
        ) from error


def _found(key: str, names: Names, source: str) -> tuple[Lever, str]:
    """The lever and whose it is. A name may hold dots: the longest that fits is meant."""
    for lever in LEVERS:
        for subject in sorted(names[lever.owner], key=len, reverse=True):
            if key == key_of(lever, subject):
                return lever, subject
    if key.startswith("class.") and any(key.endswith(f".{lever.name}") for lever in BOUGHT_LEVERS):
        raise UsageError(
            f"Cannot use {source}: no replay knows {key}.",
            why="It changes what is bought by the token: a bill is run again under it, not a replay.",
            next_step="`costctl recommend` bills such settings, and says which of them save.",
        )
    known = [key_of(lever, subject) for lever in LEVERS for subject in names[lever.owner]]
    nearest = difflib.get_close_matches(key, known, n=1)
    raise UsageError(
        f"Cannot use {source}: there is no setting {key}.",
        why=f"The classes are {_listed(names['class'])}; the pools that can be replayed are {_listed(names['pool'])}.",
        next_step=f"Did you mean {nearest[0]}?"
        if nearest
        else "`costctl help simulate` lists every setting.",
    )


def _read(lever: Lever, text: str, names: Names) -> Value:
    """The value in the lever's unit; None where it is unlimited. Raises ValueError."""
    if lever.is_limit and text in _UNLIMITED:
        return None
    match lever.kind:
        case "model" | "schedule" | "hours" | "sizes":
            return text
        case "weights":
            for pool in weights_of(text).pools:
                _one_of(pool, names["pool"])
            return text
        case "fallbacks":
            for pool in fallbacks_of(text).pools:
                _one_of(pool, names["pool"])
            return text
        case "choice":
            return _one_of(text, lever.choices)
        case "class":
            return _one_of(text, names["class"])
        case "pool":
            return _one_of(text, names["pool"])
        case "pools":
            return tuple(_one_of(part.strip(), names["pool"]) for part in text.split(","))
        case "storages":
            return tuple(part.strip() for part in text.split(","))
        case "count":
            return _whole(text)
        case "duration":
            return duration_s(text)
        case "ratio":
            return _number(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        case "number":
            return _number(text)


def _typed(lever: Lever, value: object, names: Names) -> Value:
    """The value in the lever's unit, of the type that the lever has. Raises ValueError."""
    if value is None:
        return None
    if lever.kind == "pools" and isinstance(value, tuple | list) and value:
        return tuple(_one_of(str(part), names["pool"]) for part in value)
    if lever.kind == "storages" and isinstance(value, tuple | list):
        return tuple(str(part) for part in value)
    if lever.kind == "sizes" and isinstance(value, tuple | list):
        return ",".join(str(part) for part in value)
    if lever.kind in ("schedule", "hours", "weights", "fallbacks", "sizes"):
        raise ValueError(f"{value!r} is no text")
    if lever.kind in _NAMED:
        raise ValueError(f"{value!r} is not a name")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is not a number")
    number = float(value)
    if lever.kind != "count":
        return number
    if not number.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def _one_of(text: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    nearest = difflib.get_close_matches(text, choices, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"{text!r} is not one of {_listed(choices)}{hint}".removesuffix("?"))


def _whole(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a number")
    return number


def _example(lever: Lever) -> str:
    words = {
        "count": "write a whole number",
        "duration": "write a number and a unit, such as 10ms, 2s or 1min",
        "number": "write a number",
        "ratio": "write a part of 1 or a percentage, such as 0.1 or 10%",
        "choice": f"write one of {_listed(lever.choices)}",
        "class": "write the name of a class",
        "pool": "write the name of a pool",
        "pools": "write the name of a pool",
        "storages": "write names of storage, such as documents-eu",
        "schedule": "write times of day with replicas, such as 00:00=2,07:00=4, or of the week: mon 07:00=4",
        "weights": "write pools with the parts that they serve, such as gpu-a=7,gpu-b=3",
        "fallbacks": "write pools, such as small or small:overload+timeout,large, or none",
        "hours": "write hours of the day, such as 22:00-06:00",
        "sizes": "write whole numbers, such as 8,16",
    }[lever.kind]
    return words + (", or unlimited" if lever.is_limit else "")


def _example_given(lever: Lever) -> str:
    words = {
        "duration": "give seconds as a number, or text such as '10ms'",
        "choice": f"give one of {_listed(lever.choices)}",
        "class": "give the name of a class",
        "pool": "give the name of a pool",
        "pools": "give the names of pools",
        "storages": "give names of storage, such as ('documents-eu',)",
        "count": "give a whole number",
        "schedule": "give text such as '00:00=2,07:00=4'",
        "weights": "give text such as 'gpu-a=7,gpu-b=3'",
        "fallbacks": "give text such as 'small:overload+timeout,large'",
        "hours": "give text such as '22:00-06:00'",
        "sizes": "give whole numbers, such as (8, 16)",
    }.get(lever.kind, "give a number")
    return words + (", or None for no limit" if lever.is_limit else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
