"""Names come from traces and are anyone's text: none steers a terminal, breaks a row, or spoils a file's comments."""

from __future__ import annotations

import unicodedata

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.legible import in_one_line, legible
from costctl.policy.targets.origin import commented
from costctl.render.cells import ratio
from costctl.render.markdown import as_markdown
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table
from costctl.render.terminal import as_terminal_text
from tests.thoroughness import how_many

RED = "\x1b[31mchat\x1b[0m"
ANYTHING = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\u202e\u2066\r\n\t")), max_size=12)
MANY = settings(max_examples=how_many(50, thorough=500), deadline=None)


def sections(name: str) -> list[Section]:
    return [
        Facts((("Next", f"look at {name}"),)),
        Notes("Notes", (f"of {name}",), code=f"[classes.{name}]"),
        Table("Classes", ("class", "USD"), ((name, "1"),), frozenset({"class"})),
        Table("Classes", ("class", "USD"), ((name, "1"),), frozenset({"class"}), is_compact=True),
        HeatMap("When", "class", ("00",), ((name, (ratio(0.5),)),), (0.2, 0.4, 0.6, 0.8), "shares"),
        Listing("File", f"# {name}", "toml"),
    ]


def steers(text: str) -> set[str]:
    """The characters of a text that do more than stand there."""
    return {
        each
        for each in text
        if each not in "\n\t"
        and (
            unicodedata.category(each) == "Cc"
            or unicodedata.bidirectional(each) in {"RLO", "LRO", "RLI", "LRI"}
        )
    }


@given(name=ANYTHING)
@MANY
def test_no_name_steers_what_is_printed(name: str) -> None:
    assert steers(as_markdown(sections(name))) == set()
    assert steers(as_terminal_text(sections(name))) == set()


@given(name=ANYTHING)
@MANY
def test_a_comment_is_yaml_whatever_it_names(name: str) -> None:
    assert yaml.safe_load(commented((f"class {name}",)) + "a: 1\n") == {"a": 1}


def test_what_would_steer_is_spelled_out() -> None:
    assert legible(RED) == "\\x1b[31mchat\\x1b[0m"
    assert in_one_line("new\nline") == "new\\nline"
    assert legible("über 日本語\ttab\n") == "über 日本語\ttab\n"


def test_a_name_of_two_lines_stays_in_its_row() -> None:
    (table,) = (each for each in sections("new\nline") if isinstance(each, Table) and not each.is_compact)
    assert table.texts() == (("new\\nline", "1"),)
