"""What does a run of the command line know of itself? How a command is repeated about the same traces, and what its end
must still say.

``cli/app.py`` begins a run; what is called in its course finds it here.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costctl.cli.recording import Recording


def _no_options(_words: Sequence[str]) -> frozenset[str]:
    return frozenset()


@dataclass
class Running:
    """arguments: of the process.  again: text that makes another command be about the same traces, such as
    " --store traces.duckdb".  takes: the options of the command that words name.  is_quiet: nothing is said but answers
    and errors.  at_end: called when the answer has been written; it raises what did not keep it from being given.
    verb: the command, such as "baseline save".  recording: what the audit trail will say of it; None for nothing.
    """

    arguments: Sequence[str] = ()
    again: str = ""
    takes: Callable[[Sequence[str]], frozenset[str]] = _no_options
    is_quiet: bool = False
    at_end: Callable[[], None] | None = None
    verb: str = ""
    recording: Recording | None = None

    def has_typed(self, option: str) -> bool:
        """Whether an option was given as such, and not by the environment."""
        return any(each == option or each.startswith(f"{option}=") for each in self.arguments)

    def repeat(self, *words: str) -> None:
        """Have commands that are proposed repeat these words too."""
        self.again += "".join(f" {shlex.quote(word)}" for word in words)


_this_run: ContextVar[Running | None] = ContextVar("this_run", default=None)


def this_run() -> Running:
    """The run that this is called in."""
    return _this_run.get() or Running()


@contextmanager
def begun(run: Running) -> Iterator[Running]:
    """The run, which ``this_run`` finds meanwhile."""
    token = _this_run.set(run)
    try:
        yield run
    finally:
        _this_run.reset(token)
