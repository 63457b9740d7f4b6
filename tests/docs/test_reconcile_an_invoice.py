"""The how-to about invoices: its commands run and print what it shows, and its files are what the script writes."""

from __future__ import annotations

import json
import subprocess
import sys
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


def test_the_bills_are_what_the_script_writes(repository: Path) -> None:
    script = "import json, write_gateway_bills as bills; print(json.dumps(bills.rendered()))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository / "scripts", capture_output=True, text=True, check=True
    )
    folder = repository / "sample_traces" / "bills"
    assert json.loads(done.stdout) == {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()
    }
