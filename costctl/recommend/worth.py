"""What is a success of each class worth, and for which class does a second of an accelerator bring least?

In: the study. Out: USD by class. The figure is the one that ``costctl analyze`` ranks classes by
(docs/explanation/value.md), here of the part that settings are chosen on:

    value per accelerator second = usd_per_success · successes / Σ share
"""

from __future__ import annotations

from collections.abc import Iterable

from costctl.documents.setting_names import toml_key
from costctl.recommend.study import Study


def values_of_successes(study: Study) -> tuple[float, ...]:
    """What a success is worth, by class: as declared where all classes declare it, else all alike."""
    usd = [declared_value(study, number) for number in range(len(study.classes))]
    return tuple(each or 0.0 for each in usd) if all(each is not None for each in usd) else (1.0,) * len(usd)


def declared_value(study: Study, number: int) -> float | None:
    """USD of a success of the class; None where it declares none."""
    value = study.declared(study.classes[number]).value
    return None if value is None else value.usd_per_success


def undeclared_values(study: Study, classes: Iterable[int]) -> tuple[str, ...]:
    """The settings that would say what a success of these classes is worth, where nothing says it."""
    return tuple(
        f"classes.{toml_key(study.classes[each])}.value.usd_per_success"
        for each in classes
        if declared_value(study, each) is None
    )


def usd_per_accelerator_s(study: Study, number: int) -> float | None:
    """Value of the class's successes over the busy time that its calls answer for; None where either is not known."""
    usd, period = declared_value(study, number), study.first.period
    seconds = float(study.own_of(period).share_s[period.request_class[period.request] == number].sum())
    if usd is None or seconds <= 0.0:
        return None
    return usd * int(period.is_success[period.members(number)].sum()) / seconds
