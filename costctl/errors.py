"""What can go wrong, and what the user is told.

An error says what happened, why, and what to do next, and carries the exit code of the command line.
Inner functions raise these; only ``costctl/cli/app.py`` catches them. Bad records are no errors: they
are values, kept in quarantine.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Exit codes of every verb."""

    OK = 0
    GATE_BREACHED = 1
    USAGE = 2
    INPUT_UNUSABLE = 3
    NOT_ENOUGH_DATA = 4
    INFEASIBLE = 5
    STORE_FAILED = 6
    BUG = 70
    INTERRUPTED = 130


class CostctlError(Exception):
    """An error that a user can act on.

    what: the thing that failed, one sentence.  why: the cause, as far as it is known.  next_step: what
    to do about it.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, what: str, *, why: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what} {self.why} {self.next_step}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its facts: any other exception is made anew by a call with its message alone."""
        return _with_facts, (type(self), self.what, self.__dict__)


def _with_facts(kind: type[CostctlError], what: str, facts: dict[str, Any]) -> CostctlError:
    error = kind.__new__(kind, what)
    error.__dict__.update(facts)
    return error


class UsageError(CostctlError):
    """The command or the configuration asks for something that does not exist or contradicts itself."""

    exit_code = ExitCode.USAGE


class InputError(CostctlError):
    """The input cannot be used, or holds rejected records where --strict forbids them."""

    exit_code = ExitCode.INPUT_UNUSABLE


class NotTelemetryError(InputError):
    """The input is none of the trace exports and logs that costctl reads, as far as can be told. It may be some other
    file that lies beside them.
    """


class NotEnoughDataError(CostctlError):
    """The input is sound but too small to say what was asked."""

    exit_code = ExitCode.NOT_ENOUGH_DATA


class InfeasibleError(CostctlError):
    """No plan meets the constraints, or the target cannot enforce a required boundary."""

    exit_code = ExitCode.INFEASIBLE


class StoreError(CostctlError):
    """The store or the engine failed."""

    exit_code = ExitCode.STORE_FAILED


class OutputError(CostctlError):
    """What was computed cannot be written: the disk is full, or stdout is closed."""

    exit_code = ExitCode.STORE_FAILED

    @classmethod
    def of(cls, error: OSError, target: str | None = None) -> OutputError:
        """error: what the system said.  target: what was written to; the file that the error names where None."""
        written = target or ("the output" if error.filename is None else str(error.filename))
        return cls(
            f"Cannot write to {written}.",
            why=f"{error.strerror or type(error).__name__}.",
            next_step="Free some space, or write elsewhere: -o FILE for results, --store FILE for traces.",
        )


class BrokenLawError(CostctlError):
    """A law that every figure rests on does not hold: a bug in costctl, of which no figure is given."""

    exit_code = ExitCode.BUG

    @classmethod
    def of(cls, law: str, evidence: str) -> BrokenLawError:
        """law: what should hold, as a sentence.  evidence: numbers and hashed ids that deny it, never content."""
        return cls(
            f"A law does not hold: {law}",
            why=f"{evidence} Figures that rest on it would be wrong, so none are given; this is a bug in costctl.",
            next_step="Report this message with your version (`costctl --version`); it holds nothing of what was asked "
            "of your models or answered.",
        )


# Errors that the engine words by the statement or by the machine. Of any other it may quote the data that it worked on.
_NAMES_NO_DATA = (
    "BinderException", "CatalogException", "ParserException", "SyntaxException", "IOException", "HTTPException",
    "OutOfMemoryException", "PermissionException", "TransactionException", "DependencyException", "ConnectionException",
)  # fmt: skip


def said_by_engine(error: Exception) -> str:
    """What the engine said went wrong, without anything that could be content: a value that does not fit a type is
    not shown.
    """
    name = type(error).__name__
    if name in _NAMES_NO_DATA:
        return str(error).strip().rstrip(".")
    return f"{name.removesuffix('Exception')} error; its text is omitted because it may quote the traces"
