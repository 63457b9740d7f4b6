"""Which options must a command that we propose repeat, so that it is about the same traces?

In: the arguments of the process. Out: text to append, such as " --store traces.duckdb --config costctl.toml".
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from costctl.cli.running import this_run

_REPEATED: Final = ("--store", "--config")


def again_of(arguments: Sequence[str]) -> str:
    """The options that say where the traces and the settings are, as they were given."""
    parts: list[str] = []
    for place, argument in enumerate(arguments):
        option, has_value, value = argument.partition("=")
        if option in _REPEATED and has_value:
            parts += [option, value]
        elif argument in _REPEATED and place + 1 < len(arguments):
            parts += [argument, arguments[place + 1]]
    return "".join(f" {shlex.quote(part)}" for part in parts)


def again() -> str:
    """Those of the command that is running, and its PATHs where the store holds more than they do."""
    return this_run().again
