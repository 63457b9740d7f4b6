"""Are the fewest replicas found? Fresh worlds, each run again with every number of them, by its own server loop.

Each world is written as spans, ingested and advised as any trace would be; its truth comes from the loop that serves
the world, which shares no code with the replay. Prints and writes docs/explanation/capacity-accuracy.md. `make
calibrate` runs it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.planted_worlds import Bench
from tests.synth.replica_worlds import MOST, Answer, answer_for

FIRST_SEED: Final = 200


def main() -> None:
    """Measure and write."""
    Bench(
        name="capacity-accuracy",
        about=__doc__,
        first_seed=FIRST_SEED,
        wasteful=_answered,
        good=partial(_answered, spare=0),
        found_in_words=_in_words,
        claimed_in_words=_in_words,
        page=page,
    ).run()


def _answered(seed: int, spare: int | None = None) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        return answer_for(seed, Path(folder), spare)


def _in_words(answer: Answer) -> str:
    verdict = "equal" if answer.is_equal else "BROKEN" if answer.is_broken else "not equal"
    return f"world {answer.seed}: {answer.fewest} of {answer.today}, found {answer.needed}: {verdict}"


def page(oversized: Sequence[Answer], good: Sequence[Answer]) -> str:
    """The page."""
    everyone = [*oversized, *good]
    claims = [each for each in good if each.advised is not None and each.advised < each.today]
    broken = sum(each.is_broken for each in everyone)
    fewest = sorted({each.fewest for each in everyone})
    return "\n".join(
        [
            "# Are the fewest replicas found?",
            "",
            "Written by `make calibrate`, on worlds of pools that serve up to three classes, each with an objective.",
            f"Each world is run again with 1 to {MOST} replicas by the loop that serves it, which passes every decode",
            "step and shares no code with the replay: the fewest that keep every objective, of the requests of the",
            "first 60 % of the time and of those of the rest, are the truth. costctl sees the traces and costctl.toml,",
            "and nothing else; no reserve is kept.",
            "",
            "| worlds | fewest found | more than the fewest | fewer, or not said |",
            "|---|---|---|---|",
            _row("with 0 to 3 replicas too many", oversized),
            _row("in good order: none too many", good),
            "",
            f"The fewest were {fewest[0]} to {fewest[-1]}. Worlds for which fewer replicas were said to do than keep",
            f"every objective: {broken} of {len(everyone)}. Worlds in good order that were advised to have",
            f"fewer replicas: {len(claims)} of {len(good)}.",
            "",
            "How they are found: [how many replicas](advice-capacity.md).",
            "",
        ]
    )


def _row(name: str, answers: Sequence[Answer]) -> str:
    equal = sum(each.is_equal for each in answers)
    more = sum(each.needed is not None and each.needed > each.fewest for each in answers)
    return f"| {name} | {equal} of {len(answers)} | {more} | {len(answers) - equal - more} |"


if __name__ == "__main__":
    main()
