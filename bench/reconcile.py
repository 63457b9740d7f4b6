"""Are gaps between a bill and the traces found, and nothing where there is none? Twenty bills with one or two planted
gaps, forty without.

Run from the checkout: `python -m bench.reconcile`. Each world is written as files of its provider and as spans, which
are read, priced and compared as any would be. Writes docs/explanation/reconcile-accuracy.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.planted_worlds import Bench
from costctl.documents.settings import Settings
from tests.reconcile.compared_worlds import CAUSES, compared, of_cause, traced_by_engine
from tests.synth.billed_worlds import DAYS, KEYS, PRICES, Form, Plant, World

PLANTS: Final[tuple[tuple[Plant, ...], ...]] = (
    ("key",), ("price",), ("zone",), ("discount",), ("key", "discount"), ("price", "zone"), ("zone", "discount"),
    ("key", "price"), ("price", "discount"), ("key", "zone"),
)  # fmt: skip
FORMS: Final[tuple[Form, ...]] = ("api", "focus")
WITHIN: Final = 0.01
NAMES: Final = {
    "key": "an untraced key",
    "price": "a changed price",
    "zone": "days cut in UTC-8",
    "discount": "12 % off",
}


@dataclass(frozen=True)
class Explained:
    """error_ratio: by plant, of its amount.  strange: causes that are named and were not planted."""

    seed: int
    form: Form
    names_keys: bool
    error_ratio: dict[Plant, float]
    strange: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return not self.strange and all(error <= WITHIN for error in self.error_ratio.values())


@dataclass(frozen=True)
class Quiet:
    seed: int
    claimed: tuple[str, ...]
    unexplained_ratio: float


def of_planted(seed: int) -> Explained:
    """The gaps of the world of this seed, as they are explained."""
    plants, form = PLANTS[seed % len(PLANTS)], FORMS[seed // len(PLANTS) % 2]
    world = World(seed, frozenset(plants), form, names_keys=seed % 3 > 0)
    with tempfile.TemporaryDirectory() as folder:
        document = compared(world, Path(folder), traced_by_engine(world, Settings()))
    truth = world.truth()
    errors = {
        plant: abs(of_cause(document, CAUSES[plant]) - float(truth[plant]))
        / max(abs(float(truth[plant])), 1.0)
        for plant in plants
    }
    strange = {each.cause for each in document.told} - {CAUSES[plant] for plant in plants}
    return Explained(seed, form, world.names_keys, errors, tuple(sorted(strange)))


def of_quiet(seed: int) -> Quiet:
    """What is claimed of a bill without a gap, whose amounts are rounded to the cent."""
    world = World(seed, form=FORMS[seed % 2], rounded_to=2)
    with tempfile.TemporaryDirectory() as folder:
        document = compared(world, Path(folder), traced_by_engine(world, Settings()))
    claimed = tuple(sorted({each.cause for each in document.told}))
    return Quiet(seed, claimed, abs(document.difference_usd) / document.billed_usd)


def in_words(found: Explained) -> str:
    told = ", ".join(f"{plant} off by {error:.3%}" for plant, error in found.error_ratio.items())
    return f"{found.seed}: {told}; {'right' if found.is_right else f'WRONG {found.strange}'}"


def quiet_in_words(claim: Quiet) -> str:
    return f"{claim.seed}: {', '.join(claim.claimed) or 'nothing claimed'}, {claim.unexplained_ratio:.4%} of the bill"


def page(found: Sequence[Explained], claims: Sequence[Quiet]) -> str:
    right = sum(each.is_right for each in found)
    quiet = sum(not each.claimed for each in claims)
    rows = "\n".join(
        f"| {each.seed} | {', '.join(NAMES[plant] for plant in each.error_ratio)} | {each.form} "
        f"| {'yes' if each.names_keys else 'no'} "
        f"| {', '.join(f'{error:.2%}' for error in each.error_ratio.values())} | {', '.join(each.strange) or '-'} |"
        for each in found
    )
    return f"""# Are gaps between a bill and the traces found?

Written by `python -m bench.reconcile`, from worlds of known truth (`tests/synth/billed_worlds.py`, which shares nothing
with the reconciliation): {len(KEYS)} keys call {len(PRICES)} models for {DAYS + 2} days, {DAYS} of which are on the
bill. The bill is reckoned call by call, and written as OpenAI's usage and costs pages, or as a FOCUS file; the traces
are stored, priced and compared as any would be. A gap counts as explained where its cause has its amount within 1 %
(of a dollar, where it is less), and no cause is named that was not planted.

**{right} of {len(found)} bills with one or two gaps are explained; of {len(claims)} bills without a gap, whose amounts
are rounded to the cent, nothing is claimed in {quiet}.** The largest error of an amount is
{max(max(each.error_ratio.values()) for each in found):.2%}; what is left unexplained of a bill without a gap is at most
{max(each.unexplained_ratio for each in claims):.3%} of it.

| world | planted | bill | traces name keys | error of each amount | named besides |
|---:|---|---|---|---|---|
{rows}

Planted are a key whose calls no trace has, a model at 1.2 times its price, days that begin at midnight in UTC-8, and
12 % off every price.
[What is claimed, and when](reconcile.md#what-is-claimed-and-when)
"""


BENCH: Final = Bench(
    name="reconcile-accuracy",
    about=__doc__,
    first_seed=7000,
    wasteful=of_planted,
    good=of_quiet,
    found_in_words=in_words,
    claimed_in_words=quiet_in_words,
    page=page,
)

if __name__ == "__main__":
    BENCH.run()
