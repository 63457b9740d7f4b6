"""No default view of real traces is longer than a screen, or wider than it, and none ends with an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from costctl import verbs
from costctl.errors import CostctlError
from tests.cli.first_screens import (
    FIRST_SCREENS,
    MOST_LINES,
    SMALL_TERMINAL,
    World,
    screen_text,
    world_of,
)
from tests.command_line import costctl
from tests.remembered import remembered
from tests.thoroughness import how_many

USUAL = (
    "instrumented/langfuse",
    "logs/litellm_spend",
    "workload/azure",
)
SLOW = {
    "segment --learn"
}  # half a minute, and no longer than on other traces: on the usual ones, where all is tried
OF_NO_TRACES = {"prices list"}  # the same for all
MANY_FILES = 40
WIDTH = 80


def traces(real_traces: Path) -> list[Path]:
    """Folders of real traces: a few, or all of them."""
    everything = sorted(real_traces.glob("*/*"))
    return everything[: how_many(0, len(everything))] or [real_traces / name for name in USUAL]


def screens(world: World, left_out: set[str]) -> Iterator[tuple[str, str]]:
    """(verb, its screen); none where these traces hold too little for an answer, of which the error says what to do."""
    for verb in sorted(FIRST_SCREENS.keys() - left_out):
        try:
            document = FIRST_SCREENS[verb].make(world)
        except CostctlError:
            continue
        yield verb, screen_text(verb, document, WIDTH)


def said(world: World) -> Iterator[tuple[str, str]]:
    """(command, what it says of a file that it has written, or read); none where these traces are of nothing for it."""
    store = world.store
    for words in (
        f"export --quiet -o focus.csv --store {store}",
        f"export --quiet --format csv -o classes.csv --store {store}",
        f"emit --quiet --target policy -o policy.json --store {store}",
        "policy check policy.json",
        "emit --quiet --target litellm --policy policy.json -o litellm.yaml",
    ):
        done = costctl(store.parent, *words.split(), environment={"COLUMNS": str(WIDTH)})
        if done.returncode == 0:
            yield words.partition(" --store")[0], done.stdout


def loaded(folder: Path, beside: Path) -> World:
    """The traces of a folder, in a store of their own, without a config: of very many files every eighth, since a
    screen does not get longer with the sessions that are counted on it.
    """
    none = beside / "none.toml"
    none.write_text("", encoding="utf-8")
    files = sorted(folder.iterdir())
    if len(files) > MANY_FILES:
        (beside / folder.name).mkdir()
        for each in files[:: MANY_FILES // 5]:
            (beside / folder.name / each.name).symlink_to(each)
        folder = beside / folder.name
    return world_of(folder, beside / "real.duckdb", none)


def size(text: str) -> tuple[int, int]:
    """Lines, and the columns of the longest."""
    return text.count("\n"), max(map(len, text.splitlines()), default=0)


def test_no_default_view_of_real_traces_is_longer_than_a_screen_or_wider_than_it(
    real_traces: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folders = traces(real_traces)
    sizes = {}
    for folder in folders:
        world = loaded(folder, tmp_path_factory.mktemp(folder.name))
        is_usual = folder.relative_to(real_traces).as_posix() in USUAL
        left_out = set() if is_usual and how_many(0, 1) else SLOW
        with remembered(verbs, "export"):  # two forms of one answer
            told = [
                *screens(world, left_out if folder == folders[0] else left_out | OF_NO_TRACES),
                *(said(world) if is_usual else ()),
            ]
        sizes |= {(folder.name, verb): size(text) for verb, text in told}
    assert len(sizes) > 12 * len(folders)
    assert {case: found for case, found in sizes.items() if found[0] > MOST_LINES or found[1] > WIDTH} == {}


def test_what_was_written_is_said_in_a_few_lines(real_traces: Path, tmp_path: Path) -> None:
    told = dict(said(loaded(real_traces / "logs" / "litellm_spend", tmp_path)))
    assert len(told) == 5
    assert {words for words, text in told.items() if "\nNext " not in text} == set()
    assert max(text.count("\n") for text in told.values()) < SMALL_TERMINAL
