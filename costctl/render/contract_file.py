"""A contract as the text of a file: TOML with comments, for people who review it, or JSON.

In: the contract. Out: text. What is null is left out; reading it again gives the same contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from costctl.documents.contract import Contract, Interface
from costctl.legible import in_one_line

_HEAD: Final = """\
What each interface keeps to, as traces show it. Review it, commit it, and hold the next traces to it:
  costctl contract check PATH --contract FILE
measured parts are samples: more requests than chance allows must break one. What you change, declare
(basis = "declared"): then one request that breaks it is enough, and drafting again into this file keeps it.
Counts are of requests, but for calls, errors and latency. What each word means:
  costctl help hold-interfaces-to-contracts"""
_PARTS: Final = {
    "success": "least = 0.99: declared, the share of requests without a failed call",
    "latency": "of the calls that were timed",
    "timeout": "value_s: the longest that a call may take",
    "retries": "most: attempts after the first",
    "degraded": "mode: retried, fallback, went on or failed",
    "fallback": "value: what is answered when it is not there",
}


def as_toml(contract: Contract) -> str:
    """The contract as TOML."""
    import tomlkit

    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    document["schema_version"] = contract.schema_version
    document["drafted"] = _known(msgspec.to_builtins(contract.drafted))
    interfaces = tomlkit.aot()
    for each in contract.interfaces:
        interfaces.append(_interface(each))
    document["interfaces"] = interfaces
    return tomlkit.dumps(document)


def as_json(contract: Contract) -> str:
    """The contract as JSON, with a newline at its end."""
    return f"{json.dumps(_known(msgspec.to_builtins(contract)), indent=2, ensure_ascii=False)}\n"


def _interface(interface: Interface) -> Any:
    import tomlkit

    table = tomlkit.table()
    table.add(tomlkit.comment(in_one_line(interface.label)))
    plain = _known(msgspec.to_builtins(interface))
    attributes = plain.pop("attributes")
    for key, value in plain.items():
        if key not in _PARTS:
            table[key] = value
    rows = tomlkit.array()
    for each in attributes:
        row = tomlkit.inline_table()
        row.update(each)
        rows.append(row)
    table["attributes"] = rows.multiline(multiline=bool(attributes))
    for key, said in _PARTS.items():
        if key in plain:
            part = tomlkit.table()
            part.add(tomlkit.comment(said))
            for name, value in plain[key].items():
                part[name] = _inline(value) if isinstance(value, dict) else value
            table[key] = part
    return table


def _inline(values: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    table.update(values)
    return table


def _known(value: Any) -> Any:
    """Without what is null, which TOML has no word for."""
    match value:
        case dict():
            return {key: _known(each) for key, each in value.items() if each is not None}
        case list() | tuple():
            return [_known(each) for each in value]
        case _:
            return value
