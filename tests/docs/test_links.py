"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(#[^)]*)?\)")


def pages(repository: Path) -> list[Path]:
    folders = ("docs", "sample_traces", "bench")
    found = [page for folder in folders for page in (repository / folder).rglob("*.md")]
    return sorted([*found, repository / "README.md", repository / "CHANGELOG.md"])


def test_every_relative_link_leads_to_a_file(repository: Path) -> None:
    broken = [
        f"{page.relative_to(repository)}: {target}"
        for page in pages(repository)
        for target, _anchor in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def anchors_of(page: Path) -> set[str]:
    """What a link may name on a page: its headings, in small letters, blanks as hyphens, without other signs."""
    headings = [line.lstrip("#").strip() for line in page.read_text().splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_anchor_is_a_heading_of_the_page_that_it_leads_to(repository: Path) -> None:
    broken = [
        f"{page.relative_to(repository)}: {target}{anchor}"
        for page in pages(repository)
        for target, anchor in LINK.findall(page.read_text())
        if anchor
        and "://" not in target
        and (page.parent / target).suffix == ".md"
        and (page.parent / target).exists()
        and anchor.removeprefix("#") not in anchors_of(page.parent / target)
    ]
    assert broken == []


def test_every_page_is_reached_from_the_readme(repository: Path) -> None:
    reached: set[Path] = set()
    ahead = [repository / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        for target, _anchor in LINK.findall(page.read_text()):
            linked = (page.parent / target).resolve()
            if linked.suffix == ".md" and linked.exists():
                ahead.append(linked)
    lost = [str(page.relative_to(repository)) for page in pages(repository) if page.resolve() not in reached]
    assert lost == []
