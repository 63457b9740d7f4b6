"""The weekly review as a comment of a pull request, and on paper."""

from __future__ import annotations

import msgspec
import pytest

from costctl.documents.report import Report
from costctl.errors import UsageError
from costctl.report import pdf
from costctl.report.comment import MARK, MOST_BYTES, as_comment
from costctl.report.page import as_page
from tests.report.sample_report import with_hostile_names


def test_a_comment_begins_with_its_mark_and_answers_before_it_folds(sample_report: Report) -> None:
    text = as_comment(sample_report)
    assert text.startswith(MARK)
    head, *folded = text.split("<details>")
    for question in ("What did we spend, and why?", "What to do now?", "Is the bill right?"):
        assert f"## {question}" in head
    assert len(folded) >= 8
    assert text.count("<details>") == text.count("</details>")


def test_a_comment_that_would_be_too_long_says_what_it_leaves_out(sample_report: Report) -> None:
    many = msgspec.structs.replace(
        sample_report.analysis,
        classes=tuple(each for each in sample_report.analysis.classes for _ in range(60)),
    )
    text = as_comment(msgspec.structs.replace(sample_report, analysis=many))
    assert len(text.encode()) <= MOST_BYTES
    assert "Left out, since a comment holds so much only: " in text
    assert "What does a success cost?" in text.split("Left out")[1]


def test_names_that_mean_harm_stay_within_their_cells(sample_report: Report) -> None:
    text = as_comment(with_hostile_names(sample_report))
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(text)
    assert len(text.encode()) <= MOST_BYTES
    assert "<script" not in text.replace("\\<script", "")
    assert "<img" not in text.replace("\\<img", "")


def test_a_page_is_printed_by_the_browser_that_is_there(
    sample_report: Report, browser: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser is not None
    assert pdf.as_pdf(as_page(sample_report)).startswith(b"%PDF-")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="No PDF can be made here"):
        pdf.as_pdf("<p>a page</p>")
