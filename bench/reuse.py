"""Do remedies for what is used again save what they promise? Fresh worlds with one waste each, and fresh ones without.

Each world is written as a log and spans, ingested and advised as any trace would be; its truth is the same traffic,
served again with the remedy by a plain loop that shares no code with the replay, or played read by read. Prints and
writes docs/explanation/reuse-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.planted_worlds import Bench, promised_in_words
from tests.synth.reuse_promises import (
    KINDS,
    ReusePromise,
    claims_where_nothing_is_used_again,
    promises_of_reuse,
)

FIRST_SEED: Final = 9300


def main() -> None:
    """Measure and write."""
    Bench(
        name="reuse-accuracy",
        about=__doc__,
        first_seed=FIRST_SEED,
        wasteful=promises_of_reuse,
        good=claims_where_nothing_is_used_again,
        found_in_words=_in_words,
        claimed_in_words=promised_in_words,
        page=lambda worlds, claims: page([each for found in worlds for each in found], claims),
    ).run()


def _in_words(found: Sequence[ReusePromise]) -> str:
    told = ", ".join(
        f"{each.kind} {each.error_ratio:+.1%} {'covered' if each.is_covered else 'NOT COVERED'}"
        for each in found
        if each.error_ratio is not None
    )
    return f"world {found[0].seed}: {told}"


def page(promises: Sequence[ReusePromise], claims: Sequence[tuple[str, ...]]) -> str:
    """The page."""
    falsely = sum(bool(claimed) for claimed in claims)
    return "\n".join(
        [
            "# How accurate is advice on what is used again?",
            "",
            "Written by `make calibrate`, on worlds of an hour: agents whose prompts go on from one another, on four",
            "replicas in turn; questions of which a third repeat; documents of which most are read again. Their logs",
            "and spans name what was asked and fetched by hashes; costctl sees nothing else. The truth is the same",
            "traffic with the remedy, served by a plain loop that shares no code with the replay, or played read by",
            "read.",
            "",
            "| advice | saving | found | worst error | interval of 95 % holds the truth |",
            "|---|---|---|---|---|",
            *(_row(kind, [each for each in promises if each.kind == kind]) for kind in KINDS),
            "",
            f"Of {len(claims)} worlds in which nothing is used twice, {falsely}",
            f"{'was' if falsely == 1 else 'were'} promised a saving.",
            "",
            "[Prefix affinity](advice-prefix-affinity.md), [caches](advice-cache.md),",
            "[storage placement](advice-storage-placement.md).",
            "",
        ]
    )


def _row(kind: str, promises: Sequence[ReusePromise]) -> str:
    errors = [abs(each.error_ratio) for each in promises if each.error_ratio is not None]
    found, covered = sum(each.is_found for each in promises), sum(each.is_covered for each in promises)
    worst = "not observed" if not errors else f"{max(errors):.1%}"
    saving = "cash" if kind == "storage_placement" else "freed capacity"
    return f"| `{kind}` | {saving} | {found} of {len(promises)} | {worst} | {covered} of {len(promises)} |"


if __name__ == "__main__":
    main()
