"""The workload map as a table and as CSV."""

from __future__ import annotations

from costctl.cli.render.numbers import NOT_OBSERVED, count, ratio, tokens
from costctl.cli.render.tables import Notes, Section, Table, as_csv
from costctl.documents.workload_map import WorkloadMap

_COLUMNS = (
    "class",
    "requests",
    "share",
    "tokens in",
    "tokens out",
    "median in",
    "median out",
    "peak hour UTC",
    "rules",
)


def sections(document: WorkloadMap) -> list[Section]:
    """One row per class, the largest first."""
    rows = tuple(
        (
            mix.request_class,
            count(mix.requests),
            ratio(mix.request_ratio),
            tokens(mix.input_tokens),
            tokens(mix.output_tokens),
            tokens(mix.input_tokens_p50),
            tokens(mix.output_tokens_p50),
            NOT_OBSERVED if mix.peak_hour_utc is None else f"{mix.peak_hour_utc:02d}",
            ", ".join(mix.rules),
        )
        for mix in document.classes
    )
    return [
        Table("Classes", _COLUMNS, rows, frozenset({"class", "rules"})),
        Notes("Total", (f"{count(document.requests)} requests in {len(document.classes)} classes.",)),
    ]


def csv_text(document: WorkloadMap) -> str:
    """One row per class."""
    return as_csv(
        (
            "request_class",
            "requests",
            "request_ratio",
            "input_tokens",
            "output_tokens",
            "input_tokens_p50",
            "output_tokens_p50",
            "peak_hour_utc",
            "rules",
        ),
        [
            [
                mix.request_class,
                mix.requests,
                mix.request_ratio,
                mix.input_tokens,
                mix.output_tokens,
                mix.input_tokens_p50,
                mix.output_tokens_p50,
                mix.peak_hour_utc,
                " ".join(mix.rules),
            ]
            for mix in document.classes
        ],
    )
