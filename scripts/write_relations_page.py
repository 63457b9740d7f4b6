"""Write docs/reference/relations.md from the headers of the SQL files. Run by ``make schemas``; a test keeps
it in step.
"""

from __future__ import annotations

from pathlib import Path

from costctl.relations import Relation, load_relations
from costctl.store.engine_readings import STORED_READINGS
from costctl.store.spans import STORED_SPANS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "relations.md"
_TITLES = {
    "core": "What the figures are made of",
    "staging": "What the core reads",
    "checks": "Checks: a row is a mistake",
}


def rendered() -> str:
    """The page."""
    parts = [
        "# Relations\n",
        "Every relation can be selected from: `costctl sql 'SELECT * FROM calls LIMIT 5'`. Written by "
        "scripts/write_relations_page.py from the headers of the SQL files under costctl/sql.\n",
    ]
    relations = load_relations("duckdb").values()
    for layer, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts += [
            _section(each) for each in sorted(relations, key=lambda each: each.name) if each.layer == layer
        ]
    parts.append("## The stored columns\n")
    parts.append("`spans`: one row per (trace_id, span_id).\n")
    parts.append("\n".join(f"- `{field.name}` {field.type}" for field in STORED_SPANS) + "\n")
    parts.append("`engine_readings`: one row per report of an engine.\n")
    parts.append("\n".join(f"- `{field.name}` {field.type}" for field in STORED_READINGS) + "\n")
    return "\n".join(parts)


def _section(relation: Relation) -> str:
    columns = "\n".join(
        f"| {column.name} | {column.type} | {column.meaning or ''} |" for column in relation.columns
    )
    return (
        f"### {relation.name}\n\n{relation.question[:1].upper()}{relation.question[1:]} {relation.grain}\n\n"
        f"| column | type | |\n|---|---|---|\n{columns}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
