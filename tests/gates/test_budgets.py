"""What is spent in a calendar period: all periods together are the bill, and what was not seen is not said."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl import verbs
from costctl.documents.gate_settings import Period
from costctl.gates.budgets import PeriodSpend, period_at, spent_of_part, spent_of_whole
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.render.check_words import amount, sentence
from costctl.verbs.analyze import Analyzed, analyzed
from tests.gates.small_logs import START, log_of, usd_of

NS = 1_000_000_000
INSTANTS = st.datetimes(datetime(2019, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
POOL = '[pools.own]\nusd_per_replica_hour = 3.0\nreplicas = 1\nmodels = ["gpt-4.1"]\nmatch = { operation = "*" }\n'


@contextmanager
def analysed(folder: Path, calls: int, settings: str = "") -> Iterator[Analyzed]:
    (folder / "costctl.toml").write_text(settings, encoding="utf-8")
    log = log_of(folder / "log.jsonl", calls)
    question = Question(paths=(str(log),), store=folder / "s.duckdb", config=folder / "costctl.toml")
    with observed(question, silent) as observation:
        yield analyzed(observation, silent)


def periods_of(made: Analyzed, per: Period) -> list[int]:
    """An instant in each period that the window touches."""
    found, at = [], made.frames.window_from_ns
    while at < made.frames.window_to_ns:
        found.append(at)
        at = period_at(at, per)[1]
    return found


@given(at=INSTANTS, per=st.sampled_from(["day", "week", "month"]))
def test_a_period_holds_its_instant_and_ends_where_the_next_begins(at: datetime, per: Period) -> None:
    instant = int(at.timestamp()) * NS
    begin, end = period_at(instant, per)
    assert begin <= instant < end
    assert period_at(end, per)[0] == end
    first = datetime.fromtimestamp(begin // NS, tz=UTC)
    days = {"day": 1, "week": 7, "month": monthrange(at.year, at.month)[1]}[per]
    assert end - begin == days * 86_400 * NS
    assert (first.hour, first.minute, first.second) == (0, 0, 0)
    assert {"day": first.date() == at.date(), "week": first.weekday() == 0, "month": first.day == 1}[per]


@pytest.mark.parametrize("settings", ["", POOL], ids=["bought by the token", "paid for by time"])
def test_over_all_periods_what_is_spent_is_the_bill(tmp_path: Path, settings: str) -> None:
    with analysed(tmp_path, 500, settings) as made:
        _is_the_bill(made, "day", 4)
        _is_the_bill(made, "week", 1)


def _is_the_bill(made: Analyzed, per: Period, periods: int) -> None:
    spends = [spent_of_whole(made.frames, made.document, per, at).usd or 0.0 for at in periods_of(made, per)]
    assert len(spends) == periods
    assert sum(spends) == pytest.approx(made.document.totals.billed_usd)
    attributed = made.document.classes[0].cost.attributed_usd
    parts = [_part(made, "request_class", "chat", per, at).usd or 0.0 for at in periods_of(made, per)]
    assert sum(parts) == pytest.approx(attributed)


def test_a_day_costs_what_its_calls_cost(tmp_path: Path) -> None:
    with analysed(tmp_path, 200) as made:
        second_day = int((START + timedelta(days=1)).timestamp()) * NS
        spend = spent_of_whole(made.frames, made.document, "day", second_day)
        assert spend.usd == pytest.approx(usd_of(200) - usd_of(144))  # 144 calls of ten minutes are a day
        assert spend.requests == 56
        both = [_part(made, "tenant", name, "day", second_day).usd or 0.0 for name in ("acme", "birch")]
        assert sum(both) == pytest.approx(spend.usd)
        assert _part(made, "model", "gpt-4.1", "day", second_day).usd == pytest.approx(spend.usd)
        assert spent_of_part(made.spending, "tenant", "nobody", "day", second_day) is None


def test_what_was_seen_of_a_period_is_told(tmp_path: Path) -> None:
    with analysed(tmp_path, 144) as made:
        day, week, month = (
            spent_of_whole(made.frames, made.document, per, made.frames.window_from_ns).period
            for per in ("day", "week", "month")
        )
        assert [each.is_begin_seen for each in (day, week, month)] == [True, True, False]
        assert day.seen_ratio == pytest.approx((143 * 600 + 2) / 86_400, abs=1e-6)
        assert month.from_.startswith("2026-01-01T00:00:00")
        assert month.seen_from.startswith("2026-01-05T00:05:00")
        assert week.seen_ratio == pytest.approx(day.seen_ratio / 7)


def test_times_that_count_from_nowhere_are_in_no_period(tmp_path: Path) -> None:
    log_of(tmp_path / "log.jsonl", 100, start=datetime(1970, 1, 1, tzinfo=UTC))
    (tmp_path / "costctl.toml").write_text('[[gates]]\nbudget_usd = 0.01\nper = "day"\n', encoding="utf-8")
    question = Question(
        paths=(str(tmp_path / "log.jsonl"),), store=tmp_path / "s.duckdb", config=tmp_path / "costctl.toml"
    )
    (verdict,) = verbs.check(question, silent).verdicts
    assert (verdict.outcome, verdict.cause, verdict.budget) == ("cannot_say", "undated", None)


def test_a_month_s_budget_is_breached_by_what_is_expected_too(tmp_path: Path) -> None:
    calls = 8 * 24 * 6  # ten minutes apart, for eight of 31 days
    log_of(tmp_path / "log.jsonl", calls, start=datetime(2026, 1, 1, tzinfo=UTC))
    so_far = usd_of(calls)
    gates = "".join(
        f'[[gates]]\nbudget_usd = {times * so_far}\nper = "{per}"\n'
        for times, per in ((2.0, "month"), (6.0, "month"), (2.0, "week"), (0.9, "month"))
    )
    (tmp_path / "costctl.toml").write_text(gates, encoding="utf-8")
    question = Question(
        paths=(str(tmp_path / "log.jsonl"),), store=tmp_path / "s.duckdb", config=tmp_path / "costctl.toml"
    )
    tight, wide, of_week, spent = sorted(verbs.check(question, silent).verdicts, key=lambda each: each.gate)
    assert (tight.outcome, tight.cause) == ("breached", "expected_beyond")
    assert tight.expected is not None
    assert tight.expected.low <= so_far * 31 / 8 <= tight.expected.high
    assert tight.value == pytest.approx(so_far)
    assert tight.excess == pytest.approx(tight.expected.mid - 2.0 * so_far)
    assert f"({amount(tight, tight.expected.low)} to " in sentence(tight, verbs.check(question, silent))
    assert (wide.outcome, wide.expected) == ("passed", tight.expected)
    assert of_week.expected is None
    assert (spent.outcome, spent.cause) == ("breached", "beyond")


def _part(made: Analyzed, kind: str, name: str, per: Period, at: int) -> PeriodSpend:
    found = spent_of_part(made.spending, kind, name, per, at)
    assert found is not None
    return found
