"""What is counted, ordered and summed beside the documents, so that renderers need not."""

from __future__ import annotations

from costctl.documents.admission_accuracy import Confusion, Matching, taken_for
from costctl.documents.estimate import Estimate
from costctl.documents.explanation import ChargeLine, sum_of
from costctl.documents.ingestion import SourceReport
from costctl.documents.source_groups import common_folder, grouped
from costctl.documents.tenants import TenantUse, largest
from costctl.documents.usage_gaps import UnreadKey, UsageGaps
from costctl.documents.witness import Witness, WitnessCause, WitnessGroup, by_size


def source(uri: str, form: str = "otlp_json", **given: object) -> SourceReport:
    return SourceReport(uri=uri, format=form, **given)


def test_a_few_sources_are_a_group_each_and_named_by_what_they_do_not_share() -> None:
    folder, groups = grouped([source("/a/b/one.json", spans=3), source("/a/b/c/two.json", spans=4)], 2)
    assert folder == "/a/b/"
    assert [(group.name, group.spans) for group in groups] == [("one.json", 3), ("c/two.json", 4)]


def test_many_sources_of_one_folder_and_format_are_summed() -> None:
    unread = UsageGaps(unread=(UnreadKey(key="credits", dialect="none", records=2, calls=2),))
    sources = [
        source(
            "/a/x/1", spans=3, rejected=1, dialects={"vllm": 1, "litellm": 3}, rejected_by_code={"no_id": 1}
        ),
        source(
            "/a/x/2", spans=4, rejected=2, dialects={"vllm": 4}, rejected_by_code={"no_id": 2}, usage=unread
        ),
        source("/a/y/3", "zipkin_json", spans=5),
    ]
    folder, groups = grouped(sources, 2)
    assert folder == "/a/"
    together, alone = groups
    assert (together.name, together.spans, together.rejected, together.others) == ("x/ 2 files", 7, 3, 1)
    assert list(together.dialects.items()) == [("vllm", 5), ("litellm", 3)]
    assert (together.rejected_by_code, together.usage.unread) == ({"no_id": 3}, {"credits": 2})
    assert (alone.name, alone.spans) == ("y/3", 5)


def test_uris_that_share_no_folder_keep_their_names() -> None:
    assert common_folder(["s3://a/x", "/b/y"]) == ""
    assert common_folder(["/only/one"]) == ""


def tenant(kind: str, tenants: int, name: str | None = None) -> TenantUse:
    return TenantUse(kind, name, tenants, 1, 1, 1.0, None, 0)


def test_tenants_without_a_row_are_counted_and_the_unassigned_are_none_of_them() -> None:
    uses = [tenant("tenant", 1, "a"), tenant("tenant", 1, "b"), tenant("others", 7), tenant("unassigned", 0)]
    shown, hidden = largest(uses, 1)
    assert ([use.tenant for use in shown], hidden) == (["a"], 8)
    assert largest([tenant("unassigned", 0)], 5) == ((), 0)


def charge(usd: float | None) -> ChargeLine:
    return ChargeLine(None, "tool", None, 1.0, "calls", None, usd, False, False, None, None, None)


def test_charges_without_an_amount_make_a_sum_a_lower_bound_and_no_zero() -> None:
    assert sum_of([charge(0.5), charge(None), charge(0.25)]) == (3, 0.75, 1)
    assert sum_of([charge(None)]) == (1, None, 1)


def group(name: str, *differences: float) -> WitnessGroup:
    causes = tuple(
        WitnessCause(kind="none", said="", calls=1, difference_usd=each, difference_ratio=None, trace_id=None)
        for each in differences
    )
    return WitnessGroup(
        source="s", provider=None, model=name, calls=1, unknown_calls=0, agreeing_calls=0,
        recorded_usd=1.0, usd=1.0, ratio=1.0, causes=causes,
    )  # fmt: skip


def test_causes_of_all_models_are_ordered_by_the_size_of_their_difference() -> None:
    groups = (group("a", 0.1, -0.5), group("b", 0.3))
    found = by_size(
        Witness(
            calls=3,
            named_calls=3,
            unknown_calls=0,
            agreeing_calls=0,
            recorded_usd=1.0,
            usd=1.0,
            ratio=1.0,
            groups=groups,
            notes=(),
        )
    )
    assert [(each.model, cause.difference_usd) for each, cause in found] == [
        ("a", -0.5),
        ("b", 0.3),
        ("a", 0.1),
    ]


def test_a_class_is_taken_for_itself_or_for_others_the_most_frequent_first() -> None:
    cells = (Confusion("a", "a", 9), Confusion("a", "b", 1), Confusion("a", "c", 4), Confusion("b", "b", 2))
    certain = Estimate(1.0, 1.0, 1.0, None, "counted")
    right, mistakes = taken_for(Matching((), certain, (), cells, ()))
    assert right == {"a": 9, "b": 2}
    assert {name: [cell.matched_as for cell in wrong] for name, wrong in mistakes.items()} == {
        "a": ["c", "b"]
    }
