"""The how-to on data boundaries: its commands run, and its settings judge as it says."""

from __future__ import annotations

import re
from pathlib import Path

from costctl.config import parsed_config
from costctl.levers.boundary import reason_kept, reason_outside
from tests.docs.page_commands import run_commands

FILES = re.compile(r"^`(\w+\.toml)`:\n\n```toml\n(.+?)```", re.MULTILINE | re.DOTALL)


def files_of(repository: Path) -> dict[str, str]:
    page = repository / "docs" / "how-to" / "keep-data-where-it-may-be.md"
    return dict(FILES.findall(page.read_text(encoding="utf-8")))


def test_the_data_of_the_uk_stays_there_and_litellm_is_refused(repository: Path, reader: Path) -> None:
    for name, text in files_of(repository).items():
        (reader / name).write_text(text, encoding="utf-8")
    ran = run_commands(repository / "docs" / "how-to" / "keep-data-where-it-may-be.md", reader)
    assert "required: jurisdictions uk; kept in no cache; not logged" in " ".join(ran[1].printed.split())


def test_the_provider_of_the_eu_example_is_outside_for_its_cache_and_its_batches(repository: Path) -> None:
    settings = parsed_config(Path("costctl.toml"), files_of(repository)["eu.toml"].encode()).settings
    personal, openai = settings.data.classifications["personal"], settings.providers["openai"]
    assert (
        reason_outside(personal, openai)
        == "of its cached prompts the jurisdiction is us, and only eu is allowed"
    )
    assert "up to 30 days" in (reason_kept(personal, openai, keep="none", tier="batch") or "")
    assert reason_outside(settings.data.classifications["public"], openai) is None
