"""A policy file, read and held to what a schema cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import to_builtins

from costctl.documents.policy_difference import PolicySide
from costctl.documents.policy_explanation import PolicyExplanation
from costctl.documents.policy_verification import SCHEMA_VERSION, PolicyVerification
from costctl.errors import InputError, NotEnoughDataError
from costctl.observation import Question, observed
from costctl.policy.pointers import policy_digest
from costctl.progress import Progress

if TYPE_CHECKING:
    from costctl.documents.policy import Policy
    from costctl.documents.policy_difference import PolicyDifference


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: what is wrong, one line each; none if it is sound.  contents: what was checked, how many of what.
    boundaries: where data may go, in words.
    """

    findings: tuple[str, ...]
    contents: tuple[tuple[int, str], ...]
    boundaries: str


def check_policy(path: Path) -> Checked:
    """A policy file and what is wrong with it. Raises InputError."""
    policy = policy_at(path)
    return checked(policy)


def policy_diff(base: Path, new: Path) -> PolicyDifference:
    """How a policy file, or the policy of a bundle, differs from another. Raises InputError."""
    from costctl.policy.difference import policy_difference

    return policy_difference(policy_at(base), policy_at(new), (str(base), str(new)))


def policy_explain(path: Path, asked: str | None) -> PolicyExplanation:
    """What a class, a backend, a setting or all of a policy says, and why. Raises InputError, UsageError."""
    from costctl.policy.explanation import policy_explanation

    return policy_explanation(policy_at(path), asked, str(path))


def boundaries_of(policy: Policy) -> str:
    """Which data boundaries the classes of a policy have, in words."""
    from costctl.policy.setting_words import in_words

    names: dict[str, list[str]] = {}
    for kind in policy.classes:
        said = (
            "none"
            if kind.data_boundary is None
            else in_words("data_boundary", to_builtins(kind.data_boundary))
        )
        names.setdefault(said, []).append(kind.id)
    if len(names) == 1:
        return f"{next(iter(names))}, for every class"
    return "; ".join(f"{said} for {', '.join(kinds)}" for said, kinds in names.items())


def policy_verify(policy: Path, question: Question, progress: Progress) -> PolicyVerification:
    """Which calls of the traces broke a policy. Raises InputError and InfeasibleError where it is not sound,
    NotEnoughDataError where there are no calls.
    """
    from costctl.policy.soundness import require_sound
    from costctl.policy.verification import verified

    asked = policy_at(policy)
    require_sound(asked)
    with observed(question, progress) as observation:
        calls = observation.engine.fetch("call_route")
        if calls.height == 0:
            raise NotEnoughDataError(
                "There are no calls to hold the policy to.",
                why="No record of the traces is of a call to a model.",
                next_step="See what was found with `costctl doctor`.",
            )
        progress("Holding calls to the policy", None)
        found = verified(asked, calls)
        return PolicyVerification(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance({}),
            policy=PolicySide(str(policy), asked.policy_id, policy_digest(asked)),
            calls=found.calls,
            unmatched=found.unmatched,
            first_unmatched=found.first_unmatched,
            rules=found.rules,
        )


def checked(policy: Policy) -> Checked:
    """What is wrong with a policy, and what is in it."""
    return Checked(findings_of(policy), contents_of(policy), boundaries_of(policy))


def findings_of(policy: Policy) -> tuple[str, ...]:
    """What is wrong with a policy, one line each."""
    from costctl.policy.checks import check_policy as findings_in

    return tuple(f"{finding.pointer}: {finding.message}" for finding in findings_in(policy))


def contents_of(policy: Policy) -> tuple[tuple[int, str], ...]:
    """What stands in a policy: how many of what."""
    return (
        (len(policy.classes), "class"),
        (len(policy.backends), "backend"),
        (len(policy.lanes), "lane"),
        (len(policy.evidence), "fact"),
    )


def policy_at(path: Path) -> Policy:
    """The policy in a file, JSON or YAML, or in the folder of a bundle. Raises InputError, also where the bundle's own
    digest of it is another.
    """
    from costctl.policy.bundle import POLICY
    from costctl.policy.bundle_check import require_unchanged
    from costctl.policy.reading import policy_from_text

    file = path / POLICY if path.is_dir() else path
    try:
        content = file.read_bytes()
        if file is not path:
            require_unchanged(POLICY, content, _sums_in(path), str(path))
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "It is not UTF-8"
        raise InputError(
            f"Cannot read the policy {file}.",
            why=f"{reason}.",
            next_step="Pass a policy as JSON or YAML, or the folder of a bundle.",
        ) from error
    return policy_from_text(text, str(path))


def _sums_in(folder: Path) -> bytes | None:
    """The digests of a bundle; None where the folder has none."""
    from costctl.policy.bundle import SUMS

    path = folder / SUMS
    return path.read_bytes() if path.is_file() else None
