"""A bill of which any part is replaced by anything is read as far as it goes, or refused: nothing else happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costctl.billed.files import read_bills
from costctl.errors import InputError
from tests.billed.pages import (
    LITELLM,
    anthropic_page,
    azure_row,
    bucket,
    cost,
    cur_row,
    focus_row,
    page,
    table,
    usage,
)

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    "x",
    "NaN",
    "2026-99-99",
    [],
    [1],
    {},
    {"a": [{}]},
    10**40,
    "9" * 400,
)
PAGES = (
    page(bucket([usage("gpt-4o", input_tokens=5)]), bucket([cost("gpt-4o, input", 1)], 1)),
    anthropic_page({"amount": "1", "token_type": "output_tokens", "model": "m"}, {
        "uncached_input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 1},
        "server_tool_use": {"web_search_requests": 1}}),
    *map(json.dumps, LITELLM.values()),
)  # fmt: skip


def damaged(value: Any) -> Iterator[Any]:
    """Copies of the value, in each of which one part is junk."""
    yield from JUNK
    if isinstance(value, dict):
        for key, inner in value.items():
            for other in damaged(inner):
                yield {**value, key: other}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for other in damaged(inner):
                changed = copy.copy(value)
                changed[place] = other
                yield changed


def survives(path: Path, text: str) -> int:
    """How many rows are read; 0 where the file is refused."""
    path.write_text(text, encoding="utf-8")
    try:
        (file,) = read_bills([str(path)])
    except InputError:
        return 0
    return sum(len(part.rows) for part in file.parts)


@pytest.mark.parametrize("text", PAGES)
def test_a_damaged_answer_is_read_or_refused(text: str, tmp_path: Path) -> None:
    read = [survives(tmp_path / "page", json.dumps(each)) for each in damaged(json.loads(text))]
    assert max(read) > 0


@pytest.mark.parametrize("row_of", [focus_row, cur_row, azure_row])
def test_a_damaged_line_is_read_or_counted(row_of: Any, tmp_path: Path) -> None:
    for column in row_of():
        for junk in JUNK:
            text = table(row_of(), row_of(**{column: junk}))
            assert survives(tmp_path / "table", text) >= 1
