"""What do some calls cost, in words? "at least" where a part of them has no amount."""

from __future__ import annotations

from costctl.arrays import Bools
from costctl.recommend.bought.study import BoughtStudy


def told_usd(study: BoughtStudy, part: Bools) -> str:
    """Such as "at least 1.20 USD"."""
    has_unpriced = bool((study.calls.frame["unpriced_charges"].fill_null(0).to_numpy()[part] > 0).any())
    return f"{'at least ' if has_unpriced else ''}{study.today.usd[part].sum():.2f} USD"
