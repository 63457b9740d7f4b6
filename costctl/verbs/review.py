"""What came of earlier advice, and the setting that undoes one."""

from __future__ import annotations

from costctl.documents.review import Review, Undo
from costctl.errors import UsageError
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.promises import promises_in_store
from costctl.verbs.recommend import bought_study


def review(question: Question, progress: Progress) -> Review:
    """What was promised, what was delivered, what was not taken and what went away."""
    with observed(question, progress) as observation:
        return review_in(observation, progress)


def review_in(observation: Observation, progress: Progress) -> Review:
    """The same of traces that are open."""
    from costctl.recommend.bought.review.document import METHODS, build_review

    promises = promises_in_store(observation.engine)
    study = bought_study(observation, progress) if promises else None
    progress("Billing what came since under the old settings", None)
    return build_review(
        study, promises, observation.provenance(METHODS), is_weekly_asked=observation.is_extrapolating
    )


def undo(asked: str, question: Question, progress: Progress) -> Undo:
    """The settings that take back what was promised last under this id. Raises UsageError where nothing was."""
    from costctl.recommend.bought.review.promises import standing
    from costctl.recommend.bought.review.undo import undo_of

    with observed(question, progress) as observation:
        held = [each.promise for each in standing(promises_in_store(observation.engine))]
    named = [each for each in held if each.id == asked]
    if not named:
        raise UsageError(
            f"Nothing to undo under {asked}.",
            why=f"Kept in this store: {', '.join(dict.fromkeys(each.id for each in held)) or 'nothing'}.",
            next_step="`costctl recommend --review` lists what was advised, and what came of it.",
        )
    return undo_of(named[-1])
