"""Which command do words name, and which options does it take? Read from the declarations, without parsing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args, get_type_hints

import typer
from typer.models import OptionInfo


def names_command(app: typer.Typer, words: Sequence[str]) -> bool:
    """Whether the words are the name of a command or of a group of commands."""
    found, left = _found(app, words)
    return found is not None and not left


def verb_of(app: typer.Typer, words: Sequence[str]) -> str:
    """The command with which the words begin, such as "baseline save"; "" where they begin with none."""
    found, left = _found(app, words)
    return (
        "" if found is None or isinstance(found, typer.Typer) else " ".join(words[: len(words) - len(left)])
    )


def options_of(app: typer.Typer, words: Sequence[str]) -> frozenset[str]:
    """The options of the command with which the words begin; none where they begin with no command."""
    found, _ = _found(app, words)
    if found is None or isinstance(found, typer.Typer):
        return frozenset()
    kinds = get_type_hints(found, include_extras=True).values()
    infos = [info for kind in kinds for info in get_args(kind)[1:] if isinstance(info, OptionInfo)]
    # in an Annotated, typer takes the first name of an option for its default until it runs
    names = (name for info in infos for name in (info.default, *(info.param_decls or ())))
    return frozenset(name for name in names if isinstance(name, str))


def _found(
    app: typer.Typer, words: Sequence[str]
) -> tuple[typer.Typer | Callable[..., Any] | None, Sequence[str]]:
    """The group or the function that the first words name, and the words that are left."""
    if not words:
        return app, words
    for group in app.registered_groups:
        if group.name == words[0] and group.typer_instance is not None:
            return _found(group.typer_instance, words[1:])
    for command in app.registered_commands:
        if command.name == words[0]:
            return command.callback, words[1:]
    return None, words
