"""Would a smaller max_tokens save? Not on the bill: what is billed is what was written, whatever was asked for.

It frees room at providers that count max_tokens against a rate limit before a call is answered. It saves only what it
cuts from answers, and that is no saving. So nothing is ever promised here; the class is told what it asks for and uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.recommendations import Evidence
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "output_limit"
_QUANTILES: Final = (0.5, 0.99)


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """A statement for each class whose calls ask for a limit, and whose answers are counted and have a price."""
    frame = study.calls.frame
    asked = frame["max_tokens"].fill_null(0).to_numpy()
    is_told = (asked > 0) & ~frame["is_failed"].to_numpy() & frame["output"].is_not_null().to_numpy()
    for name in study.calls.classes:
        own = study.calls.of_class(name) & is_told
        if study.today.usd[own].any():
            yield _for_class(study, name, own, asked)


def _for_class(study: BoughtStudy, name: str, own: Bools, asked: Ints) -> Withheld:
    written: Floats = (study.calls.tokens["output"] + study.calls.tokens["reasoning"])[own]
    return Withheld(
        Subject(_NAME, name),
        f"A smaller max_tokens would not lower the bill of {name}: tokens are billed that are written, not those that "
        "may be. It would free room under rate limits that count max_tokens, and save only by cutting answers.",
        (_used(written, asked[own]), _cut(study, written, asked, own)),
    )


def _used(written: Floats, asked: Ints) -> Evidence:
    half, most = np.quantile(written, _QUANTILES)
    return Evidence(
        id="asked",
        kind="measured",
        statement=f"Its calls ask for up to {np.median(asked):,.0f} tokens (median) and write {half:,.0f} (median), "
        f"{most:,.0f} ({_QUANTILES[1]:g} quantile).",
        samples=written.size,
        value=None,
    )


def _cut(study: BoughtStudy, written: Floats, asked: Ints, own: Bools) -> Evidence:
    """Answers that ended at their limit were paid for, and may be of no use."""
    is_cut = written >= asked[own]
    is_limited = own.copy()
    is_limited[own] = is_cut
    return Evidence(
        id="cut",
        kind="measured",
        statement=f"{is_cut.sum():,} of its {is_cut.size:,} answers are as long as they may be; these calls cost "
        f"{told_usd(study, is_limited)}.",
        samples=is_cut.size,
        value=None,
    )


KIND: Final = BillKind(_NAME, propose)
