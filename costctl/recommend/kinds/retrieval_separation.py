"""Does generation stall behind retrieval, and does it hold accelerators meanwhile? Measured, class by class.

Two shares, from spans: of the requests' time what they spend searching and reading documents, and of the replica time
that the class's calls answer for what they hold while their request does. The first says whether retrieval needs a tier
or a cache of its own, the second whether it should be taken out of the calls. No replay knows what a call would be that
is cut in two, so that nothing is promised: what the shares are, and what would tell more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.documents.recommendations import Evidence
from costctl.recommend.proposals import Kind, Subject, Withheld
from costctl.recommend.study import Study

_NAME: Final = "retrieval_separation"
_LEAST_TIME: Final = (
    0.1  # of the requests' time: with less a retrieval that took none would be noticed by nobody
)
_LEAST_HELD: Final = 0.02  # of the replica time of its calls
_KEY: Final = "costctl.content.key"
_STAGE: Final = "costctl.stage"


def propose(study: Study) -> Iterator[Withheld]:
    """One line for each class that retrieves; one for all where none does."""
    shares = study.retrieval
    if not shares:
        yield Withheld(
            Subject(_NAME),
            f"No request is seen to search or read documents: where some do, set {_STAGE} to retrieval on those spans.",
            how="not_applicable",
        )
    for name, (time_ratio, held_ratio, requests) in sorted(shares.items()):
        yield _for_class(study, name, time_ratio, held_ratio, requests)


def _for_class(study: Study, name: str, time_ratio: float, held_ratio: float, requests: int) -> Withheld:
    subject = Subject(_NAME, name)
    evidence = (
        _told(
            "time", f"{time_ratio:.1%} of the time of its requests is spent searching and reading.", requests
        ),
        _told("held", f"{held_ratio:.1%} of the replica time of its calls is held meanwhile.", requests),
    )
    if time_ratio < _LEAST_TIME and held_ratio < _LEAST_HELD:
        return Withheld(
            subject,
            f"It spends {time_ratio:.1%} of its time retrieving, and holds {held_ratio:.1%} of its replica time "
            "meanwhile: too little to separate.",
            evidence,
        )
    remedies = []
    if held_ratio >= _LEAST_HELD:
        remedies.append(
            f"{held_ratio:.1%} of its replica time is held while it retrieves: end the call before it searches, and "
            "make another with what was found"
        )
    if time_ratio >= _LEAST_TIME:
        remedies.append(f"{time_ratio:.1%} of its time is spent retrieving: {_what_tells(study)}")
    return Withheld(
        subject,
        f"{'; '.join(remedies)}.",
        evidence,
        how="ruled_out" if study.keyed_reads else "needs_input",
        missing=() if study.keyed_reads else (_KEY,),
    )


def _what_tells(study: Study) -> str:
    if study.keyed_reads:
        return "storage_placement says what a hot tier would save"
    return f"set {_KEY} on these spans, so that what a cache or a hot tier would have had can be told"


def _told(name: str, statement: str, requests: int) -> Evidence:
    return Evidence(id=name, kind="measured", statement=statement, samples=requests, value=None)


KIND: Final = Kind(_NAME, propose)
