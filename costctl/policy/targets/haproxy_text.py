"""HAProxy's configuration as text: words, conditions and sections, written and read.

Words are quoted so that no name of a class, model or tenant is read as anything but a word. A section is its header and
the lines below it. https://docs.haproxy.org/2.6/configuration.html#2.2
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+-]+")
_SETTING: Final = re.compile(
    r"((?:timeout|server|option) \S+|tune\.\S+|bind|balance|hash-\S+|retries|retry-on|mode|maxconn|default_backend)"
    r"(?: (.*))?"
)
_SECTION: Final = re.compile(
    r"(global|defaults|frontend|backend|listen|peers|resolvers|userlist|cache|program)\b"
)
_CLASS: Final = re.compile(r"http-request set-var\(txn\.class\) str\((.*?)\)(?: |$)")
_ORDER: Final = "classes in order"


@dataclass(frozen=True, slots=True)
class Part:
    """A section. header: such as ``backend large``.  lines: below it, without their indent."""

    header: str
    lines: tuple[str, ...]


def word(text: str) -> str:
    """One word of a line, whatever stands in it."""
    return text if _PLAIN.fullmatch(text) else f'"{"".join(map(_escaped, text))}"'


def words(texts: Iterable[str]) -> str:
    """Several words."""
    return " ".join(map(word, texts))


def is_text(fetched: str, texts: Iterable[str]) -> str:
    """The condition that a sample is one of the texts."""
    return f"{{ {fetched} -m str -- {words(texts)} }}"


def milliseconds(us: int) -> int:
    """HAProxy's unit of time, rounded up: what is longer than 0 stays so."""
    return -(-us // 1000)


def read_haproxy(text: str) -> Any:
    """By section its settings, each by its keyword (a time-out or a server by its name too), and its rules, which have
    no value; without comments and with single spaces. Of the order of rules that of the classes is told, of which the
    first that fits wins. Raises ValueError where a line stands before every section.
    """
    found: dict[str, dict[str, str]] = {}
    here: dict[str, str] | None = None
    for line in text.splitlines():
        plain = " ".join(line.split())
        if not plain or plain.startswith("#"):
            continue
        if _SECTION.match(plain):
            here = found.setdefault(plain, {})
        elif here is None:
            raise ValueError("it has a line before its first section")
        else:
            setting = _SETTING.fullmatch(plain)
            name, value = (plain, "") if setting is None else (setting[1], setting[2] or "")
            here[name] = value
            told = _CLASS.match(plain)
            if told is not None:
                here[_ORDER] = f"{here[_ORDER]}, {told[1]}" if _ORDER in here else told[1]
    return found


def text_of(parts: Iterable[Part]) -> str:
    """The file's body."""
    return "\n".join(_section(each) for each in parts)


def _section(part: Part) -> str:
    return f"{part.header}\n" + "".join(f"    {line}\n" for line in part.lines)


def _escaped(sign: str) -> str:
    if sign in '"\\$':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    return "".join(f"\\x{byte:02x}" for byte in sign.encode())
