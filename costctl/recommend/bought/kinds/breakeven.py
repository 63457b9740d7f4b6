"""From which volume on would replicas of one's own cost less than what is bought, class by class?

For each offer of ``[breakeven]`` and each of its classes: the calls an hour at which one replica costs what the
provider charges for them, the replicas that the busiest hour needs, and the number that makes the bill least where the
rest stays with the provider. A candidate at most: nobody has compared the answers, or how soon they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.documents.capacity_settings import OwnReplicas
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Evidence
from costctl.documents.setting_names import toml_key
from costctl.levers.bought_levers import bought_lever
from costctl.levers.settings import of_lever
from costctl.rebill.capacity import MINUTES_PER_HOUR, minutes_of
from costctl.rebill.paid_by_time import served_by_own
from costctl.recommend.bought.own_replicas import FEWEST_CALLS
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.sizing import TOO_SHORT, Sizing, brief, is_too_short, money, sizing_of
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.worth_asking import LEAST_OF_AN_OFFER, asked_for
from costctl.recommend.proposals import Subject, Withheld
from costctl.stats.blocks import ratio_over_requests
from costctl.units import S_PER_HOUR, S_PER_WEEK

_NAME: Final = "breakeven"
_OWN: Final = bought_lever("class", "own")
_REPLICAS: Final = bought_lever("class", "own.replicas")
_NOTHING_DECLARED: Final = (
    "No replicas of your own are declared. With [breakeven.NAME] in costctl.toml (classes, usd_per_replica_hour, "
    "input_tokens_per_s, output_tokens_per_s, or a pool to measure) they are compared with what is bought."
)


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class of each offer; one line where none is declared."""
    declared = study.settings.breakeven
    if not declared:
        unknown = Withheld(Subject(_NAME), _NOTHING_DECLARED, how="needs_input", missing=("breakeven.NAME",))
        yield asked_for(study, unknown, LEAST_OF_AN_OFFER)
    for name, offer in declared.items():
        for request_class in offer.classes:
            yield _for_class(study, name, offer, request_class)


def _for_class(
    study: BoughtStudy, name: str, offer: OwnReplicas, request_class: str
) -> BillProposal | Withheld:
    subject = Subject(_NAME, request_class, name)
    served, unit = served_by_own(study.calls.frame, request_class), study.prices.offers.own.get(name)
    if is_too_short(study):
        return Withheld(subject, TOO_SHORT, how="too_few")
    if unit is None:
        return _not_known(study, subject, offer)
    usd = study.today.usd[served]
    if not served.any() or not usd.any():
        reason = f"No call of {request_class} that generates is bought at a known price."
        return Withheld(subject, reason, how="not_applicable")
    sizing = sizing_of(study, unit, served, _REPLICAS)
    evidence = (
        _speed(sizing, offer),
        *_volume(sizing),
        _peak(sizing),
        *sizing.evidence("Replicas", "Replica seconds"),
    )
    if sizing.threshold > 1.0:
        reason = (
            f"A replica of {name} costs {money(unit.usd_per_hour)} USD an hour; all calls of {request_class} that it "
            f"could serve in one cost {money(unit.usd_per_hour / sizing.threshold)} USD to buy."
        )
        return Withheld(subject, reason, evidence)
    return BillProposal(
        subject=subject,
        candidates=(
            (
                of_lever(_OWN, request_class, name),
                of_lever(_REPLICAS, request_class, sizing.best),
            ),
        ),
        reason="Enough of it comes, for enough of the time, that replicas of your own cost less than what is bought.",
        if_none=f"What {request_class} needs costs less to buy than any number of replicas of {name}.",
        assumptions=(
            f"A replica is filled up to {offer.most_utilisation:.0%}; what does not fit into a minute is bought.",
            "Tokens that the provider read from its cache are read afresh by a replica.",
            "The price of a replica is all that it costs; people, storage and failover come on top.",
        ),
        reversal="Buy all of its calls again, and give the replicas up.",
        evidence=evidence,
        before=f"Try {name} on its own requests: quality and latency of other replicas are not tested.",
        cut="time",
    )


def _not_known(study: BoughtStudy, subject: Subject, offer: OwnReplicas) -> Withheld:
    """Why the price or the speed of a replica is not known: only those of a pool are measured."""
    pool = offer.pool or ""
    if study.settings.pools[pool].usd_per_replica_hour is None:
        key = f"pools.{toml_key(pool)}.usd_per_replica_hour"
        return Withheld(subject, f"A replica of {pool} has no price.", how="needs_input", missing=(key,))
    return Withheld(
        subject,
        f"How fast {pool} is cannot be measured: fewer than {FEWEST_CALLS} of its calls have times and tokens. Declare "
        "usd_per_replica_hour, input_tokens_per_s and output_tokens_per_s instead.",
        how="needs_input",
        missing=(f"breakeven.{subject.pool}.output_tokens_per_s",),
    )


def _speed(sizing: Sizing, offer: OwnReplicas) -> Evidence:
    """What a token takes of a replica."""
    read, written = (1e3 * sizing.unit.weights[kind] for kind in ("input", "output"))
    source = "as declared" if offer.pool is None else f"fitted to the calls of {offer.pool}"
    return Evidence(
        id="speed",
        kind="declared" if offer.pool is None else "measured",
        statement=f"A replica takes {read:.3g} ms for a token read and {written:.3g} ms for one written, {source}.",
        samples=None,
        value=None,
    )


def _volume(sizing: Sizing) -> Iterator[Evidence]:
    """Calls an hour at which one replica costs what they cost to buy: its price over that of a call."""
    usd, price = sizing.usd[sizing.load.is_taken], sizing.unit.usd_per_hour
    per_call = ratio_over_requests(
        usd, np.ones(usd.size), "calls drawn again", np.random.default_rng(sizing.study.seed)
    )
    if per_call is None or per_call.low <= 0.0:
        return
    come = usd.size * S_PER_HOUR / sizing.study.window_s
    turns = Estimate(
        price / per_call.high, price / per_call.mid, price / per_call.low, per_call.level, per_call.method
    )
    yield Evidence(
        id="volume",
        kind="computed",
        statement=f"One replica at {money(price)} USD an hour costs what {brief(turns.mid)} calls an hour cost to buy "
        f"({brief(turns.low)} to {brief(turns.high)}); on average {brief(come)} come.",
        samples=usd.size,
        value=turns,
    )


def _peak(sizing: Sizing) -> Evidence:
    """What carrying all of it at the busiest hour takes."""
    taken, study = sizing.load.is_taken, sizing.study
    hour = minutes_of(study.calls.frame)[taken] // round(MINUTES_PER_HOUR)
    by_hour = np.bincount(hour - hour.min(), sizing.load.takes[taken])
    calls = int(np.bincount(hour - hour.min())[by_hour.argmax()])
    replicas = int(np.ceil(by_hour.max() / (sizing.unit.per_minute * MINUTES_PER_HOUR)))
    week_usd = replicas * sizing.unit.usd_per_hour * S_PER_WEEK / S_PER_HOUR
    bought_usd = study.a_week(sizing.usd, taken)
    return Evidence(
        id="peak",
        kind="computed",
        statement=f"Replicas that carry all of its busiest hour ({calls:,} calls): {replicas:,}, which cost "
        f"{money(week_usd)} USD a week; all of its calls cost {money(bought_usd)} USD to buy.",
        samples=calls,
        value=None,
    )


KIND: Final = BillKind(_NAME, propose)
