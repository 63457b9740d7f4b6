"""Write docs/reference/dialects.md from the dialect files. Run by ``make schemas``; a test keeps it in step."""

from __future__ import annotations

from pathlib import Path

from costctl.ingest.dialect import Dialect, KeyRule, shipped_dialects
from costctl.ingest.mapping import built_in_mappings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "dialects.md"
_HEAD = """# Dialects and mappings

Which attribute carries which fact. Written by scripts/write_dialects_page.py from
`costctl/ingest/dialects/*.toml` and `costctl/ingest/mappings/*.toml`, which are all there is: no name of an
attribute stands in the code.

Of several attributes that a span carries for one column, the dialect with the lower rank speaks first, and
within a dialect the first key. `↳` leads into a JSON text; `+cache` and `+reasoning` mark counts that leave
these tokens out, which are then added, so that input tokens are always uncached + cached + written to the
cache, and output tokens include reasoning.
"""


def rendered() -> str:
    """The page."""
    dialects = shipped_dialects()
    parts = [_HEAD, "## Dialects\n", "| dialect | what it is | rank | known by |", "|---|---|---|---|"]
    parts += [
        f"| {each.name} | {each.about} | {each.rank} | {_codes(each.marks) or 'nothing of its own'} |"
        for each in dialects
    ]
    columns = dict.fromkeys(column for dialect in dialects for column in dialect.columns)
    for column in columns:
        parts += ["", f"### {column}\n", "| dialect | keys, the best first |", "|---|---|"]
        parts += [f"| {each.name} | {_keys(each, column)} |" for each in dialects if column in each.columns]
    parts += ["", "## Of the emitter\n", "| column | keys of the resource, the best first |", "|---|---|"]
    resource: dict[str, list[str]] = {}
    for dialect in dialects:
        for column, keys in dialect.resource.items():
            resource.setdefault(column, []).extend(keys)
    parts += [f"| {column} | {_codes(keys)} |" for column, keys in resource.items()]
    parts += [
        "",
        "## Mappings of request logs\n",
        "| mapping | known by | our column ← theirs |",
        "|---|---|---|",
    ]
    for name, mapping in built_in_mappings().items():
        pairs = ", ".join(f"{ours} ← `{source.paths[0]}`" for ours, source in mapping.columns.items())
        known_by = " or ".join(_codes(marks) for marks in mapping.mark_sets)
        parts.append(f"| {name} | {known_by} | {pairs} |")
    return "\n".join(parts) + "\n"


def _codes(keys: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _keys(dialect: Dialect, column: str) -> str:
    return ", ".join(_key(rule) for rule in dialect.columns[column])


def _key(rule: KeyRule | str) -> str:
    if isinstance(rule, str):
        return f"`{rule}`"
    said = f"`{rule.key}`" + (f" ↳ `{rule.field}`" if rule.field else "")
    marks = [
        mark
        for mark, is_so in (("+cache", rule.excludes_cache), ("+reasoning", rule.excludes_reasoning))
        if is_so
    ]
    if rule.factor != 1.0:
        marks.append(f"× {rule.factor:g}")
    if rule.parse != "value":
        marks.append(
            {"instant": "an instant", "duration": "a duration", "json_length": "its length"}[rule.parse]
        )
    if rule.requires:
        marks.append(f"beside `{rule.requires}`")
    if rule.kinds:
        marks.append(f"on {' and '.join(rule.kinds)} spans")
    return f"{said} ({', '.join(marks)})" if marks else said


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
