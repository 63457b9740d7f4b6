"""``costctl policy plan``: the steps from one policy to another, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from costctl.documents.policy import Policy
from costctl.errors import InfeasibleError, InputError, UsageError
from costctl.verbs.baseline import baseline_path, read_baseline
from costctl.verbs.policy import policy_at

if TYPE_CHECKING:
    from costctl.rollout.plan import Baseline, Planned

CONTENTS: Final = "plan.json"
_MOST: Final = 1.0


def policy_plan(
    new: Path,
    base: Path | None,
    *,
    baseline: Path | None,
    config: Path | None,
    change: float,
    drop: float,
) -> Planned:
    """The plan from the policy in force to a newer one. baseline: what ``baseline save`` wrote; None for the file
    beside costctl.toml, if there is one.  change, drop: the smallest to see, as ratios.

    Raises InputError and InfeasibleError for a policy that is not sound, UsageError where the base is not named.
    """
    from costctl.policy.bundle import as_text
    from costctl.rollout.plan import plan
    from costctl.rollout.watch import Sizes

    if base is None:
        raise UsageError(
            "A plan needs the policy that is in force now.",
            why="A policy says what is to be done, and not what was done before it.",
            next_step="Name it with --from BASE. `costctl emit --target policy --today -o today.json` writes what the "
            "traces show is done today.",
        )
    if not 0.0 < change <= _MOST or not 0.0 < drop < _MOST:
        raise UsageError(
            "--change and --drop are ratios above 0 and up to 1.",
            why="They say how small a change must still be seen.",
            next_step="Write 0.1 for 10%.",
        )
    found = plan(
        _sound(base), _sound(new), (str(base), str(new)), _baseline(baseline, config), Sizes(change, drop)
    )
    found.files[CONTENTS] = as_text(found.document)
    return found


def is_plan(path: Path) -> bool:
    """Whether a path is the folder of a plan."""
    return (path / CONTENTS).is_file()


def _sound(path: Path) -> Policy:
    from costctl.policy.soundness import require_sound

    policy = policy_at(path)
    try:
        require_sound(policy)
    except (InputError, InfeasibleError) as error:
        raise type(error)(f"{path}: {error.what}", why=error.why, next_step=error.next_step) from error
    return policy


def _baseline(named: Path | None, config: Path | None) -> Baseline | None:
    from costctl.rollout.plan import Baseline

    path = named or baseline_path(config)
    if named is None and not path.is_file():
        return None
    return Baseline(str(path), read_baseline(path))
