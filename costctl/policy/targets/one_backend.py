"""Which backend is a file for that configures one of them?

In: a policy, the backend that was named, which ones the file is meant for. Out: the backend and its number.
"""

from __future__ import annotations

from collections.abc import Callable

from costctl.documents.policy import Backend, Policy
from costctl.errors import UsageError


def chosen_backend(
    policy: Policy, named: str | None, file: str, is_meant: Callable[[Backend], bool], which: str
) -> tuple[int, Backend]:
    """The backend that was named; where none was, the only one that the file is meant for. Raises UsageError where that
    leaves none or several.

    file: its name.  is_meant: whether the file is meant for a backend; which: the same in words, "that …".
    """
    by_id = {backend.id: (number, backend) for number, backend in enumerate(policy.backends)}
    meant = [name for name, (_, backend) in by_id.items() if is_meant(backend)]
    if named is None:
        if len(meant) == 1:
            return by_id[meant[0]]
    elif named in by_id:
        return by_id[named]
    why = (
        f"The policy does not have exactly one backend {which}."
        if named is None
        else f"There is no backend {named!r}."
    )
    raise UsageError(
        f"It is not clear which model the {file} is for.",
        why=why,
        next_step=f"Name one with --backend: {', '.join(sorted(meant or by_id))}.",
    )
