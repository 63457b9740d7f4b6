"""What does a page say? Its tables, its settings and its text, for tests that hold them to what costctl computes."""

from __future__ import annotations

from pathlib import Path

from costctl.config import load_config
from costctl.documents.settings import Settings


def explanation(repository: Path, name: str) -> Path:
    """The page of this name."""
    return repository / "docs" / "explanation" / f"{name}.md"


def rows_after(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table whose header row starts with this text."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading}"))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return cells


def settings_on(page: Path, folder: Path, number: int = 0) -> Settings:
    """A block of TOML on the page, the first unless another number is given, read as a costctl.toml is."""
    rest = page.read_text(encoding="utf-8").split("```toml\n")[1 + number]
    block, _, _ = rest.partition("```")
    path = folder / "costctl.toml"
    path.write_text(block, encoding="utf-8")
    return load_config(path, folder).settings


def text_of(page: Path) -> str:
    """The words of the page, one blank between them."""
    return " ".join(page.read_text(encoding="utf-8").split())


def number(cell: str) -> float:
    """A cell as a number: "8,000" is eight thousand."""
    return float(cell.replace(",", ""))


def number_or_none(cell: str) -> float | None:
    """The same; "none" is None."""
    return None if cell == "none" else number(cell)


def last_digit(cell: str) -> float:
    """Half a unit of the last digit that the cell shows: by how much a rounded number may be off."""
    _, _, decimals = cell.partition(".")
    return 0.5 * 10.0 ** -len(decimals) * (1 + 1e-9)
