"""Whose engines are those that told of themselves? Each is given to a pool, or to none with what to write to say so.

In: the relation engine_series, the settings, and the replicas that served the calls of each pool. Out: for every
engine its pool, or why it has none. First what ``[pools.NAME] engine`` says; then the replica that calls name too; then
the model that one pool alone serves; and where there is one pool and nothing speaks against it, that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import polars as pl

from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Settings


@dataclass(frozen=True, slots=True)
class Match:
    """pool: None where none, or more than one, may be meant.  why: by what it was found, or what is to be written."""

    pool: str | None
    why: str


def matches_of(
    series: pl.DataFrame, settings: Settings, replicas: Mapping[str, frozenset[str]]
) -> dict[str, Match]:
    """The match of every series. replicas: of each pool, those that its calls name."""
    rows = list(series.iter_rows(named=True))
    folders = {(row["model"], folder_of(row)) for row in rows}
    places = Counter(model for model, _ in folders)
    return {row["series"]: _match(row, settings, replicas, places[row["model"]] > 1) for row in rows}


def folder_of(row: Mapping[str, object]) -> str:
    """The folder of an engine's reports; "" for one that says which replica it is."""
    return str(row["source"]).replace("\\", "/").rpartition("/")[0] if row["replica_id"] is None else ""


def _match(
    row: Mapping[str, object],
    settings: Settings,
    replicas: Mapping[str, frozenset[str]],
    is_model_scattered: bool,
) -> Match:
    labels = {
        "engine": row["engine"],
        "model": row["model"],
        "replica": row["replica_id"],
        "source": row["source"],
    }
    for name, pool in settings.pools.items():
        if pool.engine and all(
            labels[key] is not None and fnmatchcase(str(labels[key]), glob)
            for key, glob in pool.engine.items()
        ):
            return Match(name, "[pools] engine")
    left = [name for name, pool in settings.pools.items() if not pool.engine]
    by_replica = [name for name in left if str(row["replica_id"]) in replicas.get(name, frozenset())]
    if len(by_replica) == 1:
        return Match(by_replica[0], "the replica that its calls name")
    model = None if row["model"] is None else _short(str(row["model"]))
    by_model = [name for name in left if model in {_short(each) for each in settings.pools[name].models}]
    if len(by_model) == 1:
        return Match(by_model[0], "its model")
    possible = by_model or [name for name in left if model is None or not settings.pools[name].models]
    if len(possible) == 1 and len(settings.pools) == 1:
        return Match(possible[0], "the only pool")
    told = {**labels, "model": None, "source": f"{folder_of(row)}/*"} if is_model_scattered else labels
    return Match(None, _to_write(told, possible or list(settings.pools)))


def _to_write(labels: Mapping[str, object], possible: list[str]) -> str:
    """The line of costctl.toml that would tell."""
    key = next((key for key in ("replica", "model", "source") if labels[key] is not None), "source")
    table = f"[pools.{toml_key(possible[0])}]" if len(possible) == 1 else "[pools.NAME]"
    among = f"; it may be {' or '.join(possible)}" if len(possible) > 1 else ""
    return f'of no pool yet: add engine = {{ {key} = "{labels[key]}" }} to {table}{among}'


def _short(model: str) -> str:
    """A model's name without its owner, in lower case: one serves meta-llama/Llama-3.1-8B as llama-3.1-8b."""
    return model.rpartition("/")[2].lower()
