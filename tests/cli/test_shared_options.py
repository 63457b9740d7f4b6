"""Verbs that read traces take the same options, declared once; a group of options is a parameter of its verb."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from costctl.cli.app import app
from costctl.cli.groups import grouped
from costctl.cli.options import CUTS, Asked, Feedback
from costctl.config import DEFAULT_STORE
from costctl.documents.cuts import ATTRIBUTE_PREFIX, CUT_NAMES
from costctl.errors import UsageError
from costctl.observation import Question

OF_TRACES = ("doctor", "segment", "analyze", "simulate", "recommend", "emit", "explain", "export", "sql")


def options_of(verb: str) -> set[str]:
    (info,) = (command for command in app.registered_commands if command.name == verb)
    assert info.callback is not None
    return set(inspect.signature(info.callback).parameters)


@pytest.mark.parametrize("verb", OF_TRACES)
def test_every_verb_that_reads_traces_takes_the_options_of_all(verb: str) -> None:
    assert {field.name for field in (*fields(Asked), *fields(Feedback))} <= options_of(verb)


def parameters(of: typer.Typer) -> dict[str, set[str]]:
    """Every verb and its options, those of its groups too."""
    own = {
        str(info.name): {*inspect.signature(info.callback).parameters}
        for info in of.registered_commands
        if info.callback
    }
    inner = [
        (group.name, parameters(group.typer_instance))
        for group in of.registered_groups
        if group.typer_instance
    ]
    return own | {f"{name} {verb}": options for name, verbs in inner for verb, options in verbs.items()}


def test_whatever_opens_a_store_can_wait_for_it() -> None:
    found = parameters(app)
    assert {"store compact", "prices verify", "init", "sql"} <= {*found}
    assert {verb for verb, options in found.items() if "store" in options and "wait" not in options} == set()


def test_every_part_of_a_question_has_an_option() -> None:
    own = {field.name.removesuffix("_s") for field in fields(Question)} - {"is_extrapolating", "told"}
    assert own | {"no_store"} == {field.name for field in fields(Asked)}


def test_what_is_given_to_the_options_is_asked() -> None:
    asked = Asked(paths=["a", "b"], since="7d", prices_as_of="2026-11-24", seed=3, wait="2m", no_store=True)
    assert asked.question() == Question(
        paths=("a", "b"), since="7d", prices_as_of="2026-11-24", seed=3, wait_s=120.0
    )


def test_traces_are_kept_in_the_working_directory_unless_another_place_or_none_is_asked_for() -> None:
    assert Asked(paths=["a"]).question().store == DEFAULT_STORE
    assert Asked(paths=["a"], store=Path("b.duckdb")).question().store == Path("b.duckdb")
    assert Asked(paths=["a"], no_store=True).question().store is None


def test_no_store_without_paths_would_be_about_nothing() -> None:
    with pytest.raises(UsageError, match="--no-store needs PATHs"):
        Asked(no_store=True).question()


@dataclass(frozen=True)
class Loud:
    name: Annotated[str, typer.Option("--name", help="Who.")] = "you"
    times: Annotated[int, typer.Option("--times", min=1)] = 1


def greeter() -> typer.Typer:
    """A command whose function takes a group between an argument and an option of its own."""
    made = typer.Typer(rich_markup_mode=None)

    @made.command()
    @grouped
    def greet(
        *, word: Annotated[str, typer.Argument()], loud: Loud, end: Annotated[str, typer.Option()] = "."
    ) -> None:
        """Say a word."""
        typer.echo((word + " " + loud.name + end) * loud.times)

    return made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hello"], "hello you."),
        (["hello", "--name", "Ann", "--end", "!"], "hello Ann!"),
        (["hello", "--times", "2"], "hello you.hello you."),
    ],
)
def test_the_options_of_a_group_reach_the_verb_as_one_value(arguments: list[str], said: str) -> None:
    assert CliRunner().invoke(greeter(), arguments).output.strip() == said


def test_the_help_of_a_verb_has_the_options_of_its_groups() -> None:
    shown = CliRunner().invoke(greeter(), ["--help"]).output
    assert "Say a word." in shown
    assert shown.index("--name") < shown.index("--times") < shown.index("--end")
    assert "Who." in shown


def test_a_group_refuses_what_its_options_refuse() -> None:
    assert CliRunner().invoke(greeter(), ["hello", "--times", "0"]).exit_code == 2


def test_what_a_bill_may_be_split_by_is_told_where_it_is_asked() -> None:
    assert sorted(CUTS.split("|")) == sorted([*CUT_NAMES, f"{ATTRIBUTE_PREFIX}KEY"])
