"""The how-to about invoices: its commands run and print what it shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.docs.page_commands import run_commands


def test_the_commands_print_what_the_page_shows(repository: Path, reader: Path) -> None:
    ran = run_commands(repository / "docs" / "how-to" / "reconcile-an-invoice.md", reader)
    assert len(ran) == 6
    assert [each.quoted for each in ran if each.quoted] == [each.printed for each in ran if each.quoted]
    detail = next(each.printed for each in ran if each.command.endswith("--detail"))
    contract = (repository / "sample_traces" / "contract.toml").read_text(encoding="utf-8")
    lines = [line.strip() for line in detail.splitlines()]
    assert [line for line in contract.splitlines() if line not in lines] == []
    document = json.loads((reader / "invoice.json").read_text(encoding="utf-8"))
    assert sum(round(each["usd"] * 100) for each in document["differences"]) == round(
        document["difference_usd"] * 100
    )
