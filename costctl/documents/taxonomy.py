"""costctl.taxonomy/v2: classes learned from the traces, and how good they are.

``costctl segment --learn`` prints it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.taxonomy/v2"


class MedianFeatures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Medians over the requests in which the feature was observed; null where it was in none. Tokens of a request."""

    prompt_tokens: float | None
    output_tokens: float | None
    generation_calls: float | None
    embedding_calls: float | None
    retrievals: float | None
    documents: float | None
    tools: float | None
    agents: float | None


class Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class that was found. requests: those nearest to it.  ratio: of all requests.  agreement_ratio: the part of
    them to which the rules give this class.
    """

    name: str
    requests: int
    ratio: float
    agreement_ratio: float
    features: MedianFeatures


class ComponentsBic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Bayesian information criterion of a mixture of so many components; lower is better."""

    components: int
    bic: float


class StructureFit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests with the same counts of none, one or several. structure: what they do.  requests: of those learned from.
    sizes: what the mixture is over; empty where nothing varies.  bic: for each number of components that was tried.
    clusters: the classes that its requests are in.
    """

    structure: str
    requests: int
    sizes: tuple[str, ...]
    bic: tuple[ComponentsBic, ...]
    clusters: tuple[str, ...]


class ExplainedVariance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the differences between requests lies between classes: squares between classes over all squares.

    measure: usd_per_request, busy_s_per_request or tokens_per_request.  requests: those in which it is known.
    learned: by the learned rules.  default: by the built-in ones.
    """

    measure: str
    requests: int
    learned: float
    default: float
    learned_classes: int
    default_classes: int


class Taxonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl segment --learn --format json`` prints.

    sampled: requests that it was learned from.  agreement_ratio: of all requests, the part to which the rules give the
    class of their cluster.  stability: mean adjusted Rand index between the clusters and those found in resamples.
    rules_toml: the rules, as --rules takes them.
    """

    schema_version: str
    provenance: Provenance
    requests: int
    sampled: int
    clusters: tuple[Cluster, ...]
    agreement_ratio: float
    stability: float
    explained_variance: ExplainedVariance | None
    structures: tuple[StructureFit, ...]
    rules_toml: str
    notes: tuple[str, ...]
