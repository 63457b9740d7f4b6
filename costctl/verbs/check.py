"""Whether gates are breached: the window is analysed, and held against costctl.toml and a baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from costctl.answers import kept_or_made
from costctl.config import LoadedConfig, lines_of_tables, load_config
from costctl.documents.analysis import Analysis
from costctl.documents.check import Check
from costctl.documents.estimate import Estimate
from costctl.documents.forecast import spend_of
from costctl.documents.gate_settings import Gate, SubjectKind, subjects_of
from costctl.documents.metrics import METRICS
from costctl.errors import NotEnoughDataError, UsageError
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.baseline import baseline_path, read_baseline, sampled_analysis
from costctl.verbs.forecast import forecast_in
from costctl.verbs.segment import workload_map_in

if TYPE_CHECKING:
    from costctl.gates.budgets import PeriodSpend
    from costctl.verbs.analyze import Analyzed


def check(
    question: Question, progress: Progress, baseline: Path | None = None, gates_from: Path | None = None
) -> Check:
    """Every gate of the settings. baseline: the file to compare with; ``baseline_path`` if None.  gates_from: a file
    whose gates are judged in place of those of the settings.

    Raises UsageError where the settings have no gates, or one is about a name that nobody has; InputError where a gate
    needs a baseline and the file cannot be used.
    """
    with observed(question, progress) as observation:
        config = observation.config if gates_from is None else load_config(gates_from, Path.cwd())
        gates = config.settings.gates
        if not gates:
            raise UsageError(
                "There are no gates to check.",
                why=f"{config.path.name if gates_from is not None else 'The configuration'} has no [[gates]]."
                if config.path
                else "There is no costctl.toml.",
                next_step='Add one to costctl.toml: [[gates]], then metric = "usd_per_success", class = "*" and '
                "max_increase = 0.05, each on a line. `costctl help configuration` shows every key.",
            )
        compared: tuple[str, Analysis] | None = None
        if baseline is not None or any(limit.is_change for gate in gates for limit in gate.limits):
            path = baseline or baseline_path(question.config)
            compared = (str(path), read_baseline(path))
        lines = _lines(config, len(gates))
        return kept_or_made(observation, progress, Check, _checked, compared, gates, _shown(config), lines)


def _checked(
    observation: Observation,
    progress: Progress,
    compared: tuple[str, Analysis] | None,
    gates: tuple[Gate, ...],
    shown: str,
    lines: tuple[int, ...],
) -> Check:
    from costctl.gates.check import METHODS, Baseline, Placed, build_check, overlap_warning
    from costctl.gates.measured import Documents

    made = sampled_analysis(observation, progress)
    baseline = None if compared is None else Baseline(*compared)
    _require_known(observation, gates, made.document, None if baseline is None else baseline.analysis)
    progress("Judging gates", None)
    overlap = () if baseline is None else overlap_warning(made.document, baseline.analysis)
    return build_check(
        Placed(gates, shown, lines),
        Documents(
            made.document, workload_map_in(observation, progress) if any(map(_needs_map, gates)) else None
        ),
        baseline,
        lambda gate: _spent(gate, made),
        _expected(observation, gates, made, progress),
        observation.provenance(METHODS).with_warnings((*made.document.provenance.warnings, *overlap)),
    )


def _expected(
    observation: Observation, gates: tuple[Gate, ...], made: Analyzed, progress: Progress
) -> Callable[[Gate], Estimate | None]:
    """What a budget a month is expected to come to, in all or of a class; None where too little was observed."""
    if not any(gate.is_budget and gate.per == "month" for gate in gates):
        return lambda _: None
    try:
        found = forecast_in(observation, progress)
    except NotEnoughDataError:
        return lambda _: None
    of_class = {each.request_class: each.month.usd for each in found.classes}

    def expected(gate: Gate) -> Estimate | None:
        spent = _spent(gate, made)
        if gate.per != "month" or spent is None or spent.period.from_[:10] != found.periods[0].from_[:10]:
            return None
        if gate.subject is None:
            return spend_of(found, "month").usd
        kind, name = gate.subject
        return of_class.get(name) if kind == "request_class" else None

    return expected


def _require_known(
    observation: Observation, gates: tuple[Gate, ...], document: Analysis, baseline: Analysis | None
) -> None:
    from costctl.behaviour.stages import KNOWN_STAGES
    from costctl.gates.known_names import is_among_others, observed_names, require_known

    settings = observation.config.settings
    names = observed_names(document)
    for kind, more in (observed_names(baseline) if baseline is not None else {}).items():
        names[kind] |= more
    rules = observation.engine.query("SELECT DISTINCT request_class FROM class_rules")["request_class"]
    names["request_class"] |= {*settings.classes, *rules.drop_nulls()}
    names["pool"] |= {*settings.pools}
    names["model"] |= {*(rate.model for rate in settings.prices.rates), *settings.prices.aliases}
    kinds: tuple[SubjectKind, ...] = ("tenant", "model")
    others = [kind for kind in kinds if is_among_others(document, kind)]
    require_known(gates, names, others, KNOWN_STAGES)


def _needs_map(gate: Gate) -> bool:
    """Whether the metric is in the map of the workload alone."""
    kind = None if gate.subject is None else gate.subject[0]
    return not gate.is_budget and kind not in subjects_of(METRICS[gate.metric or ""], ("analysis",))


def _spent(gate: Gate, made: Analyzed) -> PeriodSpend | None:
    from costctl.gates.budgets import spent_of_part, spent_of_whole
    from costctl.telemetry.stray_times import is_counted_from_zero

    frames, per = made.frames, gate.per or "month"
    starts = frames.requests["start_ns"].drop_nulls()
    last_ns = max(starts, default=frames.window_to_ns - 1)
    spent = (
        spent_of_whole(frames, made.document, per, last_ns)
        if gate.subject is None
        else spent_of_part(made.spending, *gate.subject, per, last_ns)
    )
    is_relative = is_counted_from_zero(frames.window_from_ns, frames.window_to_ns)
    return None if spent is None else replace(spent, is_dated=not is_relative)


def _shown(config: LoadedConfig) -> str:
    """The settings file as it is named from here."""
    path = config.path
    here = Path.cwd()
    if path is None:
        return ""
    whole = path if path.is_absolute() else here / path
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(path)


def _lines(config: LoadedConfig, count: int) -> tuple[int, ...]:
    """The line of each gate; of gates that are written inline, that of the first."""
    path = config.path
    found = () if path is None else lines_of_tables(path, "gates")
    return found if len(found) == count else (found[0] if found else 1,) * count
