"""A policy file, read and held to what a schema cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from costctl.errors import InputError

if TYPE_CHECKING:
    from costctl.documents.policy import Policy


def check_policy(path: Path) -> tuple[str, ...]:
    """What is wrong with a policy file, one line a finding; empty if nothing is."""
    from costctl.policy.checks import check_policy as findings_in

    return tuple(f"{finding.pointer}: {finding.message}" for finding in findings_in(policy_at(path)))


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
