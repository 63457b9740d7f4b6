"""The example of the page on the replay from Python runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = "docs/reference/simulate-from-python.md"


def test_the_example_runs_and_serves_nearly_all(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(
        r"```python\n(.*?)```", (repository / PAGE).read_text(encoding="utf-8"), re.DOTALL
    )
    names: dict[str, object] = {}
    exec(compile(example, PAGE, "exec"), names)  # the page is part of this repository
    served, *rest = capsys.readouterr().out.splitlines()
    assert len(rest) == 2
    assert int(served.split()[1]) > 900
