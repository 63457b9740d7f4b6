"""What is a consumer of policies? A name, and what writes its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costctl.documents.policy import Backend, Policy
from costctl.policy.ledger import Emission
from costctl.policy.merging.rules import MergeRules
from costctl.policy.reading import read_yaml
from costctl.policy.targets.enforced import OF_ITS_BACKEND, require_kept_nowhere, with_keeping
from costctl.policy.targets.versions import Emit, Versions, emission_for

Read = Callable[[str], Any]
Suits = Callable[[Backend], bool]


def is_own(backend: Backend) -> bool:
    """Whether a backend is a pool of one's own, and not a provider's."""
    return backend.pool is not None


@dataclass(frozen=True, slots=True)
class Target:
    """A consumer. write: the policy, and the backend to configure where one was named → its files; ``emit`` also holds
    them to what may be kept of data.

    keeps_nothing: by what it keeps no prompt and no answer, in a log or else, but what the policy sets; None where that
    is not known.

    takes_backend: its file is of one backend, which may be named; others are of all, and are given None.  suits: which
    backends such a file may be of.  read: such a
    file as dicts, lists and scalars, to compare two; raises ValueError. YAML, which JSON is too, where nothing is said.
    form: the format of its file, where the suffix of a name says it, such as yaml.  merging: what must be known to
    write into a file that is there; None where that cannot be done.  versions: what is known of those of the consumer;
    None where that is the one in its manifest.
    """

    name: str
    write: Emit
    takes_backend: bool = False
    suits: Suits = is_own
    read: Read = read_yaml
    form: str | None = None
    merging: MergeRules | None = None
    versions: Versions | None = None
    keeps_nothing: str | None = None

    def emit(self, policy: Policy, backend: str | None, version: str | None = None) -> Emission:
        """The files. version: of the consumer, of those that are known; None for the one in its manifest.

        Raises InfeasibleError where the consumer cannot enforce a required data boundary, as far as that is of what is
        kept; UsageError where nothing is known of the version; and what ``write`` raises.
        """
        kept = OF_ITS_BACKEND if self.takes_backend else self.keeps_nothing
        require_kept_nowhere(policy, self.name, kept)
        if version is None or self.versions is None:
            written = self.write(policy, backend)
        else:
            written = emission_for(self.write, self.versions, policy, backend, self.name, version)
        return with_keeping(policy, written, self.name, kept)
