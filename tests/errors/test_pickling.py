"""An error that is raised in another process arrives whole."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from collections.abc import Iterator

import pytest

import costctl
from costctl.errors import CostctlError


def kinds_below(kind: type[CostctlError]) -> Iterator[type[CostctlError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from kinds_below(each)


def every_kind() -> list[type[CostctlError]]:
    for module in pkgutil.walk_packages(costctl.__path__, "costctl."):
        if module.name != "costctl.__main__":  # which runs
            importlib.import_module(module.name)
    return sorted(set(kinds_below(CostctlError)), key=lambda kind: kind.__qualname__)


def made(kind: type[CostctlError]) -> CostctlError:
    """An error of the kind with something in each of its own facts."""
    error = kind.__new__(kind, "It failed.")
    CostctlError.__init__(error, "It failed.", why="The disk is full.", next_step="Free some space.")
    error.__dict__["mistake"] = "a fact of its own"
    return error


@pytest.mark.parametrize("kind", every_kind())
def test_an_error_of_any_kind_survives_pickling(kind: type[CostctlError]) -> None:
    error = made(kind)
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is kind
    assert vars(arrived) == vars(error)
    assert (arrived.what, arrived.why, arrived.next_step) == (
        "It failed.",
        "The disk is full.",
        "Free some space.",
    )
    assert (arrived.args, str(arrived), arrived.exit_code) == (error.args, str(error), kind.exit_code)


def test_kinds_of_every_package_are_looked_at() -> None:
    names = {kind.__name__ for kind in every_kind()}
    assert {"CostctlError", "RateError", "UnknownFormatError", "StoreError"} <= names
