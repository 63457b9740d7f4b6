"""What does a task take, and what does it cost to have one done? Steps, loops and sessions.

In: the frames requests, request_class, request_steps, request_usd and sessions. Out: a ``SessionsReport``.
docs/explanation/sessions.md defines the words. Costs are ratios of sums: attempts that failed, and tasks that came to
nothing, are paid for by those that were completed.
"""

from __future__ import annotations

import polars as pl

from costctl.documents.sessions import ClassSteps, SessionsReport, SessionTotals, StepSpread, TaskCost
from costctl.stats.quantiles import known_quantile, quantile


def sessions_of(
    requests: pl.DataFrame,
    request_class: pl.DataFrame,
    request_steps: pl.DataFrame,
    request_usd: pl.DataFrame,
    sessions: pl.DataFrame,
) -> SessionsReport:
    """The report; classes that are agentic first, then the larger, then by name."""
    tasks = (
        requests.select("request_id", "session_id", "is_success", "calls", "generation_calls", "attempts")
        .join(request_class.select("request_id", "request_class"), on="request_id", how="inner")
        .join(
            request_steps.select("request_id", "steps", "turns", "tool_runs", "evidence", "is_looping"),
            on="request_id",
            how="left",
        )
        .join(request_usd.select("request_id", "usd", "unpriced_charges"), on="request_id", how="left")
        .with_columns(
            # a request of one call has a row in requests alone
            pl.coalesce("steps", "calls").alias("steps"),
            pl.coalesce("turns", "generation_calls").alias("turns"),
            pl.col("tool_runs").fill_null(0),
            pl.col("unpriced_charges").fill_null(0),
        )
        .sort("request_id")
    )
    groups = tasks.partition_by("request_class", as_dict=True, include_key=True)
    classes = [_class_steps(str(key[0]), group) for key, group in groups.items()]
    ordered = sorted(classes, key=_agentic_and_dearest_first)
    return SessionsReport(
        classes=tuple(ordered),
        looping_by_name=sum(each.looping_by_name for each in ordered),
        sessions=_totals(tasks, sessions),
    )


def _agentic_and_dearest_first(each: ClassSteps) -> tuple[bool, float, int, str]:
    return not each.is_agentic, -(each.cost.usd or 0.0), -each.tasks, each.request_class


def _class_steps(name: str, tasks: pl.DataFrame) -> ClassSteps:
    known = tasks.filter(pl.col("is_looping").is_not_null())
    looping = known.filter(pl.col("is_looping"))
    completed = int(tasks["is_success"].sum())
    agentic = tasks.filter((pl.col("turns") >= 2) | (pl.col("tool_runs") >= 1)).height
    return ClassSteps(
        request_class=name,
        is_agentic=2 * agentic > tasks.height,
        tasks=tasks.height,
        completed=completed,
        completed_ratio=completed / tasks.height,
        steps=_spread(tasks["steps"]),
        turns=_spread(tasks["turns"]),
        loop_known=known.height,
        looping=looping.height,
        looping_by_name=looping.filter(pl.col("evidence") == "names").height,
        looping_ratio=looping.height / known.height if known.height else None,
        cost=task_cost(tasks["usd"], int(tasks["unpriced_charges"].sum()), tasks.height, completed, "task"),
    )


def task_cost(usd: pl.Series, unpriced_charges: int, tasks: int, completed: int, noun: str) -> TaskCost:
    """The cost of tasks, in USD, by which usd is the amount of each, null where it has none.

    unpriced_charges: charges without an amount.  noun: what a task is called in the reason.
    """
    total = _total(usd)
    reason = None
    if total is None:
        reason = f"no charge of any {noun} is priced" if tasks else f"there are no {noun}s"
    elif unpriced_charges:
        reason = f"{unpriced_charges:,} charges of unknown quantity or price are excluded"
    elif not completed:
        reason = f"no {noun} was completed"
    return TaskCost(
        usd=total,
        usd_per_task=None if total is None or not tasks else total / tasks,
        usd_per_completed=None if total is None or not completed else total / completed,
        unpriced_charges=unpriced_charges,
        reason=reason,
    )


def _totals(tasks: pl.DataFrame, sessions: pl.DataFrame) -> SessionTotals:
    without = tasks.filter(pl.col("session_id").is_null())
    count, completed = sessions.height, int(sessions["is_completed"].sum())
    requests = int(sessions["requests"].sum())
    spans = sessions["span_s"].drop_nulls()
    return SessionTotals(
        sessions=count,
        completed=completed,
        requests=requests,
        requests_without=without.height,
        requests_per_session=requests / count if count else None,
        requests_p95=known_quantile(sessions["requests"], 0.95) if count else None,
        steps_per_session=int(sessions["steps"].sum()) / count if count else None,
        span_p50_s=known_quantile(spans, 0.5),
        looping_sessions=sessions.filter(pl.col("looping") > 0).height,
        cost=task_cost(sessions["usd"], int(sessions["unpriced_charges"].sum()), count, completed, "session"),
        usd_without=_total(without["usd"]),
        unpriced_charges_without=int(without["unpriced_charges"].sum()),
        reason=None if count else "no request carries a session id (session.id or gen_ai.conversation.id)",
    )


def _spread(values: pl.Series) -> StepSpread:
    steps = values.to_numpy()
    return StepSpread(p50=quantile(steps, 0.5), p95=quantile(steps, 0.95), max=int(steps.max()))


def _total(usd: pl.Series) -> float | None:
    known = usd.drop_nulls()
    return float(known.sum()) if known.len() else None
