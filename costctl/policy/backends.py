"""Where can calls be served? The pools that are paid for, and the models bought by the token.

In: the analysis, the settings, what clients ask for. Out: backends as they are today, one for each model of each pool
and one for each model of a provider, with their declared batch settings and the evidence for these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from costctl.documents.analysis import Analysis, PoolReport
from costctl.documents.policy import AtMost, Backend, Batch, PolicyEvidence
from costctl.documents.settings import Pool, Settings
from costctl.levers.identifiers import identifier
from costctl.policy.classified import policy_keeping
from costctl.policy.routes import Place, Routes
from costctl.pricing.declared_providers import declared_provider
from costctl.units import us_from_s


def backends_of(
    analysis: Analysis, settings: Settings, routes: Routes
) -> tuple[tuple[Backend, ...], tuple[PolicyEvidence, ...]]:
    """Backends, pools first in the order of the settings, and the evidence that their settings rest on."""
    reports = {report.pool: report for report in analysis.pools}
    places = routes.places()
    names = list(settings.pools) + sorted(set(reports) - set(settings.pools))
    backends: list[Backend] = []
    evidence: list[PolicyEvidence] = []
    for name in names:
        pool = settings.pools.get(name, Pool())
        template, facts = _pool_backend(name, pool, reports.get(name))
        evidence += facts
        models = models_of(name, settings, places)
        backends += [
            msgspec.structs.replace(template, id=pool_backend_id(name, model, models), model=model)
            for model in models
        ]
    bought = {bought_id(place): place for place in reversed(places) if place.pool is None}
    backends += [_bought(bought[name], settings) for name in sorted(bought)]
    return tuple(backends), tuple(evidence)


def models_of(pool_name: str, settings: Settings, places: Sequence[Place]) -> tuple[str | None, ...]:
    """The models of a pool: those that are declared, else those that answered; None where neither says."""
    declared = settings.pools[pool_name].models if pool_name in settings.pools else ()
    answered = sorted({place.model for place in places if place.pool == pool_name and place.model})
    return declared or tuple(answered) or (None,)


def pool_backend_id(pool_name: str, model: str | None, models: Sequence[str | None]) -> str:
    """A pool with one model is called by its own name, else by pool and model."""
    if model is None or len(models) == 1:
        return identifier(pool_name)
    return identifier(f"{pool_name}.{model}")


def bought_id(place: Place) -> str:
    """Id of a model that is paid by the token: the provider and the name that it is asked by."""
    return identifier(".".join(part for part in (place.provider, place.model) if part) or "not observed")


def _bought(place: Place, settings: Settings) -> Backend:
    """A model of a provider, with what is declared of the provider."""
    declared = declared_provider(settings.providers, place.provider)
    return Backend(
        id=bought_id(place),
        model=place.model,
        provider=place.provider,
        answers_as=place.answers_as,
        region=declared.region,
        jurisdiction=declared.jurisdiction,
        boundary=declared.boundary,
        keeps=policy_keeping(declared.keeps),
    )


def _pool_backend(name: str, pool: Pool, report: PoolReport | None) -> tuple[Backend, list[PolicyEvidence]]:
    """A pool without its model: a template for the backends of its models."""
    evidence: list[PolicyEvidence] = []
    why: dict[str, tuple[str, ...]] = {}
    declared = PolicyEvidence(
        id=identifier(f"pool.{name}"),
        kind="declared",
        statement=f"Declared for the pool {name} in the settings.",
    )
    batch = _declared_batch(pool)
    if batch is not None:
        why["/batch"] = (declared.id,)
    concurrency = None
    if pool.max_num_seqs is not None:
        concurrency = AtMost(value=pool.max_num_seqs, scope="per_replica")
        why["/max_concurrency"] = (declared.id,)
    if any(declared.id in ids for ids in why.values()):
        evidence.append(declared)
    return (
        Backend(
            id="template",
            pool=name,
            region=pool.region,
            jurisdiction=pool.jurisdiction,
            tier=pool.tier or (None if report is None else report.tier),
            boundary=pool.boundary,
            replicas=pool.replicas or (None if report is None else report.replicas or None),
            max_concurrency=concurrency,
            batching=_discipline(pool, report),
            batch=batch,
            keeps=policy_keeping(pool.keeps),
            why=why,
        ),
        evidence,
    )


def _declared_batch(pool: Pool) -> Batch | None:
    window_s = pool.batch_window_s
    if window_s is None and pool.max_batch_size is None:
        return None
    return Batch(window_us=None if window_s is None else us_from_s(window_s), max_size=pool.max_batch_size)


def _discipline(pool: Pool, report: PoolReport | None) -> Literal["static", "continuous"] | None:
    if pool.max_batch_size is not None or pool.batch_window is not None:
        return "static"
    if pool.max_num_seqs is not None:
        return "continuous"
    if report is None or report.service_model is None:
        return None
    return "static" if "static" in report.service_model.discipline else "continuous"
