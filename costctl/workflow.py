"""What each verb does: one function a verb, from what was asked to the document that is printed.

Each opens what was asked about, fetches frames and hands them to the inner ring; what a step does is written
where it is done. The command line comes through here. Replay and statistics are imported by the verbs that
need them: compiled code takes a second to load, and ``ingest`` and ``sql`` do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import msgspec
import polars as pl

from costctl import __version__
from costctl.documents.analysis import Analysis
from costctl.documents.ingestion import SCHEMA_VERSION as INGEST_VERSION
from costctl.documents.ingestion import IngestReport, IngestTotals, SourceReport
from costctl.documents.policy import Policy
from costctl.documents.provenance import InputRecord, Provenance
from costctl.documents.recommendations import Recommendations
from costctl.documents.workload_map import SCHEMA_VERSION as MAP_VERSION
from costctl.documents.workload_map import WorkloadMap
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.ledger import Window
from costctl.observation import Observation, Question, instant_ns, observed
from costctl.progress import Progress
from costctl.segment.mix import class_mix
from costctl.store.database import open_store

if TYPE_CHECKING:
    from costctl.cost.frames import Frames
    from costctl.cost.pool_fit import PoolFits
    from costctl.documents.store_info import StoreInfo
    from costctl.store.upkeep import Pruned


@dataclass(frozen=True, slots=True)
class Emitted:
    """A consumer's file, and the manifest of what it carries: None where the file is the policy itself."""

    text: str
    manifest: str | None


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What is to be loaded, and how.

    mapping: of logs, a name or a TOML file; None to tell by their columns.  dialects: TOML files of attribute
    dialects.  since, until: RFC 3339.  wait_s: how long to wait for a store that another process holds.
    """

    paths: tuple[str, ...]
    store: Path
    mapping: str | None = None
    dialects: tuple[str, ...] = ()
    keep_content: bool = False
    since: str | None = None
    until: str | None = None
    wait_s: float = 0.0


def ingest(request: IngestRequest, progress: Progress) -> IngestReport:
    """Load the sources into the store; the report says what each gave, also those that were refused."""
    reader = _reader(request)
    with _writable(request, progress) as connection:
        sources = loader.ingest(connection, request.paths, reader, progress=progress)
        return _ingest_report(connection, sources)


def follow(request: IngestRequest, progress: Progress, *, is_stopped: Callable[[], bool]) -> IngestReport:
    """Load what files hold, and then what is written to them, until stopped."""
    from costctl.ingest.follow import follow_files

    reader = _reader(request)
    with _writable(request, progress) as connection:
        sources = follow_files(connection, request.paths, reader, progress=progress, is_stopped=is_stopped)
        return _ingest_report(connection, sources)


def _reader(request: IngestRequest) -> loader.Reader:
    window = Window(instant_ns(request.since, "--since"), instant_ns(request.until, "--until"))
    return loader.reader_for(
        mapping=request.mapping,
        dialects=request.dialects,
        keep_content=request.keep_content,
        window=window,
    )


def _writable(request: IngestRequest, progress: Progress) -> duckdb.DuckDBPyConnection:
    return open_store(request.store, wait_s=request.wait_s, waiting=_saying(progress))


def _ingest_report(connection: duckdb.DuckDBPyConnection, sources: tuple[SourceReport, ...]) -> IngestReport:
    digests = dict(connection.execute("SELECT uri, sha256 FROM sources WHERE sha256 IS NOT NULL").fetchall())
    inputs = tuple(
        InputRecord(each.uri, digests[each.uri], each.records) for each in sources if each.uri in digests
    )
    return IngestReport(
        schema_version=INGEST_VERSION,
        provenance=Provenance(__version__, inputs, None, None, {}, 0),
        sources=sources,
        totals=IngestTotals(
            spans=sum(each.spans for each in sources),
            rejected=sum(each.rejected for each in sources),
            duplicates=sum(each.duplicates for each in sources),
            outside=sum(each.outside for each in sources),
            refused_sources=sum(each.state == "refused" for each in sources),
            seconds=None,
        ),
    )


def store_info(path: Path, wait_s: float, progress: Progress) -> StoreInfo:
    """What the store holds."""
    from costctl.store.upkeep import store_info as info_of

    with open_store(path, read_only=True, wait_s=wait_s, waiting=_saying(progress)) as connection:
        return info_of(connection, path)


def prune_store(path: Path, before: str, wait_s: float, progress: Progress) -> Pruned:
    """Drop the traces that ended before the instant."""
    from costctl.store.upkeep import prune_before

    before_ns = instant_ns(before, "--before")
    with _existing(path, wait_s, progress) as connection:
        progress("Dropping old traces", None)
        return prune_before(connection, before_ns or 0)


def compact_store(path: Path, wait_s: float, progress: Progress) -> int:
    """Write the store anew; bytes saved."""
    from costctl.store.upkeep import compacted

    with _existing(path, wait_s, progress) as connection:
        progress("Writing the store anew", None)
        return compacted(connection, path)


def _existing(path: Path, wait_s: float, progress: Progress) -> duckdb.DuckDBPyConnection:
    """The store, to be changed; one that is missing is not made."""
    open_store(path, read_only=True, wait_s=wait_s, waiting=_saying(progress)).close()
    return open_store(path, wait_s=wait_s, waiting=_saying(progress))


def _saying(progress: Progress) -> Callable[[str], None]:
    return lambda said: progress(said, None)


def refuse_unusable(report: IngestReport) -> None:
    """Raise InputError if a source was refused; the others are loaded."""
    loader.require_usable(report.sources)


def propose_mapping(path: str) -> str:
    """A draft, as TOML, of how to read a log whose columns no mapping knows."""
    from costctl.ingest.propose import proposed_mapping

    return proposed_mapping(path)


def refuse_rejected(report: IngestReport) -> None:
    """Raise InputError if any record was rejected: what --strict asks for."""
    if report.totals.rejected:
        raise InputError(
            f"{report.totals.rejected:,} records were rejected.",
            why="--strict accepts none; the other records are loaded.",
            next_step="`costctl sql 'SELECT * FROM quarantine'` shows each record with its reason.",
        )


def select(query: str, question: Question, progress: Progress) -> pl.DataFrame:
    """The rows of a SELECT over the store and the relations."""
    with observed(question, progress) as observation:
        progress("Running the query", None)
        return observation.engine.query(query)


def segment(question: Question, progress: Progress) -> WorkloadMap:
    """The mix of classes, and the rules that took them."""
    with observed(question, progress) as observation:
        progress("Sorting requests into classes", None)
        requests = observation.engine.fetch("requests")
        classes = class_mix(requests, observation.engine.fetch("request_class"))
        return WorkloadMap(
            schema_version=MAP_VERSION,
            provenance=observation.provenance({"classes": "ordered rules, first match"}),
            requests=requests.height,
            classes=classes,
        )


def analyze(question: Question, progress: Progress) -> Analysis:
    """What each class costs, and how it behaves."""
    with observed(question, progress) as observation:
        frames = _frames(observation, progress)
        return _analysis(observation, frames, _fits(observation, frames, progress), progress)


def recommend(question: Question, progress: Progress) -> Recommendations:
    """What to change, what it saves and how sure that is."""
    with observed(question, progress) as observation:
        frames = _frames(observation, progress)
        return _recommendations(observation, frames, _fits(observation, frames, progress), progress)


def policy_for(question: Question, progress: Progress) -> Policy:
    """The routing policy that the traces of a question lead to."""
    from costctl.policy.document import build_policy, generated_from

    with observed(question, progress) as observation:
        frames = _frames(observation, progress)
        fits = _fits(observation, frames, progress)
        analysis = _analysis(observation, frames, fits, progress)
        recommendations = _recommendations(observation, frames, fits, progress)
        made_at = datetime.fromtimestamp(frames.window_to_ns // 1_000_000_000, tz=UTC)
        generated = generated_from(analysis.provenance, f"{made_at:%Y-%m-%dT%H:%M:%SZ}", None)
        return build_policy(analysis, recommendations, observation.config.settings, generated)


def emit(
    target: str, question: Question, *, policy_path: Path | None, backend: str | None, progress: Progress
) -> Emitted:
    """The policy as the file of a consumer. policy_path: a reviewed policy, else one is made from the store."""
    from costctl.policy.soundness import require_sound
    from costctl.policy.targets.catalogue import emission_of, require_target

    require_target(target)
    policy = policy_for(question, progress) if policy_path is None else _policy_at(policy_path)
    require_sound(policy)
    if target == "policy":
        return Emitted(_json(policy), None)
    emission = emission_of(target, policy, backend)
    return Emitted(emission.files[emission.main], _json(emission.manifest))


def check_policy(path: Path) -> tuple[str, ...]:
    """What is wrong with a policy file, one line a finding; empty if nothing is."""
    from costctl.policy.checks import check_policy as findings_in

    return tuple(f"{finding.pointer}: {finding.message}" for finding in findings_in(_policy_at(path)))


def _policy_at(path: Path) -> Policy:
    from costctl.policy.reading import policy_from_text

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Cannot read the policy {path}.", why=f"{error}.", next_step="Give a policy as JSON or YAML."
        ) from error
    return policy_from_text(text)


def _json(document: msgspec.Struct) -> str:
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n"


def _frames(observation: Observation, progress: Progress) -> Frames:
    from costctl.cost.frames import Frames

    fetched: dict[str, pl.DataFrame] = {}
    for name in Frames.RELATIONS:
        progress(f"Building {name}", None)
        fetched[name] = observation.engine.fetch(name)
    return Frames.of(fetched, observation.rejected_records)


def _fits(observation: Observation, frames: Frames, progress: Progress) -> PoolFits:
    from costctl.cost.pool_fit import fit_pools

    progress("Fitting service models", None)
    return fit_pools(frames, observation.config.settings)


def _analysis(observation: Observation, frames: Frames, fits: PoolFits, progress: Progress) -> Analysis:
    from costctl.cost.analysis import METHODS, build_analysis

    progress("Replaying for marginal cost", None)
    return build_analysis(
        frames, observation.config.settings, fits, observation.provenance(METHODS), observation.seed
    )


def _recommendations(
    observation: Observation, frames: Frames, fits: PoolFits, progress: Progress
) -> Recommendations:
    from costctl.recommend.document import METHODS, build_recommendations

    progress("Replaying candidate settings", None)
    return build_recommendations(
        frames, observation.config.settings, fits, observation.provenance(METHODS), observation.seed
    )
