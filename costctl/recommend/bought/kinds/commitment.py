"""Would provisioned throughput or reserved capacity cost less than list price, and how many units of it?

For each offer of ``[commitments]``: the load-duration curve of the tokens that its models take a minute, every number
of units that can be had, and what spills over at list price. Chosen on the first part of the window, and held to later
days. A commitment lasts longer than any window: with less than a week of traces it is a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.arrays import Bools
from costctl.documents.capacity_settings import Commitment
from costctl.levers.bought_levers import bought_lever
from costctl.levers.settings import of_lever
from costctl.rebill.capacity import served_by, unit_of
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.sizing import TOO_SHORT, before_a_week, is_too_short, sizing_of
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.worth_asking import LEAST_OF_AN_OFFER, asked_for
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "commitment"
_UNITS: Final = bought_lever("commitment", "units")
_MOST_UNPRICED: Final = 0.05  # of the calls of an offer: with more, what they cost at list price is not known
_NOTHING_DECLARED: Final = (
    "No offer of capacity is declared. With [commitments.NAME] in costctl.toml (provider, models, tokens_per_minute, "
    "usd_per_unit_hour) it is compared with list price."
)


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each offer; one line where none is declared."""
    offers = study.prices.offers.commitments
    if not offers:
        unknown = Withheld(
            Subject(_NAME), _NOTHING_DECLARED, how="needs_input", missing=("commitments.NAME",)
        )
        yield asked_for(study, unknown, LEAST_OF_AN_OFFER)
    for name, offer in offers.items():
        yield _for_offer(study, name, offer)


def _for_offer(study: BoughtStudy, name: str, offer: Commitment) -> BillProposal | Withheld:
    subject, served = Subject(_NAME, commitment=name), served_by(study.calls.frame, offer)
    if is_too_short(study):
        return Withheld(subject, TOO_SHORT, how="too_few")
    if not served.any():
        models = ", ".join(offer.models)
        reason = f"No call is to {models} at {offer.provider}, at a tier that is answered at once."
        return Withheld(subject, reason, how="not_applicable")
    unpriced = _unpriced(study, served)
    if unpriced > _MOST_UNPRICED:
        reason = f"{unpriced:.0%} of the calls that it would serve have no list price to compare with."
        return Withheld(subject, reason, how="needs_input", missing=("prices.rates",))
    sizing = sizing_of(study, unit_of(offer), served, _UNITS, offer.least_units, offer.step_units)
    return BillProposal(
        subject=subject,
        candidates=((of_lever(_UNITS, name, sizing.best),),),
        reason="Its models take enough tokens, for enough of the time, that units paid by time cost less.",
        if_none=f"No number of units of {name} costs less than list price.",
        assumptions=(
            "A minute's capacity is filled in the order in which calls start; what does not fit is bought at list "
            "price, and nobody waits.",
            "The traffic stays as it is; no growth is assumed.",
            "It is sized for the tokens that are bought today: do first what saves tokens.",
        ),
        reversal="Let the term end; units without a term can be given up at any hour.",
        evidence=sizing.evidence("Units", "Weighted tokens"),
        before=before_a_week(study),
        cut="time",
    )


def _unpriced(study: BoughtStudy, served: Bools) -> float:
    """The part of these calls that has a charge without an amount."""
    return float((study.calls.frame["unpriced_charges"].to_numpy() > 0)[served].mean())


KIND: Final = BillKind(_NAME, propose)
