"""How busy are pools, with what, and what do their engines say? Sections of an analysis."""

from __future__ import annotations

from costctl.documents.analysis import Analysis, PoolReport
from costctl.render.cells import Cell, Row, count, number, phrase, ratio, seconds, usd
from costctl.render.engines import engine_sections
from costctl.render.sections import Section, Table


def pool_sections(document: Analysis) -> list[Section]:
    """The pools, what their replicas were used for, and their engines."""
    parts: list[Section] = [_pools(document)] if document.pools else []
    if any(pool.use for pool in document.pools):
        parts.append(_use(document))
    return [*parts, *(engine_sections(document.engines) if document.engines else [])]


def _pools(document: Analysis) -> Table:
    columns = (
        "pool",
        "tier",
        "replicas",
        "busy",
        "utilisation",
        "idle cost",
        "p95 queue length",
        "service model",
    )
    rows: tuple[Row, ...] = tuple(
        (
            pool.pool,
            pool.tier or "none declared",
            count(pool.replicas),
            seconds(pool.busy_s),
            ratio(pool.utilisation_ratio),
            usd(pool.idle_usd),
            number(None if pool.queue_depth is None else pool.queue_depth.p95),
            _service_model(pool),
        )
        for pool in document.pools
    )
    return Table("Pools", columns, rows, frozenset({"pool", "tier", "service model"}))


def _use(document: Analysis) -> Table:
    kinds = [use.kind for use in next(pool.use for pool in document.pools if pool.use)]
    rows: tuple[Row, ...] = tuple(
        (pool.pool, *(ratio(use.ratio) for use in pool.use)) for pool in document.pools if pool.use
    )
    columns = ("pool", *(kind.replace("_", " ").replace("slo", "SLO") for kind in kinds))
    return Table("Paid accelerator time by outcome", columns, rows, frozenset({"pool"}))


def _service_model(pool: PoolReport) -> Cell:
    model = pool.service_model
    if model is None:
        return f"none: {pool.missing_for_model}"
    origins = {"α": model.alpha_from, "β": model.beta_from, "γ": model.gamma_from}
    told = "; ".join(f"{name} from {origin}" for name, origin in origins.items())
    by = "" if set(origins.values()) == {"calls"} else f"; {told}"
    return phrase(
        "α {alpha}, β {beta}, γ {gamma}: {discipline}{by}",
        by=by,
        alpha=seconds(model.alpha_s),
        beta=seconds(model.beta_s),
        gamma=seconds(model.gamma_s),
        discipline=model.discipline,
    )
