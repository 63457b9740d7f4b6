"""The how-to on gates: its commands run in order, print what the page quotes, and its pipelines use what is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.docs.page_commands import Ran, run_commands

PAGE = "docs/how-to/gate-a-pull-request.md"
GATES = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PIPELINE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def followed(page: str, reader: Path, tmp_path: Path) -> list[Ran]:
    """What the commands print before the gates are written, and after they are."""
    before, gates, after = GATES.split(page)
    ran: list[Ran] = []
    for number, part in enumerate((before, after)):
        (tmp_path / f"part{number}.md").write_text(part, encoding="utf-8")
        ran.extend(run_commands(tmp_path / f"part{number}.md", reader))
        with (reader / "costctl.toml").open("a", encoding="utf-8") as settings:
            settings.write(f"\n{gates}" if number == 0 else "")
    return ran


def test_the_commands_print_what_the_page_quotes(repository: Path, reader: Path, tmp_path: Path) -> None:
    ran = followed((repository / PAGE).read_text(encoding="utf-8"), reader, tmp_path)
    quoted = [each for each in ran if each.quoted]
    assert len(quoted) == 1
    assert [each.printed for each in quoted] == [each.quoted for each in quoted]
    of_main = next(each for each in ran if each.command.startswith("costctl check main"))
    assert "8 checks hold" in of_main.printed
    assert "All 8 checks hold" in ran[-1].printed
    assert (reader / "gates.xml").read_text(encoding="utf-8").startswith("<?xml")


def test_its_pipelines_use_the_inputs_and_the_job_that_are_there(repository: Path) -> None:
    github, gitlab = PIPELINE.findall((repository / PAGE).read_text(encoding="utf-8"))
    steps = yaml.safe_load(github)["jobs"]["cost"]["steps"]
    (ours,) = (step for step in steps if str(step.get("uses")).startswith("costctl/"))
    action = yaml.safe_load((repository / "action.yml").read_text(encoding="utf-8"))
    assert set(ours["with"]) <= set(action["inputs"])
    (used,) = re.findall(r"steps\.gates\.outputs\.(\w+)", github)
    assert used in action["outputs"]
    included = yaml.safe_load(gitlab)
    (source,) = included.pop("include")
    path = source["remote"].partition("/main/")[2]
    job = yaml.safe_load((repository / path).read_text(encoding="utf-8"))
    assert set(included) == set(job)
    assert set(included["costctl-check"]["variables"]) <= set(job["costctl-check"]["variables"])
