"""costctl from Python: which traces are looked at, and what is made of them.

In: the path of a store, and what a verb of the command line takes as options. Out: documents, as ``--format json``
prints them. The verbs are methods of a ``Store``: ``costctl.ingest``, ``costctl.simulate`` and others are packages.

What the methods need is imported when they are called, so that ``import costctl`` takes no time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from costctl.api_weekly import AnyPath, Weekly, warn
from costctl.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from costctl.documents.admission_accuracy import AdmissionAccuracy
    from costctl.documents.analysis import Analysis
    from costctl.documents.bill import IdleTreatment
    from costctl.documents.diagnosis import Diagnosis
    from costctl.documents.explanation import Explanation
    from costctl.documents.ingestion import IngestReport
    from costctl.documents.portfolio import Portfolio
    from costctl.documents.prices import Prices
    from costctl.documents.recommendations import Recommendations
    from costctl.documents.sessions import Sessions
    from costctl.documents.simulation import Simulation
    from costctl.documents.store_info import StoreInfo
    from costctl.documents.taxonomy import Taxonomy
    from costctl.documents.workload_map import WorkloadMap
    from costctl.finance.focus_column import FocusVersion
    from costctl.verbs import Emitted


@dataclass(frozen=True, slots=True)
class FocusLines:
    """Charges under the columns of FOCUS, one row per day, resource, class and tenant.

    notes: what is not in the lines, such as usage that has no price.
    """

    lines: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Store(Weekly):
    """The traces of a store in a window of time, with the settings and prices by which they are looked at.

    ``open_store`` makes one. It holds no connection: each method opens the file and closes it. Methods raise
    CostctlError: UsageError, InputError, NotEnoughDataError, InfeasibleError or StoreError.
    """

    def ingest(
        self,
        *paths: AnyPath,
        mapping: str | None = None,
        dialects: tuple[AnyPath, ...] = (),
        keep_content: bool = False,
        since: str | None = None,
        until: str | None = None,
        last: str | None = None,
        strict: bool = False,
    ) -> IngestReport:
        """Load traces and logs (files, directories, globs, s3:// or gs:// URIs); what is there already adds nothing.

        since, until, last: bounds on the start of spans; the window of this store does not matter here.
        strict: rejected records are an error, and so are files that were skipped since they are no telemetry.

        Raises InputError where a source cannot be used, after the others are loaded; for a path that does not exist,
        before anything is.
        """
        from costctl import verbs

        report = verbs.ingest(
            verbs.IngestRequest(
                paths=tuple(str(path) for path in paths),
                store=self.path,
                mapping=mapping,
                dialects=tuple(str(path) for path in dialects),
                keep_content=keep_content,
                since=since,
                until=until,
                last=last,
                wait_s=self.wait_s,
                config=self.config,
            ),
            self.progress,
        )
        self._recorded("ingest", "ingest", report)
        verbs.refuse_unusable(report, is_strict=strict)
        if strict:
            verbs.refuse_rejected(report)
        return report

    def doctor(self) -> Diagnosis:
        """Missing telemetry, its impact, and what to add."""
        from costctl import verbs

        return verbs.doctor(self._question(), self.progress)

    def segment(self) -> WorkloadMap:
        """The workload by class: traffic, time, bottlenecks, objectives."""
        from costctl import verbs

        return verbs.segment(self._question(), self.progress)

    def segment_learn(self) -> Taxonomy:
        """Classes and rules proposed from the traces."""
        from costctl import verbs

        return verbs.segment_learn(self._question(), self.progress)

    def segment_admission(self) -> AdmissionAccuracy:
        """How accurately a gateway can classify requests on arrival."""
        from costctl import verbs

        return verbs.segment_admission(self._question(), self.progress)

    def segment_sessions(self) -> Sessions:
        """Steps per task, loops, and cost per completed task and session."""
        from costctl import verbs

        return verbs.segment_sessions(self._question(), self.progress)

    def analyze(self, *, idle: IdleTreatment = "separate", by: str | Sequence[str] = ()) -> Analysis:
        """Cost and latency per request class. idle: idle cost as a row of the bill, shared by usage, or omitted.

        by: what else than model, provider and tenant the bill is split by, in ``cuts``: team, key, route, day, hour,
        class, or an attribute of calls or requests, such as "attr:app.version".
        """
        from costctl import verbs

        cuts = (by,) if isinstance(by, str) else tuple(by)
        return self._recorded(
            "analysis", "analyze", verbs.analyze(self._question(), self.progress, idle, cuts)
        )

    def simulate(
        self,
        settings: Mapping[str, object] | None = None,
        *,
        policy: AnyPath | None = None,
        load: float = 1.0,
        failures: str | Sequence[str] = (),
    ) -> Simulation:
        """The recorded requests replayed under other settings, beside a replay of today.

        settings: such as {"pool.gpu.replicas": 3, "class.chat.queue.max_wait": 2.0}; they override the policy. Values
        are in the unit of the setting, durations in seconds, None for no limit, several pools as a tuple; or text, as
        on the command line. {each.key: each.to for each in advice.change} is what ``recommend`` advises.
        load: relative to the recorded load.  failures: such as "gpu:2@14:00-14:30" (UTC).
        """
        from costctl import verbs

        request = verbs.ScenarioRequest(
            policy=None if policy is None else Path(policy),
            settings=settings or {},
            load=load,
            failures=(failures,) if isinstance(failures, str) else tuple(failures),
        )
        return verbs.simulate(self._question(), request, self.progress)

    def recommend(
        self,
        *,
        show: str | None = None,
        grades: AnyPath | None = None,
        extrapolate: bool = False,
        keep: bool = True,
    ) -> Recommendations:
        """Changes with savings and confidence. grades: a file of what graders found of models, as ``costctl recommend
        --grades`` takes it.  extrapolate: figures per week from less than a day of traces too.

        show: one recommendation only, by its number or id; it is looked at, and nothing is kept.  keep: what is
        recommended is kept in the store with what it promises, for ``review``; where that cannot be, a warning says
        why, and the document is the same.

        Raises UsageError where there is none of that name, InputError for grades that cannot be used.
        """
        from costctl import verbs

        question = self._question(is_extrapolating=extrapolate)
        document = verbs.recommend(question, self.progress, show, None if grades is None else Path(grades))
        if keep and show is None:
            warn(verbs.keep_promises(question, document))
        return self._recorded("recommendation", "recommend", document)

    def portfolio(self, *, grades: AnyPath | None = None, extrapolate: bool = False) -> Portfolio:
        """What each class is for, what serves it, what is proposed and what that is worth: the recommendations as one
        table by class. It is looked at, and nothing is kept. grades, extrapolate: as in ``recommend``.
        """
        from costctl import verbs

        question = self._question(is_extrapolating=extrapolate)
        return verbs.portfolio(question, self.progress, None if grades is None else Path(grades))

    def emit(
        self,
        target: str,
        *,
        policy: AnyPath | None = None,
        backend: str | None = None,
        extrapolate: bool = False,
        grades: AnyPath | None = None,
        consumer_version: str | None = None,
    ) -> Emitted:
        """The routing policy as the text of a gateway's or server's config, with its coverage manifest.

        target: a consumer, or "policy" for the document itself; the error of an unknown name lists all.  policy: a
        reviewed document; derived from the traces if None.  backend: which one to configure, where the target's file
        is of one.  extrapolate, grades: as in ``recommend``.  consumer_version: the one that is installed; the newest
        that is known if None.
        """
        from costctl import verbs

        reviewed = None if policy is None else Path(policy)
        emitted = verbs.emit(
            target,
            self._question(is_extrapolating=extrapolate),
            policy_path=reviewed,
            backend=backend,
            progress=self.progress,
            grades=None if grades is None else Path(grades),
            version=consumer_version,
        )
        if emitted.policy is not None:
            inputs, output = verbs.policy_given(emitted.policy, reviewed)
            done = verbs.Done("emit", ("emit",), inputs=inputs, outputs=(output,), caller="python")
            warn(verbs.record(self.path, self.config, done))
        return emitted

    def export(
        self,
        *,
        focus_version: FocusVersion = "1.4",
        idle: Literal["separate", "weighted"] = "separate",
        tenants: Literal["hashed", "plain"] = "hashed",
    ) -> FocusLines:
        """Charges as FOCUS lines. idle: idle cost as separate lines, or shared among classes by usage."""
        from costctl import verbs
        from costctl.render.exported import focus_columns

        found = verbs.export(
            self._question(), self.progress, tenants=tenants, is_idle_spread=idle == "weighted"
        )
        return FocusLines(focus_columns(found.focus, focus_version), found.focus.notes)

    def explain(self, name: str) -> Explanation:
        """One request (its trace id or the first digits, or TRACE_ID:SPAN_ID) or one class: rules, stages, charges."""
        from costctl import verbs

        return verbs.explain(name, self._question(), self.progress)

    def sql(self, query: str) -> pl.DataFrame:
        """The rows of a read-only query over the store and all relations."""
        from costctl import verbs

        return verbs.sql(query, self._question(), self.progress).rows

    def info(self) -> StoreInfo:
        """What the store contains, by source; of all time."""
        from costctl import verbs

        return verbs.store_info(self.path, self.wait_s, self.progress)


def open_store(
    path: AnyPath = "costctl.duckdb",
    *,
    config: AnyPath | None = None,
    rules: AnyPath | None = None,
    since: str | None = None,
    until: str | None = None,
    last: str | None = None,
    prices_as_of: str | None = None,
    seed: int = 0,
    wait_s: float = 0.0,
    progress: Progress = silent,
) -> Store:
    """A store, whose methods are the verbs. ``ingest`` creates the file where it is missing.

    config: a costctl.toml; the nearest in this or a parent directory if None.  rules: a TOML file with class rules.
    since, until: only requests that started in between, as RFC 3339 (UTC if no zone) or an age such as "7d"; until is
    exclusive.  last: only those of the last "7d", counted back from the latest request in the store.  prices_as_of: a
    day, "YYYY-MM-DD", as of which every call is priced; its own day if None.  wait_s: how long to wait, in seconds, for
    a store that another process has locked.  progress: called with the step, the part that is done (or None) and a
    detail.
    """
    return Store(
        path=Path(path),
        config=None if config is None else Path(config),
        rules=None if rules is None else Path(rules),
        since=since,
        until=until,
        last=last,
        prices_as_of=prices_as_of,
        seed=seed,
        wait_s=wait_s,
        progress=progress,
    )


def check_policy(path: AnyPath) -> tuple[str, ...]:
    """The problems of a policy document, JSON or YAML; empty if it is sound. Raises InputError."""
    from costctl import verbs

    return verbs.check_policy(Path(path)).findings


def list_prices(
    *, as_of: str | None = None, model: str | None = None, config: AnyPath | None = None
) -> Prices:
    """Token prices by model: those of the config first, then the price book.

    as_of: a day, "YYYY-MM-DD"; today if None.  model: only models whose name contains this text.
    """
    from costctl import verbs

    return verbs.list_prices(None if config is None else Path(config), as_of, model)
