"""How do learned rules look in a file? TOML that load_rules reads and a person edits.

In: bounds in order, and the names of the shapes. Out: the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from costctl.segment.learn.surrogate import Bounds
from costctl.segment.rules import FEATURES

_HEAD: Final = """\
# Classes learned from traces by `costctl segment --learn`.
# The first rule whose bounds all hold takes the request. Edit names and
# bounds, then use the file with --rules; `costctl help classes` has the form.
"""


def rules_toml(rules: Sequence[Bounds], names: Sequence[str]) -> str:
    """The text. Rules of one shape that follow each other become one with alternatives; the last has no bounds."""
    runs = [
        (shape, [rule.bounds for rule in run]) for shape, run in groupby(rules[:-1], lambda rule: rule.shape)
    ]
    parts, used = [_HEAD], dict.fromkeys(names, 0)
    for shape, alternatives in runs:
        used[names[shape]] += 1
        times = used[names[shape]]
        title = names[shape].replace("_", " ") + (f", {times}" if times > 1 else "")
        parts.append(f'[[rules]]\nname = "{title}"\nclass = "{names[shape]}"\n' + _conditions(alternatives))
    last = names[rules[-1].shape]
    parts.append(f'[[rules]]\nname = "all others"\nclass = "{last}"\n')
    return "\n".join(parts)


def _conditions(alternatives: list[dict[str, float]]) -> str:
    if len(alternatives) == 1:
        return "".join(f"{key} = {value:.0f}\n" for key, value in _ordered(alternatives[0]))
    shared = {key: value for key, value in alternatives[0].items()
              if all(other.get(key) == value for other in alternatives)}  # fmt: skip
    lines = [f"{key} = {value:.0f}\n" for key, value in _ordered(shared)]
    options = [
        "  { "
        + ", ".join(f"{key} = {value:.0f}" for key, value in _ordered(each) if key not in shared)
        + " },\n"
        for each in alternatives
    ]
    return "".join([*lines, "any = [\n", *options, "]\n"])


def _ordered(bounds: dict[str, float]) -> list[tuple[str, float]]:
    """Bounds in the order of the features, the lower one first."""
    keys = [f"{end}_{feature}" for feature in FEATURES for end in ("min", "max")]
    return [(key, bounds[key]) for key in keys if key in bounds]
