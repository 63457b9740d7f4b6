"""How does a verb take options that it shares with others? A frozen dataclass declares them once, and a parameter of
its type stands for all its fields.

In: the function of a verb, such as

    @dataclass(frozen=True)
    class Feedback:
        quiet: Annotated[bool, typer.Option("--quiet")] = False

    @grouped
    def run(feedback: Feedback, count: Annotated[int, typer.Option()] = 1) -> None: ...

Out: a function that typer reads as ``run(*, quiet=False, count=1)``; it calls ``run(Feedback(quiet), count)``. Options
stand in ``--help`` in the order of the parameters, and those of a group in the order of its fields.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints


def grouped(run: Callable[..., None]) -> Callable[..., None]:
    """The verb with its groups of options written out, for typer."""
    types = get_type_hints(run, include_extras=True)
    own = inspect.signature(run).parameters
    options = [option for name, parameter in own.items() for option in _options(parameter, types[name])]

    @functools.wraps(run)
    def called(**values: Any) -> None:
        run(**{name: _argument(name, types[name], values) for name in own})

    # what inspect.signature and typing.get_type_hints read, instead of those of `run`
    called.__dict__["__signature__"] = inspect.Signature(options)
    called.__annotations__ = {option.name: option.annotation for option in options}
    return called


def _options(parameter: inspect.Parameter, kind: Any) -> Iterator[inspect.Parameter]:
    """The parameter, or one for each field of its group. All are keyword-only, as typer calls them."""
    if not _is_group(kind):
        yield parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY)
        return
    types = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
        )


def _argument(name: str, kind: Any, values: dict[str, Any]) -> Any:
    """What the verb is given for a parameter: a value, or a group of values."""
    if not _is_group(kind):
        return values[name]
    return kind(**{field.name: values[field.name] for field in dataclasses.fields(kind)})


def _is_group(kind: Any) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)
