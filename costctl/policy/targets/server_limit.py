"""What becomes of a limit of calls in progress, where a consumer counts them by server?

In: a limit of a backend, its pool, the consumer's words. Out: nothing; the ledger holds the entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import AtMost, Limit, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.reached_pools import ReachedPool

COUNTED: Final = ("per_replica", "per_backend")  # scopes that can be told by server


@dataclass(frozen=True, slots=True)
class ServerWords:
    """consumer: its name.  limited: where its file has the number.  unlimited: how its file says that there is none."""

    consumer: str
    limited: str
    unlimited: str


def say_server_limit(ledger: Ledger, here: str, limit: Limit, pool: ReachedPool, words: ServerWords) -> None:
    """The entry for a limit that is written as ``pool.per_server``. here: its pointer."""
    if isinstance(limit, Unlimited) and pool.per_server is not None:
        ledger.approximated(here, "Another model of the same servers has a limit.", words.limited)
    elif isinstance(limit, Unlimited):
        ledger.exact(here, words.unlimited)
    elif pool.per_server is None or not isinstance(limit, AtMost) or limit.scope not in COUNTED:
        ledger.unsupported(here, f"{words.consumer} counts by server: it needs a number per replica.")
    elif limit.scope == "per_replica":
        if limit.value != pool.per_server:
            ledger.rounded(f"{here}/value", limit.value, pool.per_server, words.limited)
        ledger.exact(here, words.limited)
    else:
        ledger.rounded(f"{here}/value", limit.value, pool.per_server, words.limited)
        ledger.approximated(here, "Shared by the servers.", words.limited)
