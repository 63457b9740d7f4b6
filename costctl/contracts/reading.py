"""What does a file of contracts say? As it was drafted, or as people changed it.

In: its text, TOML or JSON. Out: the contract. What a schema cannot say is checked here too: no interface and no
attribute twice, no part declared without what it declares.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from costctl.documents.contract import SCHEMA_VERSION, Basis, Contract, Interface
from costctl.errors import InputError


def contract_from_text(text: str, name: str) -> Contract:
    """The contract in a TOML or JSON text. name: of the file, for messages.

    Raises InputError where the text is neither, or is no contract of this version.
    """
    content = _content(text, name)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise _unreadable(name, f"It does not say schema_version = {SCHEMA_VERSION}.")
    try:
        contract = msgspec.convert(content, Contract)
    except msgspec.ValidationError as error:
        raise _unreadable(name, f"{error}.") from error
    faults = list(_faults(contract))
    if faults:
        raise _unreadable(name, " ".join(faults))
    return contract


def contract_digest(contract: Contract) -> str:
    """SHA-256 of what it says, however it is written."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(contract, order="sorted")).hexdigest()


def _content(text: str, name: str) -> Any:
    """JSON where the text begins with a brace, as no TOML does."""
    try:
        return json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise _unreadable(name, f"It breaks in line {error.lineno}, column {error.colno}.") from error
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(name, f"{error}.") from error


def _faults(contract: Contract) -> Iterator[str]:
    for key, times in Counter(each.key for each in contract.interfaces).items():
        if times > 1:
            yield f"The interface {' '.join(filter(None, key))} stands in it {times} times."
    for each in contract.interfaces:
        names = Counter(attribute.name for attribute in each.attributes)
        yield from (
            f"The {each.label} has the attribute {name} twice." for name, times in names.items() if times > 1
        )
        yield from _empty_words(each)


def _empty_words(interface: Interface) -> Iterator[str]:
    """Parts that say declared, and nothing else; and counts that contradict each other."""
    declared: dict[str, tuple[Basis, object]] = {
        "timeout.value_s": (interface.timeout.basis, interface.timeout.value_s),
        "retries.most": (interface.retries.basis, interface.retries.most),
        "degraded.mode": (interface.degraded.basis, interface.degraded.mode),
        "fallback.value": (interface.fallback.basis, interface.fallback.value),
    }
    for name, (basis, value) in declared.items():
        if basis == "declared" and value is None:
            yield f"The {interface.label} declares no {name}."
    counts = {
        "success": (interface.success.broken, interface.success.samples),
        "timeout": (interface.timeout.broken, interface.timeout.samples),
        "retries": (interface.retries.broken, interface.retries.samples),
        "degraded": (interface.degraded.broken, interface.degraded.samples),
    }
    for name, (broken, samples) in counts.items():
        if broken > samples:
            yield f"The {interface.label} has more {name}.broken than samples."
    if max((each.samples for each in interface.attributes), default=0) > interface.requests:
        yield f"The {interface.label} has attributes with more samples than requests."
    for each in interface.attributes:
        if max(each.lacking, each.carried, each.outside) > each.samples:
            yield f"The {interface.label} has more requests in {each.name} than samples."


def _unreadable(name: str, why: str) -> InputError:
    return InputError(
        f"{name} cannot be read as a contract.",
        why=why,
        next_step="See what it must hold with `costctl schema contract`, or draft one: `costctl contract draft`.",
    )
