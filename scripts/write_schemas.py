"""Write schemas/NAME.schema.json for every document. Run by ``make schemas``; a test keeps them in step."""

from __future__ import annotations

from pathlib import Path

from costctl.documents.schemas import NAMES, rendered


def main() -> None:
    """Write every schema into schemas/ at the root of the checkout."""
    folder = Path(__file__).resolve().parents[1] / "schemas"
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.schema.json").write_text(rendered(name), encoding="utf-8")


if __name__ == "__main__":
    main()
