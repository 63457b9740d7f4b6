"""Which API answered with this JSON, and what does it say?

In: the JSON of a file: a page, a list of pages, or one page a line. Out: what was read, one ``Read`` a format; none
where it is no answer that is known. Which API it is stands in its buckets and results, never in the name of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from costctl.billed import anthropic, litellm, openai
from costctl.billed.reading import Reading, UnreadableError, span_ns
from costctl.billed.row import Read
from costctl.documents.reconciliation import BillFormat


class Readings(dict[BillFormat, Reading]):
    """A reading for each format that is met. empty: the times without a result, and what they would be of."""

    def __init__(self) -> None:
        super().__init__()
        self.empty: list[tuple[BillFormat, tuple[int, int]]] = []

    def cover_empty(self) -> None:
        """Nothing was used at these times, by the formats that were met."""
        for form, between in self.empty:
            for reading in list(self.values()) or [self[form]]:
                reading.cover(*between)

    def __missing__(self, form: BillFormat) -> Reading:
        self[form] = Reading(form)
        return self[form]


def pages_of(data: bytes) -> list[Any]:
    """The JSON values of a file. Raises ValueError where it is no JSON."""
    try:
        whole = msgspec.json.decode(data)
        return whole if isinstance(whole, list) else [whole]
    except msgspec.DecodeError:
        lines = [line for line in data.splitlines() if line.strip()]
        if not lines:
            raise ValueError("no JSON") from None
        first = _decoded(lines[0])  # raises where not even the first line is JSON
        return [first, *(_or_none(line) for line in lines[1:])]


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("no JSON") from error


def _or_none(line: bytes) -> Any:
    try:
        return _decoded(line)
    except ValueError:
        return None


def read_pages(pages: list[Any]) -> tuple[Read, ...]:
    """What the pages say, by format; empty where none of them is of an API that is known."""
    readings = Readings()
    strange = 0
    for page in pages:
        if not _read_page(page, readings):
            strange += 1
    readings.cover_empty()
    if readings:
        first = next(iter(readings.values()))
        for _ in range(strange):
            first.fault("shape")
    return tuple(readings[form].read() for form in sorted(readings))


def _read_page(page: Any, readings: Readings) -> bool:
    """Whether the page is of an API that is known."""
    if not isinstance(page, Mapping):
        return False
    if "startTime" in page and "spend" in page:
        litellm.log_rows(page, readings["litellm"])
        return True
    if "group_by_day" in page and "teams" in page:
        _each_line(litellm.report_rows, page, readings["litellm"])
        return True
    days, buckets = page.get("results"), page.get("data")
    if isinstance(days, list) and any(isinstance(day, Mapping) and "metrics" in day for day in days):
        for day in days:
            _each_line(litellm.activity_rows, day, readings["litellm"])
        return True
    if ("object" in page and page["object"] == "bucket") or ("starting_at" in page and "results" in page):
        buckets = [page]
    if not isinstance(buckets, list) or not buckets:
        return False
    known = [_read_bucket(bucket, readings) for bucket in buckets]
    return any(known)


def _each_line(rows_of: Callable[[Mapping[str, Any], Reading], None], entry: Any, reading: Reading) -> None:
    try:
        if not isinstance(entry, Mapping):
            raise UnreadableError("shape")
        rows_of(entry, reading)
    except UnreadableError as error:
        reading.fault(error.fault)


def _read_bucket(bucket: Any, readings: Readings) -> bool:
    if not isinstance(bucket, Mapping) or not isinstance(bucket.get("results", bucket.get("result")), list):
        return False
    results = bucket.get("results", bucket.get("result"))
    is_openai = "start_time" in bucket
    if not is_openai and "starting_at" not in bucket:
        return False
    forms = _forms(results, is_openai=is_openai)
    fallback: BillFormat = "openai_usage" if is_openai else "anthropic_usage"
    try:
        between = (
            span_ns(bucket.get("start_time"), bucket.get("end_time"))
            if is_openai
            else span_ns(bucket.get("starting_at"), bucket.get("ending_at"))
        )
    except UnreadableError as error:
        readings[forms[0] if forms else fallback].fault(error.fault)
        return True
    if not results:
        readings.empty.append((fallback, between))
    for form, result in zip(forms, results, strict=True):
        _read_result(form, result, between, readings[form])
    return True


def _forms(results: list[Any], *, is_openai: bool) -> list[BillFormat]:
    """The format of each result; what is no object is counted with those that are."""
    of_costs: BillFormat = "openai_costs" if is_openai else "anthropic_cost"
    of_usage: BillFormat = "openai_usage" if is_openai else "anthropic_usage"
    has_costs = any("amount" in result for result in results if isinstance(result, Mapping))
    return [
        of_costs if ("amount" in result if isinstance(result, Mapping) else has_costs) else of_usage
        for result in results
    ]


def _read_result(form: BillFormat, result: Any, between: tuple[int, int], reading: Reading) -> None:
    reading.cover(*between)
    if not isinstance(result, Mapping):
        reading.fault("shape")
        return
    match form:
        case "openai_costs":
            reading.line(lambda: openai.cost_rows(result, between))
        case "openai_usage":
            reading.line(lambda: openai.usage_rows(result, between, str(result.get("object") or "")))
        case "anthropic_cost":
            reading.line(lambda: anthropic.cost_rows(result, between))
        case _:
            reading.line(lambda: anthropic.usage_rows(result, between))
