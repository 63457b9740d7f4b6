"""Which options must a command that we propose repeat, so that it is about the same traces?

In: the arguments of the process. Out: text to append, such as " --store traces.duckdb --config costctl.toml", and
messages in which the commands in backticks repeat what they take of it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.cli.running import this_run

_REPEATED: Final = ("--store", "--config")
_OF_ADVICE: Final = ("--grades",)  # repeated by the commands that are about the same advice alone
_COMMAND: Final = re.compile(r"`costctl ([^`]+)`")
Given = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Again:
    """What commands repeat. given: options and their values, as the user gave them.  takes: the options of the command
    that words name.
    """

    given: Given
    takes: Callable[[Sequence[str]], frozenset[str]]

    def message(self, text: str) -> str:
        """The text, in which each command in backticks has those options that it takes and does not name."""
        return _COMMAND.sub(lambda found: f"`costctl {found[1]}{self._missing(found[1])}`", text)

    def _missing(self, command: str) -> str:
        try:
            words = shlex.split(command)
        except ValueError:  # an open quote: no command
            return ""
        named = {word.partition("=")[0] for word in words}
        takes = self.takes(words)
        return _text(pair for pair in self.given if pair[0] in takes and pair[0] not in named)


def given_in(arguments: Sequence[str], repeated: Sequence[str] = _REPEATED) -> Given:
    """The options that say where the traces and the settings are, or others, as they were given."""
    found: list[tuple[str, str]] = []
    for place, argument in enumerate(arguments):
        option, has_value, value = argument.partition("=")
        if option in repeated and has_value:
            found.append((option, value))
        elif argument in repeated and place + 1 < len(arguments):
            found.append((argument, arguments[place + 1]))
    return tuple(found)


def again_of(arguments: Sequence[str]) -> str:
    """The same as text to append to a command."""
    return _text(given_in(arguments))


def again() -> str:
    """Those of the command that is running, and its PATHs where the store holds more than they do."""
    return this_run().again


def again_of_advice() -> str:
    """What commands about the same advice repeat besides."""
    return _text(given_in(this_run().arguments, _OF_ADVICE))


def hint(message: str) -> str:
    """The message, with commands that repeat the options of the one that is running."""
    run = this_run()
    return Again(given_in(run.arguments), run.takes).message(message)


def _text(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f" {option} {shlex.quote(value)}" for option, value in pairs)
