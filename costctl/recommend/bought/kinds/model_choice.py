"""Would a cheaper model that the class allows do? The price is computed; whether the answers are as good is not.

Advice only where somebody has graded answers of both; else a candidate, with what a trial would have to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.levers.settings import setting
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "model_choice"


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class that may be served by another model than today's."""
    for name in study.calls.classes:
        today = study.value_today(setting("class", "model", name, "").lever, name)
        others = [model for model in study.declared(name).allowed_models if model != today]
        if today is not None and others:
            yield BillProposal(
                subject=Subject(_NAME, name),
                candidates=tuple((setting("class", "model", name, model),) for model in others),
                reason="A model that it allows sells the same tokens for less.",
                if_none="No other model that it allows is cheaper, by prices that are known.",
                assumptions=("The other model reads and writes as many tokens.",),
                reversal=f"Ask for {today} again.",
                before="Quality is not tested: compare answers of both models on its own requests before.",
            )


KIND: Final = BillKind(_NAME, propose)
