"""Which classes do these requests fall into, and which rules say so? The whole of learning, as one document.

In: the frame request_shape, and what requests cost. Out: the ``Taxonomy``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Ints
from costctl.documents.provenance import Provenance
from costctl.documents.taxonomy import (
    SCHEMA_VERSION,
    Cluster,
    ComponentsBic,
    MedianFeatures,
    StructureFit,
    Taxonomy,
)
from costctl.errors import NotEnoughDataError
from costctl.progress import Progress
from costctl.segment.learn.features import SIZES, features_of
from costctl.segment.learn.naming import names_of, structure_words
from costctl.segment.learn.notes import notes_on_data, notes_on_quality
from costctl.segment.learn.quality import explained_variance, stability
from costctl.segment.learn.rules_text import rules_toml
from costctl.segment.learn.shapes import Shapes, fit_shapes
from costctl.segment.learn.surrogate import surrogate_rules
from costctl.segment.matching import apply_rules, feature_columns
from costctl.segment.rules import default_rules, load_rules

MOST_SAMPLED: Final = 20_000  # requests: more change no shape of half a percent, and take longer
LEAST_REQUESTS: Final = 150
METHODS: Final = {
    "clusters": "groups by call counts; mixtures of normals over log sizes by BIC, merged where no valley lies between",
    "rules": "simple conditions, then a shallow decision tree, pruned and rounded",
    "stability": "mean adjusted Rand index over bootstrap samples",
    "explained_variance": "eta squared",
}


def learn_taxonomy(
    request_shape: pl.DataFrame,
    cost: tuple[str, pl.DataFrame],
    provenance: Provenance,
    seed: int,
    progress: Progress,
) -> Taxonomy:
    """The classes of these requests, their rules, and how good they are.

    cost: a measure's name, and request_id and value of each request in which it is known. Raises NotEnoughDataError
    for fewer than LEAST_REQUESTS requests.
    """
    _require_enough(request_shape.height)
    features = features_of(request_shape, seed)
    rows = _sample(features.requests, seed)
    sampled = features.take(rows)
    progress("Clustering requests", None)
    shapes = fit_shapes(sampled, seed)
    shape_of = shapes.assign(features)
    stable = stability(
        sampled, shape_of[rows], seed, lambda ratio: progress("Clustering bootstrap samples", ratio)
    )
    progress("Deriving rules", None)
    medians = [_medians(request_shape, shape_of == shape) for shape in range(shapes.shapes)]
    names = names_of(medians)
    columns = feature_columns(request_shape[rows])
    text = rules_toml(surrogate_rules(columns, shape_of[rows], seed), names)
    learned = apply_rules(request_shape, load_rules(text, "the learned rules"))
    agrees = (learned["request_class"] == pl.Series(names).gather(shape_of)).to_numpy()
    default = apply_rules(request_shape, default_rules())
    variance = explained_variance(cost[1], cost[0], learned, default)
    return Taxonomy(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        requests=features.requests,
        sampled=int(rows.size),
        clusters=tuple(_cluster(name, shape_of == n, agrees, medians[n]) for n, name in enumerate(names)),
        agreement_ratio=float(agrees.mean()),
        stability=stable,
        explained_variance=variance,
        structures=_structure_fits(shapes, names),
        rules_toml=text,
        notes=(
            *notes_on_data(features, shapes, int(rows.size)),
            *notes_on_quality(stable, float(agrees.mean()), variance),
        ),
    )


def _require_enough(requests: int) -> None:
    if requests < LEAST_REQUESTS:
        raise NotEnoughDataError(
            f"{requests} requests are too few to learn classes from.",
            why=f"Clustering needs at least {LEAST_REQUESTS} requests, and preferably a thousand.",
            next_step="Ingest more traces, widen --since and --until, or omit --learn to use the built-in rules.",
        )


def _sample(requests: int, seed: int) -> Ints:
    """At most MOST_SAMPLED of them, drawn evenly, in order."""
    drawn = np.random.default_rng([seed, 3]).permutation(requests)[:MOST_SAMPLED]
    return np.asarray(np.sort(drawn), np.int64)


def _medians(request_shape: pl.DataFrame, members: Bools) -> dict[str, float | None]:
    part = request_shape.filter(pl.Series(members))
    found: dict[str, float | None] = {}
    for name in SIZES:
        seen = part[name].drop_nulls()
        found[name] = float(seen.quantile(0.5, "linear") or 0.0) if seen.len() else None
    return found


def _cluster(name: str, members: Bools, agrees: Bools, medians: dict[str, float | None]) -> Cluster:
    requests = int(members.sum())
    return Cluster(
        name=name,
        requests=requests,
        ratio=requests / members.size,
        agreement_ratio=float(agrees[members].mean()) if requests else 1.0,
        features=MedianFeatures(**medians),
    )


def _structure_fits(shapes: Shapes, names: tuple[str, ...]) -> tuple[StructureFit, ...]:
    return tuple(
        StructureFit(
            structure=structure_words(structure.levels),
            requests=structure.requests,
            sizes=tuple(SIZES[place] for place in structure.sizes),
            bic=tuple(ComponentsBic(number + 1, bic) for number, bic in enumerate(structure.mixture.bic)),
            clusters=tuple(names[shape] for shape in sorted(set(structure.shape_of))),
        )
        for structure in shapes.structures
    )
