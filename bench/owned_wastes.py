"""Does advice on pools of one's own save what it promises? Fresh worlds with one waste a kind, and ones in good order.

Each world is written as spans, or as a log, ingested and advised as any trace would be; its truth is the same traffic,
served again with the remedy by loops that share no code with the replay. Prints and writes
docs/explanation/owned-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.planted_worlds import Bench
from tests.synth import own_promises, reuse_promises
from tests.synth.own_promises import Claim, Promise, claims_of_pools, promises_of_pools
from tests.synth.reuse_promises import claims_where_nothing_is_used_again, promises_of_reuse

FIRST_SEED: Final = 9600
KINDS: Final = (*own_promises.KINDS, *reuse_promises.KINDS)
_WITHOUT_REUSE: Final = (
    4  # of so many worlds in good order one is of prompts or documents that nobody uses again
)


def main() -> None:
    """Measure and write."""
    Bench(
        name="owned-accuracy",
        about=__doc__,
        first_seed=FIRST_SEED,
        wasteful=_promises,
        good=_claims,
        found_in_words=_in_words,
        claimed_in_words=_claims_in_words,
        page=lambda worlds, claims: page([each for found in worlds for each in found], claims),
    ).run()


def _promises(seed: int) -> list[Promise]:
    return [*promises_of_pools(seed), *promises_of_reuse(seed)]


def _claims(seed: int) -> tuple[Claim, ...]:
    number, rest = divmod(seed, _WITHOUT_REUSE)
    return claims_where_nothing_is_used_again(number) if rest == 0 else claims_of_pools(3 * number + rest)


def _in_words(found: Sequence[Promise]) -> str:
    return f"world {found[0].seed}: " + ", ".join(f"{each.kind} {_verdict(each)}" for each in found)


def _verdict(promise: Promise) -> str:
    if promise.told is None:
        return "NOT FOUND"
    error = "not observed" if promise.error_ratio is None else f"{promise.error_ratio:+.1%}"
    return " ".join(
        [
            error,
            "covered" if promise.is_covered else "NOT COVERED",
            *(["OBJECTIVE MISSED"] if promise.is_kept is False else []),
        ]
    )


def _claims_in_words(claims: Sequence[Claim]) -> str:
    return (
        ", ".join(f"{each.id} {'true' if each.is_true else 'FALSE'}" for each in claims) or "nothing promised"
    )


def page(promises: Sequence[Promise], claims: Sequence[Sequence[Claim]]) -> str:
    """The page."""
    falsely = sum(any(not each.is_true for each in of_world) for of_world in claims)
    truly = sum(any(each.is_true for each in of_world) for of_world in claims)
    return "\n".join(
        [
            "# How accurate is advice on pools of your own?",
            "",
            "Written by `make calibrate`, on worlds with one waste each, drawn anew for every seed: traffic, sizes,",
            "prices, objectives, the law of service. Each is written as spans, or as a log, with a costctl.toml; and",
            "`costctl recommend` sees nothing else. The truth is the same requests, served again with the remedy by",
            "loops that pass every decode step, or every read, and share no code with the replay.",
            "",
            "| advice | saving | found | median error | worst error | interval of 95 % holds it | objectives kept |",
            "|---|---|---|---|---|---|---|",
            *(_row(kind, [each for each in promises if each.kind == kind]) for kind in KINDS),
            "",
            "What fewer replicas save in cash is an amount that is known: there it counts whether objectives are kept.",
            "An objective is kept where as many requests as it wants are in time, or no fewer than before.",
            "",
            f"Of {len(claims)} worlds in good order {falsely} got advice, of any kind, that is not borne out when the",
            "world is served again: no saving, one outside of the interval, or an objective that is missed.",
            f"{truly} got advice that is borne out: a little was to be saved there after all.",
            "",
            "[Engine settings](advice-engine-settings.md), [batch windows](advice-batch-window.md),",
            "[lanes](advice-lane.md), [deferral](advice-deferral.md), [placement](advice-tier-placement.md),",
            "[how many replicas](advice-capacity.md), [prefix affinity](advice-prefix-affinity.md),",
            "[caches](advice-cache.md), [storage placement](advice-storage-placement.md).",
            "",
        ]
    )


def _row(kind: str, promises: Sequence[Promise]) -> str:
    told = [each for each in promises if each.is_found]
    errors = [abs(each.error_ratio) for each in told if each.error_ratio is not None]
    median, worst = (
        ("not observed",) * 2 if not errors else (f"{np.median(errors):.1%}", f"{max(errors):.1%}")
    )
    saves = ", ".join(dict.fromkeys(each.saves for each in told)) or "not observed"
    judged = [each.is_kept for each in told if each.is_kept is not None]
    kept = f"{sum(judged)} of {len(judged)}" if judged else "none declared"
    covered = f"{sum(each.is_covered for each in told)} of {len(told)}"
    cells = (f"`{kind}`", saves, f"{len(told)} of {len(promises)}", median, worst, covered, kept)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
