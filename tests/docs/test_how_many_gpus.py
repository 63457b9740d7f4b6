"""The how-to on the number of GPUs: from an export to a schedule in a policy, as the page quotes it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.docs.page_commands import run_commands

PAGE = "docs/how-to/how-many-gpus.md"


def test_an_export_leads_to_a_schedule_in_the_policy(repository: Path, reader: Path) -> None:
    ran = [each for each in run_commands(repository / PAGE, reader) if each.quoted]
    assert [each.printed for each in ran] == [each.quoted for each in ran]
    assert "2 to 4 replicas by the hour" in ran[0].printed
    (backend,) = json.loads((reader / "policy.json").read_text(encoding="utf-8"))["backends"]
    assert backend["schedule"]["period"] == "day"
    assert [each["replicas"] for each in backend["schedule"]["steps"]] == [3, 4, 3, 2]
    assert backend["start_up_us"] == 300_000_000
    for answer in (ran[0], ran[-1]):  # from calls with their times, and from arrivals and tokens alone
        assert "llm-premium: 2 to 4 replicas by the hour" in answer.printed
        assert "llm-premium: replicas 6 → 4" in answer.printed
    assert "no call tells how long it took" in ran[-1].printed
