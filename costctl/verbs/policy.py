"""A policy file, read and held to what a schema cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costctl.errors import InputError

if TYPE_CHECKING:
    from costctl.documents.policy import Policy


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: what is wrong, one line each; none if it is sound.  contents: what was checked, how many of what."""

    findings: tuple[str, ...]
    contents: tuple[tuple[int, str], ...]


def check_policy(path: Path) -> Checked:
    """A policy file and what is wrong with it. Raises InputError."""
    from costctl.policy.checks import check_policy as findings_in

    policy = policy_at(path)
    return Checked(
        tuple(f"{finding.pointer}: {finding.message}" for finding in findings_in(policy)), contents_of(policy)
    )


def contents_of(policy: Policy) -> tuple[tuple[int, str], ...]:
    """What stands in a policy: how many of what."""
    return (
        (len(policy.classes), "class"),
        (len(policy.backends), "backend"),
        (len(policy.lanes), "lane"),
        (len(policy.evidence), "fact"),
    )


def policy_at(path: Path) -> Policy:
    """The policy in a file, JSON or YAML. Raises InputError."""
    from costctl.policy.reading import policy_from_text

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Cannot read the policy {path}.", why=f"{error}.", next_step="Pass a policy as JSON or YAML."
        ) from error
    return policy_from_text(text)
