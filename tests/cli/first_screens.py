"""The first screens of verbs, by name: what makes the document, and what shows it. Tests over all screens read this
table, so that a verb is added in one line.

Golden screens lie in ``screens/``. They are written anew, to be read before they are committed, by

    python -m tests.cli.first_screens
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

from costctl import verbs
from costctl.observation import Question
from costctl.render import (
    admission_screen,
    analysis_screen,
    diagnosis_screen,
    sessions_screen,
    taxonomy_screen,
    workload_screen,
)
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.sections import Section
from costctl.render.view import View
from tests.conftest import ROOT, unwatched
from tests.laws.worlds_with_gaps import store_with_gaps

SCREENS: Final = Path(__file__).with_name("screens")
MOST_LINES: Final = 40


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """make: of a question and progress. screen: the sections of the default view."""

    make: Callable[..., Any]
    screen: Callable[[Any, View], list[Section]]


FIRST_SCREENS: Final = {
    "analyze": FirstScreen(verbs.analyze, analysis_screen.screen),
    "doctor": FirstScreen(verbs.doctor, diagnosis_screen.screen),
    "segment": FirstScreen(verbs.segment, workload_screen.screen),
    "segment --admission": FirstScreen(verbs.segment_admission, admission_screen.screen),
    "segment --learn": FirstScreen(verbs.segment_learn, taxonomy_screen.screen),
    "segment --sessions": FirstScreen(verbs.segment_sessions, sessions_screen.screen),
}
# (verb, world, columns, in colour)
GOLDEN: Final = (
    *(("analyze", "sample", width, False) for width in (80, 100, 120)),
    ("analyze", "sample", 100, True),
    ("analyze", "shop", 80, False),
    ("analyze", "shop", 120, True),
    ("analyze", "gaps", 80, False),
    ("doctor", "sample", 80, False),
    ("doctor", "shop", 100, True),
    ("doctor", "gaps", 120, False),
    ("segment", "sample", 80, False),
    ("segment", "shop", 120, False),
    ("segment", "gaps", 100, True),
    ("segment --admission", "sample", 100, False),
    ("segment --learn", "sample", 100, False),
    ("segment --sessions", "shop", 100, False),
)


def golden(verb: str, world: str, columns: int, is_coloured: bool) -> Path:
    """The file of a golden screen."""
    colour = ".colour" if is_coloured else ""
    return SCREENS / f"{verb.replace(' --', '-')}.{world}.{columns}{colour}.txt"


def screen_text(verb: str, document: Any, columns: int, *, is_coloured: bool = False) -> str:
    """What the default view of a verb prints, plain as into a pipe, or in colour as on a terminal."""
    view = View(is_terminal=is_coloured)
    with _terminal(columns, is_coloured=is_coloured):
        return rendered(
            document,
            TabularFormat.TABLE,
            lambda shown: FIRST_SCREENS[verb].screen(shown, view),
            lambda _: "",
            is_brief=True,
        )


@contextmanager
def _terminal(columns: int, *, is_coloured: bool) -> Iterator[None]:
    """The environment of a terminal so wide."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    colour = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": ""} if is_coloured else {}
    with mock.patch.dict(os.environ, {**kept, "COLUMNS": str(columns), **colour}, clear=True):
        yield


class Worlds:
    """Documents of the sample (pools), of a shop that buys tokens, and of a small world whose telemetry has gaps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.question = cache(self._question)
        self.document = cache(self._document)

    def _document(self, verb: str, world: str) -> Any:
        return FIRST_SCREENS[verb].make(self.question(world), unwatched)

    def _question(self, world: str) -> Question:
        store = self.folder / f"{world}.duckdb"
        match world:
            case "sample":
                traces = ROOT / "sample_traces"
                verbs.ingest(verbs.IngestRequest((str(traces / "requests.jsonl.gz"),), store), unwatched)
                return Question(store=store, config=traces / "costctl.toml")
            case "shop":
                made = self.folder / "shop"
                verbs.synth("shop", 0, made, "otlp", unwatched)
                verbs.ingest(verbs.IngestRequest((str(made / "requests.jsonl.gz"),), store), unwatched)
                return Question(store=store, config=made / "costctl.toml")
            case _:
                none = self.folder / "none.toml"
                none.write_text("internet_usd_per_gb_egress = 0.09\n", encoding="utf-8")
                return Question(store=store_with_gaps(self.folder, 2, is_api=True), config=none)


def write_golden() -> None:
    """Write all golden screens anew."""
    shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        worlds = Worlds(Path(folder))
        for verb, world, columns, is_coloured in GOLDEN:
            text = screen_text(verb, worlds.document(verb, world), columns, is_coloured=is_coloured)
            golden(verb, world, columns, is_coloured).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_golden()
