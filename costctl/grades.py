"""What did graders find? A file of grades, CSV or JSON lines, as values.

In: a path. Out: ``Grade`` for each row. Columns: class, model, n, and score; passes may stand in the place of score, sd
beside it. An error names the line and the column, and prints nothing of what stands there.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from costctl.documents.grades import Grade
from costctl.errors import InputError

_COLUMNS: Final = ("class", "model", "score", "n", "passes", "sd")
_NEXT: Final = (
    "Write a header class,model,score,n and a row for each model of a class; see "
    "`costctl help advice-model-choice`."
)
Row = tuple[int, Mapping[str, Any]]


def read_grades(path: Path) -> tuple[Grade, ...]:
    """The grades of a file. Raises InputError for one that cannot be read, or a row that says nothing sensible."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "It is not text in UTF-8." if isinstance(error, UnicodeDecodeError) else f"{error.strerror}."
        raise InputError(f"{path} cannot be read.", why=why, next_step=_NEXT) from error
    found: dict[tuple[str, str], tuple[int, Grade]] = {}
    for line, row in _rows(path, text):
        grade = _grade(path, line, row)
        before = found.setdefault((grade.request_class, grade.model), (line, grade))
        if before[0] != line:
            raise _refused(path, line, "model", f"the same class and model stand on line {before[0]}")
    if not found:
        raise InputError(f"{path} holds no grades.", why="It has no row.", next_step=_NEXT)
    return tuple(grade for _, grade in found.values())


def _rows(path: Path, text: str) -> Iterator[Row]:
    is_json = text.lstrip().startswith("{")
    return _json_rows(path, text) if is_json else _csv_rows(path, text)


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    for line, said in enumerate(text.splitlines(), 1):
        if said.strip():
            try:
                row = json.loads(said)
            except ValueError as error:
                raise InputError(
                    f"{path} cannot be used.", why=f"Line {line} is no JSON object.", next_step=_NEXT
                ) from error
            if not isinstance(row, dict):
                raise InputError(
                    f"{path} cannot be used.", why=f"Line {line} is no JSON object.", next_step=_NEXT
                )
            yield line, row


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text))
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in ("class", "model", "n") if name not in header]
    if missing:
        raise InputError(
            f"{path} cannot be used.", why=f"Its header lacks {', '.join(missing)}.", next_step=_NEXT
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, dict(zip(header, cells, strict=False))


def _grade(path: Path, line: int, row: Mapping[str, Any]) -> Grade:
    n = _number(path, line, row, "n")
    if n is None or n != int(n) or n < 2:
        raise _refused(path, line, "n", "it is no whole number of at least 2")
    sd = _number(path, line, row, "sd")
    if sd is not None and sd < 0:
        raise _refused(path, line, "sd", "it is below 0")
    return Grade(
        request_class=_name(path, line, row, "class"),
        model=_name(path, line, row, "model"),
        score=_score(path, line, row, int(n), is_part=sd is None),
        n=int(n),
        sd=sd,
    )


def _score(path: Path, line: int, row: Mapping[str, Any], n: int, *, is_part: bool) -> float:
    """The mean, from passes where they are given."""
    score, passes = (_number(path, line, row, name) for name in ("score", "passes"))
    if passes is not None and not (0 <= passes <= n and passes == int(passes)):
        raise _refused(path, line, "passes", "it is no whole number from 0 to n")
    if score is None and passes is None:
        raise _refused(path, line, "score", "neither it nor passes is given")
    if score is not None and is_part and not 0.0 <= score <= 1.0:
        raise _refused(path, line, "score", "without sd it is the part that passed, from 0 to 1")
    if score is None or passes is None:
        return passes / n if passes is not None else score or 0.0
    if is_part and abs(passes / n - score) > 0.5 / n + 0.005:
        raise _refused(path, line, "passes", "it contradicts score and n")
    return passes / n if is_part else score


def _name(path: Path, line: int, row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if not isinstance(value, str) or not value.strip():
        raise _refused(path, line, column, "it is empty or no text")
    return value.strip()


def _number(path: Path, line: int, row: Mapping[str, Any], column: str) -> float | None:
    value = row.get(column)
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise _refused(path, line, column, "it is no number")
    return number


def _refused(path: Path, line: int, column: str, why: str) -> InputError:
    return InputError(f"{path} cannot be used.", why=f"Line {line}, column {column}: {why}.", next_step=_NEXT)
