"""The page of the weekly review in a real browser: it loads and runs nothing, and every number is the document's."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from costctl.documents.report import Report
from costctl.report.chapters import chapters
from costctl.report.page import as_page
from tests.report.sample_report import saved, with_hostile_names

MOST_BYTES = 3_000_000
Scheme = Literal["light", "dark"]


class Told(HTMLParser):
    """The numbers that a page carries for machines."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            self.values += [float(value) for _, value in attrs if value is not None]


def numbers_in(value: object) -> set[float]:
    """Every number of a document."""
    match value:
        case bool() | str() | None:
            return set()
        case dict():
            return set().union(*map(numbers_in, value.values()))
        case list():
            return set().union(*map(numbers_in, value))
        case _:
            return {float(str(value))}


def test_every_number_of_the_page_is_one_of_the_document(sample_report: Report) -> None:
    told = Told()
    told.feed(as_page(sample_report))
    known = numbers_in(msgspec.json.decode(msgspec.json.encode(sample_report)))
    assert len(told.values) > 300
    assert [value for value in told.values if value not in known] == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_the_page_loads_nothing_says_nothing_and_is_accessible(
    sample_report: Report, browser: Browser, tmp_path: Path, width: int, scheme: Scheme
) -> None:
    path = saved(tmp_path, as_page(sample_report))
    assert path.stat().st_size < MOST_BYTES
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert said == []
    assert asked == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn = page.evaluate("[...document.querySelectorAll('.drawing svg')].map(each => each.getBBox().width)")
    assert len(drawn) == sum(len(each.charts) for each in chapters(sample_report)) >= 6
    assert min(drawn) > 100
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_names_that_mean_harm_do_nothing(sample_report: Report, browser: Browser, tmp_path: Path) -> None:
    hostile = with_hostile_names(sample_report)
    text = as_page(hostile)
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(text)
    context = browser.new_context(viewport={"width": 390, "height": 900})
    page, said = context.new_page(), []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(saved(tmp_path, text).as_uri())
    assert said == []
    assert page.title().startswith("Weekly review")
    assert page.evaluate("document.querySelectorAll('script, img, main iframe, [onerror]').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "<script>document" in page.inner_text("#spend")
    context.close()


def test_on_paper_what_is_folded_is_printed(sample_report: Report, browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(saved(tmp_path, as_page(sample_report)).as_uri())
    page.emulate_media(media="print")
    closed = page.locator("details:not([open])")
    assert closed.count() > 10
    heights = closed.evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert min(heights) > 40  # more than the line that folds it
    page.close()
