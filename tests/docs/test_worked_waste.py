"""The worked examples of advice on attempts, steps, prompts and output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.documents.settings import Settings
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.bill import bill
from costctl.rebill.rates import PriceList
from costctl.rebill.waits import waited_of
from costctl.recommend.bought.kinds import loop_cap, output_limit, retry
from costctl.recommend.bought.proposals import BillProposal
from costctl.recommend.bought.study import BoughtStudy, bought_study_of
from tests.docs.page_tables import explanation, last_digit, number, rows_after
from tests.rebill.made_calls import Made, bought

LIST = PriceList(PriceSettings())
PROMPT = (("prompt", 1000),)


def studied(made: list[Made]) -> BoughtStudy:
    study = bought_study_of(bought(made), Settings(), LIST, 100_000.0, 1)
    assert study is not None
    return study


def is_on_the_page(repository: Path, name: str, computed: dict[str, float]) -> None:
    rows = rows_after(explanation(repository, name), "figure | value")
    assert [each for each, _ in rows] == list(computed)
    for each, value in rows:
        assert computed[each] == pytest.approx(number(value), abs=last_digit(value)), each


def saved(study: BoughtStudy, plan: ClassPlan) -> float:
    return float(study.today.usd.sum() - bill(study.calls, Plan({"chat": plan}), LIST).usd.sum())


def proposed(found: object) -> BillProposal:
    assert isinstance(found, BillProposal)
    return found


def test_the_example_of_attempts(repository: Path) -> None:
    made = []
    for call in range(100):
        fails, succeeds = ((4, False), (4, False), (1, True), (0, True), (0, True))[call % 5]
        made += [Made(call, 100.0 * call + 2 * nth, parts=PROMPT, is_failed=True) for nth in range(fails)]
        made += [Made(call, 100.0 * call + 2 * fails, parts=PROMPT)] * succeeds
    study = studied(made)
    advice, _ = retry.propose(study)
    out = bill(study.calls, Plan({"chat": ClassPlan(most_attempts=1)}), LIST).left_out.is_any
    computed = {
        "cost today": float(study.today.usd.sum()),
        "budget N": proposed(advice).candidates[0][0].value,
        "saving at N": saved(study, ClassPlan(most_attempts=2)),
        "saving at 1": saved(study, ClassPlan(most_attempts=1)),
        "successes lost at 1": int((out & ~study.calls.frame["is_failed"].to_numpy()).sum()),
    }
    is_on_the_page(repository, "advice-retry", computed)


def test_the_example_of_a_wait(repository: Path) -> None:
    made = []
    for call in range(100):
        tries = 4 if call % 5 == 0 else 1
        made += [
            Made(call, 100.0 * call + 11 * nth, 10.0, parts=PROMPT, is_failed=nth < tries - 1)
            for nth in range(tries)
        ]
    study = studied(made)
    short, long = (
        bill(study.calls, Plan({"chat": ClassPlan(least_wait_s=wait_s)}), LIST) for wait_s in (11.5, 30.0)
    )
    later = waited_of(study.calls, Plan({"chat": ClassPlan(least_wait_s=30.0)})).later_s
    today_usd = float(study.today.usd.sum())
    computed = {
        "cost today": today_usd,
        "p": 20 / 100,
        "attempts left out at W = 11.5": int(short.left_out.is_waited_out.sum()),
        "saving at W = 11.5": today_usd - float(short.usd.sum()),
        "attempts left out at W = 30": int(long.left_out.is_waited_out.sum()),
        "saving at W = 30": today_usd - float(long.usd.sum()),
        "later at W = 30, s": later[later > 0].max(),
    }
    assert np.unique(later).tolist() == [0.0, later.max()]
    is_on_the_page(repository, "advice-retry-wait", computed)


def test_the_example_of_steps(repository: Path) -> None:
    made = []
    for request in range(100):
        is_success = request % 5 < 3
        calls = (10, 4, 7)[request % 5] if is_success else 30
        made += [
            Made(request, 100.0 * request + 2 * nth, parts=PROMPT, is_success=is_success)
            for nth in range(calls)
        ]
    study = studied(made)
    (advice,) = loop_cap.propose(study)
    out = bill(study.calls, Plan({"chat": ClassPlan(most_steps=10)}), LIST).left_out.is_beyond_steps
    computed = {
        "cap M": proposed(advice).candidates[0][0].value,
        "calls left out": int(out.sum()),
        "saving": saved(study, ClassPlan(most_steps=10)),
        "successes cut": int((out & study.calls.frame["is_request_success"].to_numpy()).sum()),
    }
    is_on_the_page(repository, "advice-loop-cap", computed)


def test_the_example_of_a_prompt_that_is_cut(repository: Path) -> None:
    parts = (("system", 1000), ("document", 199_500), ("last", 500))
    cut = Plan({"chat": ClassPlan(most_input_tokens=200_000)})
    plain = bought([Made(1, 0, parts=parts, output=0)])
    cached = bought([Made(1, 0, parts=parts, output=0, read=200_500)])
    computed = {
        "today, uncached": bill(plain, Plan(), LIST).usd.sum(),
        "sent 200,000, uncached": bill(plain, cut, LIST).usd.sum(),
        "today, 200,500 read": bill(cached, Plan(), LIST).usd.sum(),
        "sent 200,000, then 1,000 read": bill(cached, cut, LIST).usd.sum(),
    }
    is_on_the_page(repository, "advice-context", computed)


def test_the_example_of_answers(repository: Path) -> None:
    written = [100 + 9 * call for call in range(101)]
    study = studied([Made(call, call, asked=1000, output=tokens) for call, tokens in enumerate(written)])
    (advice,) = output_limit.propose(study)
    asked, cut = (each.statement for each in advice.evidence)
    median, most = np.quantile(written, (0.5, 0.99))
    assert f"write {median:.0f} (median), {most:.0f} (0.99 quantile)" in asked
    assert cut.startswith("1 of its 101")
    is_on_the_page(
        repository,
        "advice-output-limit",
        {"median": median, "0.99 quantile": most, "as long as they may be": 1},
    )
