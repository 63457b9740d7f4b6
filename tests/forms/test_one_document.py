"""Law: every number that any form of any verb prints is a number of the verb's JSON document, as it rounds at the
precision and in the unit printed; files for machines have each to its last digit; and the headline is in every form.

Verbs and their forms are read from the program (``walk``), numbers by parsers that the program does not have
(``numbers``, ``readers``). What a text counts or adds up besides is named in ``ALSO``, verb by verb.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.forms.printed_numbers import Held, Leaf, printed_in
from tests.forms.readers import PRINTED, numbers_of, rows_of, said_in, samples_of
from tests.forms.walk import ASKED, WITHOUT_FORMS, Case, Folder, cases, commands, forms

FEW: Final = 3  # numbers that any document has: 0 and 1
OF_NO_DOCUMENT: Final = ("_bucket", "_sum", "_timestamp_seconds")  # of histograms, and an instant
OF_MACHINES: Final = {"csv", "parquet"}
CASES: Final = [each for each in cases() if each.verb != "export"]
PRINTED_CASES: Final = [each for each in CASES if each.form in PRINTED]
# Where the numbers stand that a document is opened for.
HEADLINES: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("ingest", "few.jsonl"): ("totals.spans",),
    ("doctor",): ("requests",),
    ("segment",): ("requests",),
    ("analyze",): ("totals.requests", "totals.billed_usd"),
    ("analyze", "--by"): ("totals.requests", "totals.billed_usd"),
    ("diff",): ("change_usd",),
    ("simulate", "--load"): ("result.usd",),
    ("recommend",): ("baseline.usd",),
    ("recommend", "--portfolio"): ("baseline.usd",),
    ("report",): ("analysis.totals.billed_usd", "analysis.totals.requests"),
    ("check",): ("breached", "cannot_say"),
    ("contract check", "--contract"): ("requests",),
    ("baseline show",): ("totals.requests", "totals.billed_usd"),
    ("store info",): ("spans",),
}


@pytest.fixture(scope="module")
def folder(sample_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    made = Folder(tmp_path_factory.mktemp("forms"), sample_store)
    yield made
    made.close()


def test_every_verb_is_asked_or_prints_no_document() -> None:
    assert {name for name, _ in commands()} == {*ASKED} | {*WITHOUT_FORMS}
    assert {*forms()} == {*ASKED}


def test_every_form_is_read() -> None:
    read = {*PRINTED, *OF_MACHINES, "json", "pdf", *forms()["export"]}
    assert {form for found in forms().values() for form in found} - read == set()


def _of_prices(document: Any) -> list[Leaf]:
    """Models, and those below the shown ones; prices of a model besides the four that have a column."""
    shown = Counter((each["provider"], each["model"]) for each in document["prices"])
    models = len(shown)
    columns = {"input", "cached_input", "cache_write", "output"}
    usual = {
        key: sum(
            each["token_kind"] in columns and each["service_tier"] == "default"
            for each in document["prices"]
            if (each["provider"], each["model"]) == key
        )
        for key in shown
    }
    others = [Leaf(count - usual[key], "", {"model": key[1]}) for key, count in shown.items()]
    return [Leaf(models, "", {}), Leaf(models - 12, "", {}), *others]


def _of_the_map(document: Any) -> list[Leaf]:
    """Errors of all classes, by their kind."""
    spans: dict[str, int] = defaultdict(int)
    for faults in document.get("faults", ()):
        for each in faults["errors"]:
            spans[each["error_type"]] += each["spans"]
    return [Leaf(each, "", {}) for each in spans.values()]


def _of_rows(document: Any) -> list[Leaf]:
    """Columns."""
    return [Leaf(len(document[0]), "", {})]


def _of_words(document: Any) -> list[Leaf]:
    """Values that the document itself has in words, such as "at most 9 a replica"."""
    match document:
        case dict():
            return [leaf for each in document.values() for leaf in _of_words(each)]
        case list():
            return [leaf for each in document for leaf in _of_words(each)]
        case str():
            return [Leaf((each.low + each.high) / 2, each.kind, {}) for each in printed_in(document)]
        case _:
            return []


def _of_a_plan(document: Any) -> list[Leaf]:
    """Values in words, and days as time."""
    stages = [stage for step in document["steps"] for stage in step["stages"]]
    days = [each["days"] for each in (document, *document["steps"], *stages) if each["days"] is not None]
    return [*_of_words(document), *(Leaf(each * 86_400.0, "s", {}) for each in days)]


ALSO: Final[Mapping[str, Callable[[Any], list[Leaf]]]] = {
    "contract check": _of_words,
    "policy diff": _of_words,
    "policy explain": _of_words,
    "policy plan": _of_a_plan,
    "policy verify": _of_words,
    "prices list": _of_prices,
    "segment": _of_the_map,
    "sql": _of_rows,
}


def held(folder: Folder, case: Case) -> Held:
    document = folder.document(case.verb, case.words)
    return Held(document, also=ALSO.get(case.verb, lambda _: [])(document))


def texts_of(folder: Folder, case: Case) -> list[str]:
    """The first screen, and all that is behind it."""
    return [
        said_in(case.form, folder.asked(case.verb, case.words, case.form, *more)) for more in case.views()
    ]


@pytest.mark.parametrize("case", PRINTED_CASES, ids=str)
def test_every_number_that_is_printed_is_of_the_document(folder: Folder, case: Case) -> None:
    document = held(folder, case)
    assert [wrong for text in texts_of(folder, case) for wrong in document.unfound(text)[0]] == []


@pytest.mark.parametrize("case", [each for each in CASES if each.form in OF_MACHINES], ids=str)
def test_every_number_of_a_table_for_machines_is_of_the_document(folder: Folder, case: Case) -> None:
    document = held(folder, case)
    rows = rows_of(case.form, folder.asked(case.verb, case.words, case.form))
    assert [wrong for row in rows for wrong in document.unknown(row)] == []


@pytest.mark.parametrize("case", PRINTED_CASES, ids=str)
def test_the_law_fails_where_the_numbers_are_others(folder: Folder, case: Case) -> None:
    """Without this, a reader that sees no number, or a document that holds any, would pass."""
    other = Held(_altered(folder.document(case.verb, case.words)))
    found = [other.unfound(text) for text in texts_of(folder, case)]
    wrong, seen = sum(len(each) for each, _ in found), sum(count for _, count in found)
    assert wrong >= 0.4 * seen - FEW


def _altered(value: Any) -> Any:
    """The document with every number another: by a part of itself that differs from number to number."""
    match value:
        case dict():
            return {key: _altered(each) for key, each in value.items()}
        case list():
            return [_altered(each) for each in value]
        case bool() | None | str():
            return value
        case _:
            part = 1.1 + zlib.crc32(repr(value).encode()) % 1000 / 1500
            return value * part + 0.37


HEADED: Final = [
    each
    for each in CASES
    if each.headline() in HEADLINES
    and each.form not in ("json", "pdf")
    and (each.verb, each.form) != ("recommend", "csv")  # a row for each step, and no total
]


@pytest.mark.parametrize("case", HEADED, ids=str)
def test_the_headline_is_in_every_form(folder: Folder, case: Case) -> None:
    """As a number, or of a table for machines as the sum of a column."""
    document = folder.document(case.verb, case.words)
    wanted = [_at(document, path) for path in HEADLINES[case.headline()]]
    said = [*_ranges(folder, case)]
    assert [each for each in wanted if not any(low <= abs(each) <= high for low, high in said)] == []


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document[key]
    return document


def _ranges(folder: Folder, case: Case) -> Iterator[tuple[float, float]]:
    """Of each number that a form has, what it may stand for."""
    content = folder.asked(case.verb, case.words, case.form)
    if case.form in OF_MACHINES:
        columns: dict[str, float] = defaultdict(float)
        for key, value in numbers_of(rows_of(case.form, content)):
            columns[key] += value
            yield abs(value), abs(value)
        yield from ((each * 0.999999, each * 1.000001) for each in columns.values())
    else:
        for line in said_in(case.form, content).splitlines():
            yield from ((each.low, each.high) for each in printed_in(line))


def test_every_charge_of_focus_and_of_chargeback_is_in_the_bill(folder: Folder) -> None:
    totals = folder.document("analyze", ())["totals"]
    focus = rows_of("csv", folder.asked("export", (), "focus"))
    assert sum(row["BilledCost"] for row in focus) == pytest.approx(totals["billed_usd"], rel=1e-9)
    *rows, total = rows_of("csv", folder.asked("export", (), "chargeback"))
    assert sum(row["usd"] for row in rows) == pytest.approx(totals["billed_usd"], rel=1e-9)
    assert sum(row["requests"] for row in rows) == total["requests"] == totals["requests"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_number_of_the_exported_classes_is_of_the_analysis(folder: Folder, form: str) -> None:
    document = Held(folder.document("analyze", ()))
    rows = rows_of(form, folder.asked("export", (), form))
    assert len(rows) > 3
    assert [wrong for row in rows for wrong in document.unknown(row)] == []


def test_every_metric_is_of_the_analysis(folder: Folder) -> None:
    document = Held(folder.document("analyze", ()), folder.document("segment", ()))
    samples = [*samples_of(folder.asked("export", (), "openmetrics"))]
    told = [{**labels, name: value} for name, labels, value in samples if not name.endswith(OF_NO_DOCUMENT)]
    assert [wrong for sample in told for wrong in document.unknown(sample)] == []


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_table_of_a_saved_document_is_of_it(folder: Folder, form: str) -> None:
    for verb in (
        "analyze",
        "segment",
        "diff",
        "recommend",
        "simulate",
        "doctor",
        "report",
        "check",
        "reconcile",
    ):
        saved, tables = folder.path / "saved.json", folder.path / f"tables-{verb}-{form}"
        saved.write_bytes(folder.asked(verb, ASKED[verb][0], "json"))
        folder.run("export", "--document", str(saved), "--format", form, "--out", str(tables))
        document = Held(json.loads(saved.read_text()))
        files = sorted(tables.iterdir())
        assert files
        rows = [row for file in files for row in rows_of(form, file.read_bytes())]
        assert [(verb, wrong) for row in rows for wrong in document.unknown(row)] == []
