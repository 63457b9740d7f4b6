"""One document, eight forms: each carries the same numbers, keeps to its schema, and no name does anything in it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from costctl.documents.check import Check, Verdict
from costctl.documents.schemas import schema_for
from costctl.render import check, check_markdown, check_pipelines, check_sarif, check_screen, check_words
from costctl.render.document import as_json
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from tests.gates.named_checks import check_of
from tests.thoroughness import how_many

SCHEMAS: Final = Path(__file__).parent / "schemas"
CHECK: Final = check_of("chat")
PATH: Final = "services/a b/costctl.toml"
JUNIT: Final = xmlschema.XMLSchema(str(SCHEMAS / "JUnit.xsd"))
SARIF: Final = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
HOSTILE: Final = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://evil.example\")",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe",
    "a|b`c`*d*_e_[f](http://evil.example)![g](http://evil.example/x.png)",
    "@everyone see www.evil.example and #1",
    "]]>&amp;\"'<!--",
    "::error::forged%0A::set-output",
    "first\n::error::second\r\n| new | row |",
    "{0} [link](1) \\",
    "x" * 10_000,
    "\ud800\ufffe",
    "'; rm -rf ~ #",
)  # fmt: skip
Form = Callable[[Check], str]
FORMS: Final[dict[str, Form]] = {
    "table": lambda shown: as_terminal_text(check_screen.screen(shown, View())),
    "detail": lambda shown: as_terminal_text(check.sections(shown)),
    "markdown": check_markdown.rendered,
    "junit": lambda shown: check_pipelines.as_junit(shown, PATH),
    "github": lambda shown: check_pipelines.as_github(shown, PATH),
    "gitlab": lambda shown: check_pipelines.as_gitlab(shown, PATH),
    "sarif": lambda shown: check_sarif.as_sarif(shown, PATH),
}
LISTS_ONLY_WHAT_IS_WRONG: Final = {"github", "gitlab", "sarif"}
NAMES: Final = st.one_of(
    st.text(st.characters(), min_size=1, max_size=30), st.sampled_from(HOSTILE), st.text("<>|&*[]()!`\"'%:,\r\n{}@\\")
).filter(bool)  # fmt: skip
MANY: Final = settings(max_examples=how_many(40, thorough=400), deadline=None)


def said_in(text: str) -> str:
    """What a reader sees: escapes of every form undone, lines that were folded put together."""
    plain = re.sub(r"\\([\\`*_\[\]<>#|~&$])", r"\1", text).replace("%25", "%").replace("&#58;", ":")
    return " ".join(plain.split())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same_numbers(form: str) -> None:
    text = said_in(FORMS[form](CHECK))
    told = [
        each for each in CHECK.verdicts if form not in LISTS_ONLY_WHAT_IS_WRONG or each.outcome != "passed"
    ]
    words = (check_words.found, check_words.limit, check_words.outcome)
    numbers = [said(each) for each in told for said in words]
    assert len(numbers) >= 12
    assert [number for number in numbers if number not in text] == []
    assert "2 of 5 checks breached, 2 cannot be said" in text or form in {"junit", "gitlab"}
    assert "1,234 requests" in text or form == "gitlab"


def test_the_words_round_the_numbers_of_the_document() -> None:
    dear, pool, spent, gone, slow = CHECK.verdicts
    assert check_words.found(dear) == "+12.8% (+9.3% to +16.4%)"
    assert check_words.against_baseline(dear) == "$0.0132, was $0.0117"
    assert (check_words.limit(dear), check_words.excess(dear)) == ("up at most 5.0%", "7.8 pp over")
    assert (check_words.found(pool), check_words.excess(pool)) == ("24.1%", "25.9 pp too low")
    assert (check_words.found(spent), check_words.limit(spent)) == ("$7.25", "$31.00 a month")
    assert check_words.reason(spent, CHECK) == (
        "6.3% of the month was seen, until 2026-01-13 23:15 UTC, and nothing of it before 2026-01-12 00:05."
    )
    assert (check_words.found(gone), check_words.limit(gone)) == ("281", "down at most 20.0%")
    assert (check_words.found(slow), check_words.outcome(slow)) == (
        "6.71 s (6.18 s to 7.37 s)",
        "holds, within noise",
    )


def test_json_and_csv_hold_every_digit() -> None:
    document = json.loads(as_json(CHECK))
    rows = list(csv.DictReader(io.StringIO(check.csv_text(CHECK))))
    for each, row, verdict in zip(document["verdicts"], rows, CHECK.verdicts, strict=True):
        assert each["value"] == verdict.value == float(row["value"])
        assert each["limit_value"] == verdict.limit_value == float(row["limit_value"])
        judged = verdict.judged
        assert row["judged"] == ("" if judged is None else repr(judged.value))
        assert row["judged_low"] == ("" if judged is None or judged.low is None else repr(judged.low))
    jsonschema.validate(document, schema_for("check"))
    assert msgspec.json.decode(as_json(CHECK), type=Check) == CHECK


def test_code_scanning_gets_the_digits_too() -> None:
    results = results_of(CHECK)
    for result, verdict in zip(results, CHECK.verdicts, strict=False):
        assert result["properties"]["value"] == verdict.value
        assert result["properties"]["limit_value"] == verdict.limit_value
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == verdict.line
    assert [(each["kind"], each["level"]) for each in results] == [("fail", "error")] * 2 + [
        ("open", "none")
    ] * 2


def results_of(document: Check) -> list[dict[str, Any]]:
    log = json.loads(check_sarif.as_sarif(document, PATH))
    jsonschema.Draft4Validator(SARIF).validate(log)
    return list(log["runs"][0]["results"])


@pytest.mark.parametrize("name", HOSTILE)
def test_sarif_keeps_to_its_schema_and_its_messages_are_text(name: str) -> None:
    for result in results_of(check_of(name)):
        message = result["message"]["text"]
        assert re.search(r"(?<!\\)(\\\\)*[\[\]]", message) is None
        assert re.search(r"(?<!\{)\{(\{\{)*(?!\{)", message) is None
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
            "services/a%20b/costctl.toml"
        )


@given(name=NAMES)
@MANY
def test_junit_keeps_to_its_schema_whatever_anything_is_called(name: str) -> None:
    text = check_pipelines.as_junit(check_of(name), PATH)
    JUNIT.validate(text)
    (suite,) = ElementTree.fromstring(text)
    cases = suite.findall("testcase")
    assert [len(case.findall("failure")) for case in cases] == [1, 1, 0, 0, 0]
    assert [len(case.findall("error")) for case in cases] == [0, 0, 1, 1, 0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "2", "2")


@given(name=NAMES)
@MANY
def test_github_runs_no_command_that_a_name_brings_along(name: str) -> None:
    lines = check_pipelines.as_github(check_of(name), PATH).split("\n")
    assert [line.split(" ")[0] for line in lines[:-1]] == ["::error"] * 2 + ["::warning"] * 2 + ["::notice"]
    for line in lines[:-1]:
        properties, _, _ = line.partition(" ")[2].partition("::")
        assert {each.partition("=")[0] for each in properties.split(",")} <= {"file", "line", "title"}


@given(name=NAMES)
@MANY
def test_gitlab_reads_a_list_of_known_fields(name: str) -> None:
    entries = json.loads(check_pipelines.as_gitlab(check_of(name), PATH))
    assert [each["severity"] for each in entries] == ["critical"] * 2 + ["minor"] * 2
    assert len({each["fingerprint"] for each in entries}) == 4
    assert {each["location"]["lines"]["begin"] for each in entries} == {10, 20, 30, 40}


# The page's own: what stands between <details> and its end is a block of HTML, in a line.
OF_OUR_OWN = ("html_inline",)


@given(name=NAMES)
@MANY
def test_markdown_has_no_tag_link_image_or_row_of_a_name(name: str) -> None:
    text = check_markdown.rendered(check_of(name))
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inline = [each for token in parsed for each in token.children or ()]
    assert {each.type for each in inline} <= {"text", "text_special", "code_inline", "softbreak", *OF_OUR_OWN}
    tags = {each.content for each in (*parsed, *inline) if each.type in ("html_block", "html_inline")}
    assert {tag for each in tags for tag in re.findall("<[^>]*>", each)} == {
        "<details>", "<summary>", "</summary>", "</details>",
    }  # fmt: skip
    shown = re.sub(r"(?<!\\)`[^`\n]*`", "", text)
    assert re.search(r"://|@\w|www\.", shown, re.IGNORECASE) is None
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 * 2 + 5
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {5}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["table", "detail"])
def test_a_terminal_is_not_steered(form: str, name: str) -> None:
    text = FORMS[form](check_of(name))
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", HOSTILE)
def test_a_spreadsheet_runs_nothing(name: str) -> None:
    for row in csv.reader(io.StringIO(check.csv_text(check_of(name)), newline="")):
        assert [cell for cell in row if cell.startswith(("=", "@", "\t", "\r", "+"))] == []


@pytest.mark.parametrize("form", FORMS)
def test_a_name_of_ten_thousand_letters_fills_no_page(form: str) -> None:
    assert len(FORMS[form](check_of("x" * 10_000))) < 20_000


def test_a_check_is_known_again_by_whom_and_what_it_is_about_and_not_by_what_was_found() -> None:
    first, other = CHECK.verdicts[0], check_of("rag").verdicts[0]
    again = msgspec.structs.replace(first, value=0.02, line=99, gate=7)
    assert check_pipelines.fingerprint(first) == check_pipelines.fingerprint(again)
    assert check_pipelines.fingerprint(first) != check_pipelines.fingerprint(other)


def test_the_first_lines_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = FORMS["table"](CHECK).splitlines()
    assert lines[0] == "2 of 5 checks breached, 2 cannot be said"
    assert len(lines) <= 24
    assert "BREACHED, 7.8 pp over" in "\n".join(lines)
    assert lines[-1].split(maxsplit=1) == ["Next", "costctl explain chat · costctl recommend"]


def causes() -> list[Verdict]:
    from typing import get_args

    from costctl.documents.check import Cause

    gone = CHECK.verdicts[3]
    return [
        msgspec.structs.replace(gone, cause=cause, samples=3, samples_needed=28)
        for cause in get_args(Cause)
        if cause not in {"beyond", "expected_beyond", "within", "within_noise", "begin_not_seen"}
    ]


@pytest.mark.parametrize("verdict", causes(), ids=lambda each: each.cause)
def test_everything_that_cannot_be_said_has_its_reason_and_its_next_step(verdict: Verdict) -> None:
    assert len(check_words.reason(verdict, CHECK)) > 20
    assert check_words.next_command(verdict)
