"""What is asked about: the traces of a question in a store, with its settings and its time, as an engine.

In: a ``Question``. Out: an ``Observation``: an engine in which every relation can be built, the configuration, and
what is needed to say where a figure came from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from costctl import __version__
from costctl.basis import basis_of
from costctl.compiled import compiling
from costctl.config import DEFAULT_STORE, LoadedConfig, load_config
from costctl.documents.ingestion import SourceReport
from costctl.documents.loading import Loaded
from costctl.documents.provenance import InputRecord, Provenance
from costctl.documents.reject_codes import rejects_in_words
from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.protocol import Engine
from costctl.engine.small_tables import PRICE_TABLES, load_prices, load_settings
from costctl.errors import InputError, UsageError
from costctl.ingest.discretion import discretion_for
from costctl.ingest.loader import ingest, reader_for, require_something, require_usable
from costctl.observation_warnings import refuse_useless, warnings_of
from costctl.observed_window import bounds
from costctl.pricing.prices import OWN_RATES, PRICE_BOOK
from costctl.progress import Progress
from costctl.segment.rules import default_rules, load_rules
from costctl.store.asked_sources import look_at
from costctl.store.database import open_store
from costctl.store.kept import state_of
from costctl.store.waiting import saying

# Fields of a question that an answer rests on through what they came to: the content of the store and of the files, and
# instants; or not at all. Two questions that differ in any other field have different answers.
RESOLVED: Final = frozenset({"paths", "store", "config", "rules", "mapping", "since", "until", "last"})
NO_MATTER: Final = frozenset({"wait_s", "told"})


def refuse_unusable(loaded: Loaded) -> None:
    """Raise InputError where a source was refused."""
    require_usable(loaded.sources)


@dataclass(frozen=True, slots=True)
class Question:
    """What a verb was asked.

    paths: ingested first, into ``store``, or into a temporary store where none is named; the answer is about them.
    Without paths it is about all that the store holds.  since, until: RFC 3339 bounds on the start of requests, the end
    exclusive, or durations before now ("7d").  last: a duration before the last start among them.  prices_as_of: a
    day, "YYYY-MM-DD"; every call is priced as on that day instead of its own.  is_extrapolating: figures a week are
    given from less than a day of observation too.  wait_s: how long to wait for a store that another process holds.
    told: called with what was loaded, before the question is answered.
    """

    paths: tuple[str, ...] = ()
    store: Path | None = None
    config: Path | None = None
    rules: Path | None = None
    mapping: str | None = None
    since: str | None = None
    until: str | None = None
    last: str | None = None
    seed: int = 0
    prices_as_of: str | None = None
    is_extrapolating: bool = False
    wait_s: float = 0.0
    told: Callable[[Loaded], None] = field(default=refuse_unusable, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Observation:
    """An engine over the traces asked about, and where they and the settings came from.

    store: the file, None for a temporary one.  basis: a digest of all that an answer rests on; "" for a
    temporary store.
    """

    engine: Engine
    config: LoadedConfig
    inputs: tuple[InputRecord, ...]
    rejected_records: int
    seed: int
    prices_as_of: str | None = None
    is_extrapolating: bool = False
    store: Path | None = None
    basis: str = ""

    def provenance(self, methods: dict[str, str]) -> Provenance:
        """The provenance of a document that is made by ``methods`` (step → method)."""
        return Provenance(
            costctl_version=__version__,
            inputs=self.inputs,
            config_sha256=self.config.sha256,
            price_book=self._price_book(),
            methods=methods,
            seed=self.seed,
            warnings=warnings_of(self.engine, self.config.settings),
        )

    def _price_book(self) -> str:
        own = f"{OWN_RATES} of the settings, then " if self.config.settings.prices.rates else ""
        as_of = f", as of {self.prices_as_of}" if self.prices_as_of is not None else ""
        return own + PRICE_BOOK + as_of


@contextmanager
def observed(question: Question, progress: Progress, *, is_about_spans: bool = True) -> Iterator[Observation]:
    """The observation that a question is about; paths are ingested first. The store is closed at the end.

    is_about_spans: a store of which every record was rejected says nothing to it.

    Raises UsageError for settings that cannot be used, InputError for paths that cannot, StoreError for the store.
    """
    config = load_config(question.config, Path.cwd())
    rules = _rules(question.rules)
    asked = bounds(question.since, question.until, question.last)
    as_of = day_of(question.prices_as_of, "--prices-as-of")
    with compiling(lambda said: progress(said, None)), _connected(question, config, progress) as connection:
        engine = DuckDBEngine(connection)
        last_start_ns = None if question.last is None else _last_start_ns(connection)
        window = asked.window(last_start_ns)
        load_settings(engine, config.settings, rules, *window)
        refuse_useless(engine, config.settings, are_built_in=question.rules is None)
        engine.load_when_read(
            PRICE_TABLES, partial(_look_up_prices, engine, config.settings, as_of, progress)
        )
        inputs, rejected = _sources(connection)
        if is_about_spans and rejected:
            _require_spans(connection)
        yield Observation(
            engine,
            config,
            inputs,
            rejected,
            question.seed,
            question.prices_as_of,
            question.is_extrapolating,
            store=_file_of(question),
            basis=_basis(question, config, rules, window, _seen(connection)),
        )


@contextmanager
def _connected(
    question: Question, config: LoadedConfig, progress: Progress
) -> Iterator[duckdb.DuckDBPyConnection]:
    if question.paths and question.store is None:
        with (
            tempfile.TemporaryDirectory(prefix="costctl-") as folder,
            _opened(Path(folder) / "traces.duckdb", question, progress) as connection,
        ):
            question.told(_loaded(None, question, _load(connection, question, config, progress)))
            yield connection
        return
    store = question.store or DEFAULT_STORE
    if not question.paths:
        with _opened(store, question, progress, read_only=True) as connection:
            yield connection
        return
    with _opened(store, question, progress) as connection:
        sources = _load(connection, question, config, progress)
    with _opened(
        store, question, progress, read_only=True
    ) as connection:  # so that others may read it meanwhile
        others = look_at(connection, [each.source_id for each in sources if each.source_id is not None])
        question.told(_loaded(store, question, sources, others))
        yield connection


def _look_up_prices(engine: Engine, settings: Settings, as_of: date | None, progress: Progress) -> None:
    """Load the prices of what the traces call. They are looked up for the first figure that rests on them: which models
    are called is known only when every call is, and a kept answer needs to know neither.
    """
    progress("Looking up prices", None)
    load_prices(engine, settings, as_of)


def _file_of(question: Question) -> Path | None:
    """The store that stays; None for a temporary one."""
    if question.store is None and question.paths:
        return None
    return question.store or DEFAULT_STORE


def _basis(
    question: Question,
    config: LoadedConfig,
    rules: pl.DataFrame,
    window: tuple[int | None, int | None],
    seen: list[int],
) -> str:
    """To be asked while the store is open. seen: the sources that the answer is about, by number."""
    store = _file_of(question)
    if store is None:
        return ""
    resolved = {
        "store": state_of(store),
        "sources": seen,
        "settings": config.settings,
        "config": config.sha256,
        "rules": rules.rows(),
        "window": window,
    }
    return basis_of(question, RESOLVED | NO_MATTER, resolved)


def _opened(
    path: Path, question: Question, progress: Progress, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    return open_store(path, read_only=read_only, wait_s=question.wait_s, waiting=saying(progress))


def _loaded(
    store: Path | None, question: Question, sources: tuple[SourceReport, ...], others: int = 0
) -> Loaded:
    new_spans = sum(each.spans for each in sources)
    kept_in = None if store is None else str(store)
    return Loaded(kept_in, question.paths, sources, new_spans, others, question.mapping)


def _load(
    connection: duckdb.DuckDBPyConnection, question: Question, config: LoadedConfig, progress: Progress
) -> tuple[SourceReport, ...]:
    """What each source gave. Raises InputError where none could be used."""
    reader = reader_for(mapping=question.mapping, discretion=discretion_for(config.settings))
    sources = ingest(connection, question.paths, reader, progress=progress)
    require_something(sources)
    return sources


def _rules(path: Path | None) -> pl.DataFrame:
    if path is None:
        return default_rules()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read the class rules {path}.",
            why=f"{error}.",
            next_step="Pass a TOML file to --rules, or omit it to use the built-in rules.",
        ) from error
    return load_rules(text, str(path))


def _last_start_ns(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The last start that the store holds, ns UTC."""
    ((found,),) = connection.execute("SELECT MAX(start_ns) FROM spans").fetchall()
    return None if found is None else int(found)


def configured(path: Path | None) -> LoadedConfig:
    """The configuration of a question that needs no traces. Raises UsageError for settings that cannot be used."""
    return load_config(path, Path.cwd())


def day_of(text: str | None, option: str) -> date | None:
    """The day in the text; None where none was given. Raises UsageError. option: for the message."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"Invalid {option} {text!r}.", why=f"{error}.", next_step="Write a date, such as 2026-11-24."
        ) from error


def _require_spans(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise InputError where every record of every source was rejected."""
    if connection.execute(
        "SELECT 1 FROM spans UNION ALL SELECT 1 FROM sources WHERE outside > 0 LIMIT 1"
    ).fetchall():
        return
    if connection.execute("SELECT 1 FROM engine_readings LIMIT 1").fetchall():
        raise InputError(
            "The store has metrics of engines, and no calls.",
            why="Metrics tell how fast an engine is, not what it was asked, nor for whom.",
            next_step="Load traces or request logs of the same hours too. `costctl sql 'SELECT * FROM engine_samples'` "
            "shows what was read.",
        )
    codes = dict(connection.execute("SELECT code, COUNT(*) FROM quarantine GROUP BY code").fetchall())
    raise InputError(
        "The store has no spans.",
        why=f"All records of its sources were rejected: {rejects_in_words(codes)}.",
        next_step="`costctl sql 'SELECT * FROM quarantine'` shows each with its reason; load traces or logs.",
    )


def _seen(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute("SELECT source_id FROM sources ORDER BY source_id").fetchall()
    return [int(source) for (source,) in rows]


def _sources(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[InputRecord, ...], int]:
    rows = connection.execute("SELECT uri, sha256, records, rejected FROM sources ORDER BY ALL").fetchall()
    if not rows:
        raise InputError(
            "The store is empty.",
            why="No source has been loaded into it.",
            next_step="Run `costctl ingest PATH` first.",
        )
    return tuple(InputRecord(uri, sha256, records) for uri, sha256, records, _ in rows), sum(
        row[3] for row in rows
    )
