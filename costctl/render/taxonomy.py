"""The learned classes as a table, the rules as their file, and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from costctl.documents.taxonomy import Cluster, Taxonomy
from costctl.render.cells import count, exact, number, ratio, tokens
from costctl.render.sections import Listing, Notes, Section, Table
from costctl.render.spreadsheet import as_csv

_WORDS: Final = (
    ("generation_calls", "model call", "model calls"),
    ("embedding_calls", "embedding", "embeddings"),
    ("retrievals", "retrieval", "retrievals"),
    ("documents", "document", "documents"),
    ("tools", "tool", "tools"),
    ("agents", "agent", "agents"),
)
_MEASURES: Final = {
    "usd_per_request": "USD per request",
    "busy_s_per_request": "busy seconds per request",
    "tokens_per_request": "tokens per request",
}


def sections(document: Taxonomy) -> list[Section]:
    """The classes, how good they are, and the rules."""
    return [
        class_table("Classes found", document.clusters),
        Notes("Quality", quality(document)),
        *([Notes("Notes", document.notes)] if document.notes else []),
        Listing("Rules, for --rules", document.rules_toml, "toml"),
    ]


def class_table(title: str, clusters: Sequence[Cluster]) -> Table:
    """A row a class that was found."""
    rows = tuple(
        (
            cluster.name,
            count(cluster.requests),
            ratio(cluster.ratio),
            tokens(cluster.features.prompt_tokens),
            tokens(cluster.features.output_tokens),
            ratio(cluster.agreement_ratio),
            _counts_of(cluster),
        )
        for cluster in clusters
    )
    columns = ("class", "requests", "share", "median in", "median out", "rules agree", "median counts")
    return Table(title, columns, rows, frozenset({"class", "median counts"}))


def _counts_of(cluster: Cluster) -> str:
    """What its requests are made of, at the median."""
    features = msgspec.structs.asdict(cluster.features)
    parts = []
    for name, singular, plural in _WORDS:
        value = features[name]
        if value:
            parts.append(f"{exact(value)} {singular if value == 1 else plural}")
    return ", ".join(parts) or "no model call"


def quality(document: Taxonomy) -> tuple[str, ...]:
    """How far the rules can be relied on."""
    lines = [
        f"Agreement: the rules give {ratio(document.agreement_ratio)} of {count(document.requests)} requests the "
        "class of their cluster.",
        f"Stability: adjusted Rand index {number(document.stability, places=3)} with the classes found in resamples "
        "(1: the same).",
    ]
    found = document.explained_variance
    if found is not None:
        lines.append(
            f"Differences in {_MEASURES[found.measure]}: the learned rules explain {ratio(found.learned)} "
            f"(classes: {found.learned_classes}), the built-in ones {ratio(found.default)} "
            f"({found.default_classes})."
        )
    return tuple(lines)


def csv_text(document: Taxonomy) -> str:
    """One row per class."""
    names = [field.name for field in msgspec.structs.fields(Cluster) if field.name != "features"]
    features = [name for name, _, _ in _WORDS]
    return as_csv(
        [*names, "prompt_tokens_p50", "output_tokens_p50", *(f"{name}_p50" for name in features)],
        [
            [
                *(getattr(cluster, name) for name in names),
                cluster.features.prompt_tokens,
                cluster.features.output_tokens,
                *(getattr(cluster.features, name) for name in features),
            ]
            for cluster in document.clusters
        ],
    )
