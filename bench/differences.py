"""What is named of changes that were planted, and claimed where nothing was? Fresh worlds, each compared as by a user.

    python -m bench.differences [--wasteful N] [--good N]

Writes docs/explanation/difference-accuracy.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.planted_worlds import Bench
from tests.synth.changed_worlds import PLANTED
from tests.synth.named_changes import Claims, Named, claims_in, named_in

_FIRST_SEED: Final = 1_000
_WORDS: Final = {
    "price": "a model becomes a quarter dearer",
    "mix": "the dearest class asks twice as often, the cheapest a quarter less",
    "slower retrieval": "the retrieval of a class takes twice as long",
    "retries": "attempts that time out rise from 2% to 25%",
    "lost cache": "the cached part of the input falls from 70% to 5%",
    "new prompt": "a new version of the prompt is half as long again",
}

Found = tuple[Named, ...]


def _planted(seed: int) -> Found:
    return tuple(named_in(seed, kind) for kind in PLANTED)


def _in_words(found: Found) -> str:
    wrong = [f"{each.planted}: {each.first}" for each in found if not each.is_right]
    return f"seed {found[0].seed}: {'; '.join(wrong) or 'all named'}"


def _claimed(claims: Claims) -> str:
    return f"seed {claims.seed}: {', '.join(claims.claims) or 'nothing claimed'}"


def _page(found: Sequence[Found], claimed: Sequence[Claims]) -> str:
    rows = []
    for kind, words in _WORDS.items():
        own = [each for worlds in found for each in worlds if each.planted == kind]
        right = sum(each.is_right for each in own)
        rows.append(f"| {kind} | {words} | {right} of {len(own)} |")
    loud = [each for each in claimed if each.claims]
    said = "\n".join(f"- seed {each.seed}: {', '.join(each.claims)}" for each in loud)
    return f"""# How right is `costctl diff`?

Measured by `python -m bench.differences` on worlds of which the change is known: four days of traces of three classes,
some 2,900 requests, of which the last two days are compared with the first two. The world bills its own calls and
shares nothing with what tells the change apart. [How a change is split](difference.md) has the method.

## What was planted, and is named first

| planted | from the third day on | named first |
|---|---|---|
{chr(10).join(rows)}

Slower retrieval costs nothing here: it is named first of what changed besides money. A new prompt is right where its
tokens are named first and its first words are found to be new.

## Where nothing changed

In {len(claimed) - len(loud)} of {len(claimed)} worlds in which both periods are alike nothing is claimed: no effect
in money, no latency, success, retry or cache ratio, and no prompt.
{chr(10) + said + chr(10) if loud else ""}"""


def main() -> None:
    """Measure and write the page."""
    Bench(
        name="difference-accuracy",
        about=__doc__,
        first_seed=_FIRST_SEED,
        wasteful=_planted,
        good=claims_in,
        found_in_words=_in_words,
        claimed_in_words=_claimed,
        page=_page,
    ).run()


if __name__ == "__main__":
    main()
