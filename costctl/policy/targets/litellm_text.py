"""How is the file written? YAML with what a person who merges it wants to know, as comments.

In: the layout of the groups, model_list and the settings. Out: the text; the same policy gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from costctl.policy.targets.litellm_groups import Layout, Treatment
from costctl.policy.targets.litellm_providers import variables_read
from costctl.policy.targets.origin import commented, origin_lines

Yaml = dict[str, Any]


def file_text(layout: Layout, deployments: list[Yaml], settings: Mapping[str, Yaml], consumer: str) -> str:
    """The whole file. settings: by section, those that stand after model_list; an empty one is left out."""
    parts = [commented(_head(layout, deployments, consumer)), "model_list:\n"]
    names = [each["model_name"] for each in deployments]
    for place, name in enumerate(names):
        if name not in names[:place]:
            parts.append(commented((_about(layout, name),)))
        parts.append(_yaml([deployments[place]]))
    for name, values in settings.items():
        if values:
            parts.append(f"{name}:\n")
            parts.append("".join(f"  {line}\n" for line in _yaml(values).splitlines()))
    return "".join(parts)


def _head(layout: Layout, deployments: list[Yaml], consumer: str) -> tuple[str, ...]:
    variables = variables_read(value for each in deployments for value in each["litellm_params"].values())
    left_out = [
        f"Left out: {kind.match.model[0] if kind.match.model else kind.id} of {kind.request_class}. {reason}"
        for number, reason in layout.left_out.items()
        for kind in [layout.policy.classes[number]]
    ]
    return (
        *origin_lines(layout.policy, "litellm", consumer),
        *((f"Set:    {', '.join(variables)}",) if variables else ()),
        *(
            (
                "Header: x-litellm-tags names the class of a request; the edge sets it, and strips clients' own.",
            )
            if layout.is_tagged
            else ()
        ),
        *left_out,
    )


def _about(layout: Layout, name: str) -> str:
    group = next((each for each in layout.groups if each.name == name), None)
    if group is None:
        return f"{name}: answers only where a group falls back to it."
    ways = [_way(treatment, is_tagged=group.is_tagged) for treatment in group.treatments]
    return f"{name}: {'; '.join(ways)}"


def _way(treatment: Treatment, *, is_tagged: bool) -> str:
    """Which classes are served so, how busy they are, and where, if that differs."""
    classes = ", ".join(sorted({entry.kind.request_class for entry in treatment.entries}))
    calls = "" if treatment.calls is None else f" ({treatment.calls:,} calls)"
    return f"{classes}{calls} at {', '.join(treatment.targets)}" if is_tagged else f"{classes}{calls}"


def _yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text
