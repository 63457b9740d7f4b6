"""Names in markdown: none of their marks acts, and a reader sees every sign of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from costctl.legible import in_one_line
from costctl.render.markdown import as_cell, as_plain

MARKS = st.text(st.sampled_from("ab1_*~`[]()<>!#@&;:/.|\\$-+= "), min_size=1, max_size=14)
PAGE = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def seen(markdown: str) -> str:
    """What a page shows of it. Fails where anything but text and code is there."""
    inline = [each for token in PAGE.parse(markdown) for each in token.children or ()]
    assert {each.type for each in inline} <= {"text", "text_special", "code_inline"}
    return "".join(each.content for each in inline)


def without_code_marks(text: str) -> str:
    """Code loses its backticks, and its spaces at both ends may go."""
    return text.replace("`", "").replace(" ", "")


@given(MARKS)
def test_a_line_shows_what_is_in_it_and_nothing_acts(name: str) -> None:
    line = as_plain(f"a {name} z")
    assert without_code_marks(seen(f"- {line}\n")) == without_code_marks(in_one_line(f"a {name} z"))


@given(MARKS)
def test_a_cell_shows_what_is_in_it_and_is_one_cell(name: str) -> None:
    page = f"| head | other |\n|---|---|\n| a{as_cell(name)}z | b |\n"
    cells = [token for token in PAGE.parse(page) if token.type in ("th_open", "td_open")]
    assert len(cells) == 4
    assert without_code_marks(seen(page)) == without_code_marks(f"headothera{in_one_line(name)}zb")


@pytest.mark.parametrize("start", ["# head", "> said", "- item", "+ item", "[ ] task"])
def test_nothing_begins_a_block_of_its_own(start: str) -> None:
    assert [token.type for token in PAGE.parse(as_plain(start))] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]


@pytest.mark.parametrize("write", [as_plain, as_cell])
def test_usual_names_and_amounts_stay_as_they_are(write: Callable[[str], str]) -> None:
    for text in (
        "long_generation",
        "llama-3.3-70b",
        "$22.30 (0.149–0.203)",
        "e2e_p95",
        "-$4.19",
        "`costctl doctor`",
    ):
        assert write(text) == text
