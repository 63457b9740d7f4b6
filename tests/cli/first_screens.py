"""The first screens of verbs, by the words of the command: what makes the document, and what shows it. Tests over all
screens read this table, so that a verb is added in one line.

Golden screens lie in ``screens/``. They are written anew, to be read before they are committed, by

    python -m tests.cli.first_screens
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

from costctl import verbs
from costctl.documents.ingestion import IngestReport
from costctl.observation import Question
from costctl.render import (
    admission_screen,
    analysis_screen,
    diagnosis_screen,
    difference_screen,
    explanation_screen,
    ingestion_screen,
    initialised,
    overview,
    portfolio_screen,
    price_screens,
    recommendation_screen,
    reconciliation_screen,
    review_screen,
    sessions_screen,
    simulation_screen,
    store_screen,
    taxonomy_screen,
    workload_screen,
)
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.sections import Section
from costctl.render.view import View
from tests.conftest import ROOT, unwatched
from tests.laws.worlds_with_gaps import traces_with_gaps

SCREENS: Final = Path(__file__).with_name("screens")
MOST_LINES: Final = 40
SMALL_TERMINAL: Final = 24
SAMPLE: Final = ROOT / "sample_traces"
SCENARIO: Final = verbs.ScenarioRequest(
    assignments=("pool.llm-premium.replicas=2", "class.chat.queue.limit=5000")
)
AS_OF: Final = "2026-11-24"


@dataclass(frozen=True, slots=True)
class World:
    """Traces that screens are of: a question about their store, and what was said when they were loaded."""

    question: Question
    loaded: IngestReport

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.question.store or Path()

    def first_name(self, query: str) -> str:
        """The first value that a query finds; nothing where it finds none."""
        return str(next(iter(verbs.sql(query, self.question, unwatched).rows.to_series()), ""))


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """make: the document. screen: the sections of the default view.

    is_fitted: its figures differ in their last digits from machine to machine.  most_lines: in the sample.
    """

    make: Callable[[World], Any]
    screen: Callable[[Any, View], list[Section]]
    is_fitted: bool = False
    most_lines: int = SMALL_TERMINAL


def _asked(verb: Callable[..., Any], *more: Any) -> Callable[[World], Any]:
    """What a verb says that is asked a question."""
    return lambda world: verb(world.question, *more, unwatched)


def _explained(query: str) -> Callable[[World], Any]:
    """The explanation of what a query names."""
    return lambda world: verbs.explain(world.first_name(query), world.question, unwatched)


_LONGEST: Final = "SELECT trace_id FROM requests ORDER BY calls DESC, trace_id LIMIT 1"
_MOST_CALLED: Final = """
SELECT request_class FROM calls JOIN request_class ON calls.request_id = request_class.request_id
GROUP BY request_class ORDER BY COUNT(*) DESC, request_class LIMIT 1
"""
FIRST_SCREENS: Final = {
    "costctl": FirstScreen(lambda world: verbs.overview(world.store, unwatched), overview.screen),
    "init": FirstScreen(_asked(verbs.init), initialised.screen),
    "ingest": FirstScreen(lambda world: world.loaded, ingestion_screen.screen),
    "analyze": FirstScreen(_asked(verbs.analyze), analysis_screen.screen),
    "doctor": FirstScreen(_asked(verbs.doctor), diagnosis_screen.screen),
    "segment": FirstScreen(_asked(verbs.segment), workload_screen.screen),
    "segment --admission": FirstScreen(_asked(verbs.segment_admission), admission_screen.screen),
    "segment --learn": FirstScreen(_asked(verbs.segment_learn), taxonomy_screen.screen),
    "segment --sessions": FirstScreen(_asked(verbs.segment_sessions), sessions_screen.screen),
    "recommend": FirstScreen(_asked(verbs.recommend), recommendation_screen.screen, is_fitted=True),
    # screens that say all there is of one thing are longer
    "recommend --show": FirstScreen(
        lambda world: verbs.recommend(world.question, unwatched, "1"),
        recommendation_screen.shown_screen,
        is_fitted=True,
        most_lines=MOST_LINES,
    ),
    "recommend --portfolio": FirstScreen(_asked(verbs.portfolio), portfolio_screen.screen, is_fitted=True),
    "recommend --review": FirstScreen(_asked(verbs.review), review_screen.screen),
    "simulate": FirstScreen(
        _asked(verbs.simulate, verbs.ScenarioRequest()), simulation_screen.screen, is_fitted=True
    ),
    "simulate --set": FirstScreen(_asked(verbs.simulate, SCENARIO), simulation_screen.screen, is_fitted=True),
    "reconcile": FirstScreen(
        lambda world: verbs.reconcile([str(SAMPLE / "bills")], world.question, unwatched),
        reconciliation_screen.screen,
    ),
    "explain CLASS": FirstScreen(_explained(_MOST_CALLED), explanation_screen.screen, most_lines=MOST_LINES),
    "explain ID": FirstScreen(_explained(_LONGEST), explanation_screen.screen, most_lines=MOST_LINES),
    "diff": FirstScreen(
        lambda world: verbs.diff(None, None, world.question, unwatched), difference_screen.screen
    ),
    "store info": FirstScreen(
        lambda world: verbs.store_info(world.store, 0.0, unwatched), store_screen.screen
    ),
    "prices list": FirstScreen(
        lambda world: verbs.list_prices(world.question.config, AS_OF, None), price_screens.list_screen
    ),
    "prices verify": FirstScreen(
        lambda world: verbs.verify_prices(world.question.config, world.store, AS_OF),
        price_screens.check_screen,
    ),
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
    *(("recommend", "sample", width, False) for width in (80, 100, 120)),
    ("recommend", "shop", 80, False),
    ("recommend --show", "sample", 80, False),
    ("recommend --portfolio", "sample", 80, False),
    ("recommend --portfolio", "shop", 80, False),
    ("simulate", "sample", 80, False),
    *(("simulate --set", "sample", width, False) for width in (80, 100, 120)),
    ("simulate --set", "sample", 100, True),
    ("explain CLASS", "sample", 80, False),
    ("explain CLASS", "shop", 100, False),
    ("explain ID", "sample", 80, False),
    ("explain ID", "shop", 120, True),
    ("diff", "sample", 80, False),
    ("diff", "shop", 100, False),
    ("ingest", "sample", 80, False),
    ("prices verify", "spend", 80, False),
    ("reconcile", "spend", 80, False),
)


def golden(verb: str, world: str, columns: int, is_coloured: bool) -> Path:
    """The file of a golden screen."""
    colour = ".colour" if is_coloured else ""
    name = verb.replace(" --", "-").replace(" ", "-").lower()
    return SCREENS / f"{name}.{world}.{columns}{colour}.txt"


def screen_text(verb: str, document: Any, columns: int, *, is_coloured: bool = False) -> str:
    """What the default view of a verb prints, plain as into a pipe, or in colour as on a terminal."""
    view = View(is_terminal=is_coloured)
    with terminal(columns, is_coloured=is_coloured):
        return rendered(
            document,
            TabularFormat.TABLE,
            lambda shown: FIRST_SCREENS[verb].screen(shown, view),
            lambda _: "",
            is_brief=True,
        )


@contextlib.contextmanager
def terminal(columns: int, *, is_coloured: bool = False) -> Iterator[None]:
    """The environment of a terminal so wide."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    colour = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": ""} if is_coloured else {}
    with mock.patch.dict(os.environ, {**kept, "COLUMNS": str(columns), **colour}, clear=True):
        yield


class Worlds:
    """Documents of the sample (pools), of a shop that buys tokens, of a gateway's spend log, and of a small world whose
    telemetry has gaps.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = cache(self._world)
        self.document = cache(self._document)

    def _document(self, verb: str, world: str) -> Any:
        return FIRST_SCREENS[verb].make(self.world(world))

    def _world(self, name: str) -> World:
        store = self.folder / f"{name}.duckdb"
        match name:
            case "sample":
                return world_of(SAMPLE / "requests.jsonl.gz", store, SAMPLE / "costctl.toml")
            case "spend":
                return world_of(SAMPLE / "gateway_spend.jsonl", store, SAMPLE / "costctl.toml")
            case "shop":
                made = self.folder / "shop"
                verbs.synth("shop", 0, made, "otlp", unwatched)
                return world_of(made / "requests.jsonl.gz", store, made / "costctl.toml")
            case _:
                none = self.folder / "none.toml"
                none.write_text("internet_usd_per_gb_egress = 0.09\n", encoding="utf-8")
                return world_of(traces_with_gaps(self.folder, 2, is_api=True), store, none)


def world_of(traces: Path, store: Path, config: Path) -> World:
    """Traces in a new store. They are named as in their folder: a golden screen names no folder of one machine."""
    with contextlib.chdir(traces.parent):
        loaded = verbs.ingest(verbs.IngestRequest((traces.name,), store), unwatched)
    return World(Question(store=store, config=config), loaded)


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
