"""What could be bought otherwise? For each class what changes; what is not named stays as it is.

In: settings. Out: a plan, which a bill can be run again under (costctl/rebill).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.settings import Setting

Caching = Literal["none", "5m", "1h"]
Breakpoints = Literal["system", "conversation"]


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What changes for one class. None: as it is today.

    caching: for how long prompts are asked to be kept; "none" is not to ask.  breakpoints: up to where: the end of the
    system prompt, or of the last message too.  is_sticky: calls go where their prefix is, whatever deployment, region
    or key they went to.  service_tier, model: what the calls are sold as.  moved: models that are replaced, each with
    the one that its calls go to; of all others ``model`` holds.  response_ttl_s: answers are kept for so long, and
    given to who asks the same.

    most_attempts: of one call, the first included.  least_wait_s: that passes from the end of one that failed to the
    start of the next.  most_steps: calls of one request.  most_input_tokens: of a call; what is above is left out of
    its history.  most_output_tokens: that a call may ask for.

    own, own_replicas: of which replicas of one's own, by their name in ``[breakeven]``, how many serve it.
    """

    caching: Caching | None = None
    breakpoints: Breakpoints = "conversation"
    is_sticky: bool = False
    service_tier: str | None = None
    model: str | None = None
    moved: tuple[tuple[str, str], ...] = ()
    response_ttl_s: float | None = None
    most_attempts: int | None = None
    least_wait_s: float | None = None
    most_steps: int | None = None
    most_input_tokens: int | None = None
    most_output_tokens: int | None = None
    own: str | None = None
    own_replicas: int = 0

    def model_after(self, today: str) -> str:
        """The model that calls go to which go to ``today``."""
        return dict(self.moved).get(today, self.model or today)

    @property
    def changes_models(self) -> bool:
        """Whether any call goes to another model."""
        return self.model is not None or bool(self.moved)


@dataclass(frozen=True, slots=True)
class Plan:
    """Classes that change, by name. commitments: units that are paid for, by the name of the offer."""

    classes: Mapping[str, ClassPlan] = field(default_factory=dict)
    commitments: Mapping[str, int] = field(default_factory=dict)


TODAY: Final = Plan()


def plan_of(settings: Iterable[Setting]) -> Plan:
    """The plan of these settings, the later over the earlier; settings of other levers change no bill."""
    classes: dict[str, ClassPlan] = {}
    commitments: dict[str, int] = {}
    for each in settings:
        if each.lever.owner == "commitment" and isinstance(each.value, int):
            commitments[each.subject] = each.value
        elif each.lever in BOUGHT_LEVERS:
            value: dict[str, Any] = {each.lever.field: each.value}
            so_far = classes.get(each.subject, ClassPlan())
            if each.lever.field == "is_sticky":
                value = {"is_sticky": each.value == "prefix"}
            elif each.lever.field == "model":
                value = _models(so_far, each)
            classes[each.subject] = replace(so_far, **value)
    return Plan(classes, commitments)


def _models(so_far: ClassPlan, made: Setting) -> dict[str, Any]:
    """Where calls of a class go: of one model, beside what is said of others, or all of them."""
    if made.instead_of is None:
        return {"model": made.value, "moved": ()}
    return {"moved": tuple(sorted({**dict(so_far.moved), made.instead_of: str(made.value)}.items()))}
