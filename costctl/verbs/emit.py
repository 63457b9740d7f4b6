"""Policies: made from the traces, checked, and written as the file of a consumer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from costctl.documents.admission_accuracy import Matching
from costctl.documents.coverage import Carried
from costctl.documents.file_changes import FileChanges
from costctl.documents.policy import Policy
from costctl.errors import InputError, NotEnoughDataError
from costctl.grades import read_grades
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_of, fits_of, frames_of
from costctl.verbs.policy import contents_of, policy_at
from costctl.verbs.recommend import recommendations_in

if TYPE_CHECKING:
    from costctl.policy.document import Built


@dataclass(frozen=True, slots=True)
class Emitted:
    """A consumer's file, and the manifest of what it carries: None where the file is the policy itself.

    warnings: of the traces and settings that a policy was made from; none where it was given.  contents: what stands in
    the file, how many of what.  carried: the manifest in few words.  policy: what the file says.
    """

    text: str
    manifest: str | None
    warnings: tuple[str, ...] = ()
    contents: tuple[tuple[int, str], ...] = ()
    carried: Carried | None = None
    policy: Policy | None = None


def policy_for(question: Question, progress: Progress) -> Policy:
    """The routing policy that the traces of a question lead to."""
    return _made(question, progress)[0]


def _made(
    question: Question, progress: Progress, grades: Path | None = None, *, is_today: bool = False
) -> tuple[Policy, tuple[str, ...]]:
    """The policy, and the warnings of what it was made from. is_today: without any recommended change."""
    from costctl.policy.document import build_policy, generated_from
    from costctl.policy.routes import routes_of
    from costctl.scenario.today import platform_today

    graded = () if grades is None else read_grades(grades)
    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        fits = fits_of(observation, frames, progress)
        analysis = analysis_of(observation, frames, fits, progress)
        fits = fits_of(observation, frames, progress, with_untimed=True)
        recommendations = recommendations_in(observation, progress, graded)
        if is_today:
            recommendations = msgspec.structs.replace(recommendations, recommendations=())
        told = _told_at_admission(observation, progress)
        settings = observation.config.settings
        routes = routes_of(observation.engine.fetch("route_use"), settings)
        generated = generated_from(
            analysis.provenance, _instant(frames.window_from_ns), _instant(frames.window_to_ns)
        )
        built = build_policy(
            analysis,
            recommendations,
            settings,
            routes,
            generated,
            platform_today(fits, frames.window_from_ns),
            told,
        )
        return built.policy, (*analysis.provenance.warnings, *_left_out(built))


def _left_out(built: Built) -> tuple[str, ...]:
    """What the policy does not hold, one sentence each."""
    return (
        *(f"The policy does not carry {each.setting.key}: {each.reason}." for each in built.not_carried),
        *(
            f"The policy has no route for {name}: none of its calls ({calls:,}) was answered."
            for name, calls in built.unanswered.items()
        ),
    )


def _instant(ns: int) -> str:
    """A time in ns UTC as RFC 3339, to the second."""
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def _told_at_admission(observation: Observation, progress: Progress) -> Matching | None:
    """How well the classes can be told without their header; None where there are too few requests to say."""
    from costctl.segment.admission_accuracy import admission_accuracy

    progress("Evaluating admission rules", None)
    engine = observation.engine
    try:
        found = admission_accuracy(
            engine.fetch("admission_shape"), engine.fetch("request_class"), observation.seed
        )
    except NotEnoughDataError:
        return None
    return found.without_label


def sound_policy(
    question: Question,
    policy_path: Path | None,
    progress: Progress,
    grades: Path | None,
    *,
    is_today: bool = False,
) -> tuple[Policy, tuple[str, ...]]:
    """A reviewed policy, or the one that the traces lead to, and the warnings of what it was made from. is_today: what
    the traces show is done, without recommended changes. Raises InputError and InfeasibleError where it is not sound.
    """
    from costctl.policy.soundness import require_sound

    policy, warnings = (
        _made(question, progress, grades, is_today=is_today)
        if policy_path is None
        else (policy_at(policy_path), ())
    )
    require_sound(policy)
    return policy, warnings


def written_by(target: str, backend: str | None) -> str | None:
    """The format of the target's file; None where no suffix of a name says it.

    Raises UsageError for an unknown target.
    """
    from costctl.policy.targets.registry import form_of, require_target

    require_target(target, backend)
    return form_of(target)


def emit(
    target: str,
    question: Question,
    *,
    policy_path: Path | None,
    backend: str | None,
    progress: Progress,
    grades: Path | None = None,
    version: str | None = None,
    is_today: bool = False,
) -> Emitted:
    """The policy as the file of a consumer. policy_path: a reviewed policy, else one is made from the store, with a
    model that ``grades``, a file of what graders found, speaks for.  version: of the consumer, where it is installed.
    is_today: made without recommended changes.
    """
    from costctl.policy.carried import carried
    from costctl.policy.targets.registry import emission_of, require_target, require_version

    require_target(target, backend)
    if version is not None:
        require_version(target)
    policy, warnings = sound_policy(question, policy_path, progress, grades, is_today=is_today)
    if target == "policy":
        return Emitted(as_json(policy), None, warnings, contents_of(policy), policy=policy)
    emission = emission_of(target, policy, backend, version)
    return Emitted(
        emission.files[emission.main],
        as_json(emission.manifest),
        warnings,
        emission.contents,
        carried(emission.manifest, policy),
        policy,
    )


def changes_of_file(target: str, written: str, present: Path) -> FileChanges:
    """How a consumer's present file differs from the written text. Raises InputError where it cannot be read."""
    from costctl.policy.file_changes import file_changes
    from costctl.policy.targets.registry import reader_of

    try:
        return file_changes(present.read_text(encoding="utf-8"), written, reader_of(target))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{error}"
        raise InputError(
            f"Cannot compare with {present}.",
            why=f"{reason}.",
            next_step=f"Give --diff a file of the target {target}.",
        ) from error


def as_json(document: msgspec.Struct) -> str:
    """A document as JSON for people and machines."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n"
