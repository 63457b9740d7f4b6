"""Files of LiteLLM at random, as people write them: with indents, brackets, quotes and comments at random too."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

COMMENTS = ("# owner: platform", "#", "#| not ours", "# - model_name: old", "# größe: ä")
NAMES = ("pool-0", "model-1", "gpt-5", "other", "größe", "*", "a: b")
SCALARS = st.sampled_from(
    (True, False, None, 0, 60, 0.5, "", "os.environ/KEY", "a # b", "- x", "'q'", "yes", "2024-05-01")
) | st.text("ab:#-?{}[]&*!|>'\"% ä", max_size=8)
PARAMS = st.dictionaries(
    st.sampled_from(("model", "api_key", "timeout", "rpm", "region_name", "tags", "weight", "order", "x y")),
    SCALARS | st.lists(SCALARS, max_size=2),
    max_size=4,
)
DEPLOYMENTS = st.fixed_dictionaries(
    {"model_name": st.sampled_from(NAMES)},
    optional={"litellm_params": PARAMS, "model_info": st.dictionaries(st.just("id"), SCALARS, max_size=1)},
)
RULES = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=2), min_size=1, max_size=2
)
ROUTER = st.fixed_dictionaries(
    {},
    optional={
        "routing_strategy": st.sampled_from(("simple-shuffle", "least-busy")),
        "enable_pre_call_checks": st.booleans(),
        "fallbacks": st.lists(RULES | SCALARS, max_size=2),
        "model_group_alias": st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=2) | SCALARS,
        "optional_pre_call_checks": st.lists(SCALARS, max_size=2),
        "retry_after": SCALARS,
    },
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "general_settings": st.dictionaries(st.sampled_from(("master_key", "alerting")), SCALARS, max_size=2),
        "model_list": st.lists(DEPLOYMENTS, max_size=3) | SCALARS,
        "litellm_settings": st.dictionaries(
            st.sampled_from(("cache", "callbacks", "drop_params")), SCALARS, max_size=2
        )
        | st.none(),
        "router_settings": ROUTER | SCALARS,
        "": SCALARS,
    },
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """The text of a file, which LiteLLM may refuse."""
    content = draw(FILES)
    keys = draw(st.permutations(list(content)))
    ends = draw(st.sampled_from(("\n", "\r\n")))
    lines = [line for key in keys for line in _pair(draw, key, content[key], 0)]
    text = ends.join(each for line in lines for each in (*_noise(draw), line))
    return text + draw(
        st.sampled_from(("", ends, f"{ends}{ends}", f"{ends}# end", f"{ends}...{ends}" if lines else ""))
    )


def _pair(draw: st.DrawFn, key: str, value: Any, column: int) -> list[str]:
    """The lines of a key and its value."""
    lead = f"{' ' * column}{_scalar(draw, key)}:"
    is_block = bool(value) and isinstance(value, dict | list) and draw(st.integers(0, 3)) > 0
    if not is_block:
        return [f"{lead} {_flow(draw, value)}{draw(st.sampled_from(('', '  # said')))}"]
    if isinstance(value, dict):
        step = draw(st.integers(1, 4))
        return [
            lead,
            *(line for name, item in value.items() for line in _pair(draw, name, item, column + step)),
        ]
    at = column + draw(st.sampled_from((0, 2)))
    return [lead, *(line for item in value for line in _item(draw, item, at))]


def _item(draw: st.DrawFn, item: Any, column: int) -> list[str]:
    """The lines of a member of a list."""
    if not isinstance(item, dict) or not item or draw(st.integers(0, 4)) == 0:
        return [f"{' ' * column}- {_flow(draw, item)}"]
    inner = column + draw(st.sampled_from((2, 4)))
    first, *rest = [line for name, value in item.items() for line in _pair(draw, name, value, inner)]
    return [f"{' ' * column}-{' ' * (inner - column - 1)}{first[inner:]}", *rest]


def _flow(draw: st.DrawFn, value: Any) -> str:
    """In one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_scalar(draw, key)}: {_flow(draw, item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_flow(draw, item) for item in value) + "]"
    return _scalar(draw, value)


def _scalar(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, str):
        is_single = "'" not in value and draw(st.booleans())
        plain = value.isalnum() and value.isascii() and value not in ("yes", "60")
        written = f"'{value}'" if is_single else json.dumps(value, ensure_ascii=draw(st.booleans()))
        return value if plain and draw(st.booleans()) else written
    return "~" if value is None else json.dumps(value)


def _noise(draw: st.DrawFn) -> list[str]:
    """Comments and blank lines before a line."""
    if draw(st.integers(0, 4)):
        return []
    return [draw(st.sampled_from(("", *(" " * draw(st.integers(0, 6)) + each for each in COMMENTS))))]
