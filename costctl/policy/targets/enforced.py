"""Does a consumer keep no more of a class's data than its boundary allows? One answer for every target.

In: a policy, what a target wrote, by what the target says that it keeps nothing. Out: the emission, with an entry for
each term of a boundary that is of keeping; or a refusal. Where data goes is the target's own; what a backend keeps was
held to the boundary with the policy.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from costctl.documents.coverage import Entry, Exact, NotApplicable, Unsupported
from costctl.documents.policy import Policy, PolicyClass
from costctl.errors import InfeasibleError
from costctl.levers.boundary import limits_keeping
from costctl.policy.keeping import relies_on_calls
from costctl.policy.ledger import Emission

OF_ITS_BACKEND: Final = "what the server keeps is declared of its backend, and within the boundary"
_TERMS: Final = ("cacheable_us", "logging", "retention_us", "batch")
_BATCH: Final = "no setting of the file sells its calls as a batch"


def require_kept_nowhere(policy: Policy, consumer: str, kept: str | None) -> None:
    """Raise InfeasibleError where a required boundary limits what is kept, and it is not known what the consumer keeps.
    kept: by what it keeps nothing.
    """
    kind = next((each for each in policy.classes if _limits(each)), None)
    if kind is not None and kept is None:
        raise InfeasibleError(
            f"{consumer} cannot keep {kind.id} within its required data boundary.",
            why="The boundary limits how long data may be kept, and no setting of that file makes sure that the "
            "consumer logs and keeps none of it.",
            next_step="Emit the policy for a gateway that keeps nothing, or send that class round this consumer.",
        )


def with_keeping(policy: Policy, emission: Emission, consumer: str, kept: str | None) -> Emission:
    """The emission with what enforces each term of keeping. Raises InfeasibleError where a required boundary rests on
    calls that do not ask for their prompts to be kept, and the file does not make sure of that.
    """
    entries = {entry.pointer: entry for entry in emission.manifest.entries}
    backends = {each.id: each for each in policy.backends}
    for number, kind in enumerate(policy.classes):
        boundary, here = kind.data_boundary, f"/classes/{number}"
        if boundary is None or not limits_keeping(boundary):
            continue
        if relies_on_calls(boundary, kind, backends):
            _require_unasked(kind, consumer, entries.get(f"{here}/prompt_cache/keep"))
        for term in _TERMS:
            pointer = f"{here}/data_boundary/{term}"
            if pointer in entries:
                entries[pointer] = _entry(pointer, term, kept)
    manifest = replace(emission.manifest, entries=tuple(entries.values()))
    return Emission(emission.files, manifest, emission.main, emission.contents)


def _limits(kind: PolicyClass) -> bool:
    boundary = kind.data_boundary
    return boundary is not None and boundary.enforcement == "required" and limits_keeping(boundary)


def _require_unasked(kind: PolicyClass, consumer: str, said: Entry | None) -> None:
    """A class of which nothing may be kept, at a provider that keeps what it is asked to."""
    is_required = kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
    if is_required and not isinstance(said, Exact | NotApplicable):
        raise InfeasibleError(
            f"{consumer} cannot keep {kind.id} within its required data boundary.",
            why="Its provider keeps the prompts of calls that ask for it, and this file cannot make sure that none "
            "does.",
            next_step="Serve the class where no prompt is kept (keeps.prompt_cache of its pool or provider), or let "
            "prompts of its data be kept there.",
        )


def _entry(pointer: str, term: str, kept: str | None) -> Entry:
    if kept is None:
        return Unsupported(pointer=pointer, reason="What the consumer keeps of data is not known.")
    return Exact(pointer=pointer, written_as=_BATCH if term == "batch" else kept)
