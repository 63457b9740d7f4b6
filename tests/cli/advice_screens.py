"""The first screens of recommend, simulate, explain, ingest, store info and prices, by name. Golden screens lie in
``advice_screens/``. They are written anew, to be read before they are committed, by

    python -m tests.cli.advice_screens
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

from costctl import verbs
from costctl.observation import Question
from costctl.render import (
    explanation_screen,
    ingestion_screen,
    price_screens,
    recommendation_screen,
    simulation_screen,
    store_screen,
)
from costctl.render.sections import Section
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from tests.conftest import ROOT, unwatched

GOLDEN_SCREENS: Final = Path(__file__).with_name("advice_screens")
MOST_LINES: Final = 40
TRACES: Final = ROOT / "sample_traces"
SCENARIO: Final = ("pool.llm-premium.replicas=2", "class.chat.queue.limit=5000")
SCREENS: Final[dict[str, Callable[[Any, View], list[Section]]]] = {
    "ingest": ingestion_screen.screen,
    "store-info": store_screen.screen,
    "recommend": recommendation_screen.screen,
    "recommend-show": recommendation_screen.shown_screen,
    "simulate": simulation_screen.screen,
    "explain-class": explanation_screen.screen,
    "explain-request": explanation_screen.screen,
    "prices-verify": price_screens.check_screen,
}
# (screen, world, columns, in colour)
GOLDEN: Final = (
    *(("recommend", "sample", width, False) for width in (80, 100, 120)),
    *(("simulate", "sample", width, False) for width in (80, 100, 120)),
    ("simulate", "sample", 100, True),
    ("recommend", "shop", 80, False),
    ("recommend-show", "sample", 80, False),
    ("explain-class", "sample", 80, False),
    ("explain-class", "shop", 100, False),
    ("explain-request", "sample", 80, False),
    ("explain-request", "shop", 120, True),
    ("ingest", "sample", 80, False),
    ("prices-verify", "spend", 80, False),
)


def golden(name: str, world: str, columns: int, is_coloured: bool) -> Path:
    """The file of a golden screen."""
    return GOLDEN_SCREENS / f"{name}.{world}.{columns}{'.colour' if is_coloured else ''}.txt"


def screen_text(name: str, document: Any, columns: int, *, is_coloured: bool = False) -> str:
    """What the default view prints, plain as into a pipe, or in colour as on a terminal."""
    kept = {each: value for each, value in os.environ.items() if each not in {"NO_COLOR", "FORCE_COLOR"}}
    colour = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": ""} if is_coloured else {}
    with mock.patch.dict(os.environ, {**kept, "COLUMNS": str(columns), **colour}, clear=True):
        return as_terminal_text(SCREENS[name](document, View(is_terminal=is_coloured)))


class Worlds:
    """Documents of the sample (pools), of a shop that buys tokens, and of a gateway's spend log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.question = cache(self._question)
        self.document = cache(self._document)

    def _document(self, name: str, world: str) -> Any:
        question, report = self.question(world)
        store = question.store or Path()
        scenario = verbs.ScenarioRequest(assignments=SCENARIO)
        make: dict[str, Callable[[], Any]] = {
            "ingest": lambda: report,
            "store-info": partial(verbs.store_info, store, 0.0, unwatched),
            "recommend": partial(verbs.recommend, question, unwatched),
            "recommend-show": partial(verbs.recommend, question, unwatched, "1"),
            "simulate": partial(verbs.simulate, question, scenario, unwatched),
            "explain-class": partial(
                verbs.explain, {"sample": "rag"}.get(world, "support"), question, unwatched
            ),
            "explain-request": lambda: verbs.explain(_longest(question), question, unwatched),
            "prices-verify": partial(verbs.verify_prices, question.config, store, "2026-11-24"),
        }
        return make[name]()

    def _question(self, world: str) -> tuple[Question, Any]:
        store = self.folder / f"{world}.duckdb"
        config = TRACES / "costctl.toml"
        traces = TRACES / ("gateway_spend.jsonl" if world == "spend" else "requests.jsonl.gz")
        if world == "shop":
            verbs.synth("shop", 0, self.folder / "shop", "otlp", unwatched)
            traces, config = self.folder / "shop" / "requests.jsonl.gz", self.folder / "shop" / "costctl.toml"
        with contextlib.chdir(traces.parent):  # a golden screen names no folder of one machine
            report = verbs.ingest(verbs.IngestRequest((traces.name,), store), unwatched)
        return Question(store=store, config=config), report


def _longest(question: Question) -> str:
    """The trace of the request with most calls."""
    query = "SELECT trace_id FROM requests ORDER BY calls DESC, trace_id LIMIT 1"
    return str(verbs.sql(query, question, unwatched).rows()[0][0])


def write_golden() -> None:
    """Write all golden screens anew."""
    shutil.rmtree(GOLDEN_SCREENS, ignore_errors=True)
    GOLDEN_SCREENS.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        worlds = Worlds(Path(folder))
        for name, world, columns, is_coloured in GOLDEN:
            text = screen_text(name, worlds.document(name, world), columns, is_coloured=is_coloured)
            golden(name, world, columns, is_coloured).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_golden()
