"""Functions that compute once what they are asked again, where a test is about what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from types import ModuleType
from typing import Any
from unittest import mock


@contextmanager
def remembered(module: ModuleType, *names: str) -> Iterator[None]:
    """These functions of a module, each asked once the same, whoever watches the progress."""
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(mock.patch.object(module, name, _remembering(getattr(module, name))))
        yield


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    answers: dict[str, Any] = {}

    @wraps(function)
    def asked(*args: Any, **named: Any) -> Any:
        plain = [each for each in args if not callable(each)]
        key = repr(
            (plain, sorted((name, repr(value)) for name, value in named.items() if not callable(value)))
        )
        if key not in answers:
            answers[key] = function(*args, **named)
        return answers[key]

    return asked
