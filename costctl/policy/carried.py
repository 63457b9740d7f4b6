"""What does a consumer's file carry of a policy, in few words?

In: a manifest, the policy it is of. Out: counts of values, and what is not carried by name, the most important first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from costctl.documents.coverage import (
    Approximated,
    Carried,
    CoverageManifest,
    Exact,
    MissingValues,
    Rounded,
    Unsupported,
)
from costctl.documents.policy import Policy

# What a value is about, by its pointer: the first that matches names it, and they are listed in this order.
_SUBJECTS: Final = (
    (re.compile(r"/classes/(?P<number>\d+)/data_boundary"), "data boundaries"),
    (re.compile(r"/classes/(?P<number>\d+)/(placement/targets|match|id)"), "routes"),
    (re.compile(r"/backends/\d+/(replicas|schedule|start_up_us)"), "replicas and their schedule"),
    (re.compile(r"/classes/(?P<number>\d+)/defer"), "the hours to wait for"),
    (re.compile(r"/classes/(?P<number>\d+)/placement/fallback"), "fallbacks"),
    (re.compile(r"/classes/(?P<number>\d+)/(prompt_cache|affinity)"), "prompt caching"),
    (re.compile(r"/classes/(?P<number>\d+)/service_tier"), "service tiers"),
    (re.compile(r"/classes/(?P<number>\d+)/response_cache"), "caches of answers"),
    (re.compile(r"/classes/(?P<number>\d+)/caps"), "caps on steps and tokens"),
    (re.compile(r"/classes/(?P<number>\d+)/admission"), "limits of admission"),
    (re.compile(r"/classes/(?P<number>\d+)/queue"), "queue limits"),
    (re.compile(r"/classes/(?P<number>\d+)/(timeout_us|retries|backoff_us)"), "timeouts and retries"),
    (re.compile(r"/backends/\d+/(max_concurrency|batch)"), "limits of backends"),
    (re.compile(r"/backends/\d+/routing"), "routing within pools"),
    (re.compile(r"/lanes|/classes/(?P<number>\d+)/lane"), "the order of service"),
    (re.compile(r"/default_class"), "the default class"),
    (re.compile(r"/validity"), "the date on which the policy ends"),
)
_REST: Final = "other settings"
_MOST_NAMES: Final = 2


def carried(manifest: CoverageManifest, policy: Policy) -> Carried:
    """The manifest in few words."""
    counts = Counter(type(entry) for entry in manifest.entries)
    return Carried(
        exact=counts[Exact],
        rounded=counts[Rounded],
        approximated=counts[Approximated],
        unsupported=counts[Unsupported],
        missing=_missing(
            [entry.pointer for entry in manifest.entries if isinstance(entry, Unsupported)], policy
        ),
    )


def _missing(pointers: Iterable[str], policy: Policy) -> tuple[MissingValues, ...]:
    """Each pointer counts under the first subject that it matches, else under the rest."""
    classes: dict[str, list[str]] = {}
    values: Counter[str] = Counter()
    for pointer in pointers:
        subject, number = _subject(pointer)
        values[subject] += 1
        classes.setdefault(subject, []).extend(() if number is None else (policy.classes[number].id,))
    whole = {kind.id for kind in policy.classes}
    ordered = [*(subject for _, subject in _SUBJECTS), _REST]
    return tuple(
        MissingValues(subject + _of(classes[subject], whole), values[subject])
        for subject in ordered
        if subject in classes
    )


def _subject(pointer: str) -> tuple[str, int | None]:
    """What a value is about, and the number of its class."""
    for pattern, subject in _SUBJECTS:
        found = pattern.match(pointer)
        if found is not None:
            number = found.groupdict().get("number")
            return subject, None if number is None else int(number)
    return _REST, None


def _of(names: list[str], whole: set[str]) -> str:
    """Whose it is, where that is not everybody's."""
    different = list(dict.fromkeys(names))
    if not different or set(different) == whole:
        return ""
    rest = len(different) - _MOST_NAMES
    return f" of {', '.join(different[:_MOST_NAMES])}" + (f" and {rest} more" if rest > 0 else "")
