"""The catalogue of metrics: every path leads somewhere, in the unit that it says, and documents agree with it."""

from __future__ import annotations

import re
import types
import typing
from typing import get_args

import msgspec
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.calibration import MetricFit
from costctl.documents.estimate import Estimate
from costctl.documents.metric import Metric, Place
from costctl.documents.metric_values import Reading, values_of
from costctl.documents.metrics import METRICS
from costctl.documents.schemas import DOCUMENTS
from costctl.documents.simulation import Difference, Simulation
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question

PLACES = [(metric, place) for metric in METRICS.values() for place in metric.places]
PLACE_IDS = [f"{metric.id}@{place.document}{place.path}" for metric, place in PLACES]
ITEM_FIELDS = re.compile(r"(?:\[|(?<==)|(?<=[{,]))(\w+)(?==\w+\]|[},])")
SUFFIXES = {"_per_s": "1/s", "_s": "s", "_usd": "USD", "_ratio": "ratio", "_tokens": "tokens"}


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def simulation(sample_question: Question) -> Simulation:
    return verbs.simulate(sample_question, verbs.ScenarioRequest(load="1.5x"), quiet)


def item_type(kind: object) -> object:
    """The type without None; of a tuple, that of its items."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (each for each in get_args(kind) if each is not types.NoneType)
    return get_args(kind)[0] if typing.get_origin(kind) is tuple else kind


def fields_along(place: Place) -> list[tuple[str, object]]:
    """The fields that a path goes through, each with its type; list segments name fields of their items."""
    kind: object = DOCUMENTS[place.document][0]
    found: list[tuple[str, object]] = []
    for segment in place.path.split("/")[1:]:
        hints = typing.get_type_hints(kind)
        asked = set(ITEM_FIELDS.findall(segment))
        assert asked <= set(hints), segment
        if asked:
            continue
        kind = item_type(hints["from_" if segment == "from" else segment])
        found.append((segment, kind))
    return found


@pytest.mark.parametrize(("metric", "place"), PLACES, ids=PLACE_IDS)
def test_a_path_leads_to_a_number_of_the_unit_that_is_said(metric: Metric, place: Place) -> None:
    *above, (name, kind) = fields_along(place)
    assert kind in (int, float, Estimate)
    names = [name, *(each for each, _ in reversed(above))]
    suffixed = (unit for each in names for suffix, unit in SUFFIXES.items() if f"_{each}".endswith(suffix))
    assert "usd_per" in name or next(suffixed, metric.unit) == metric.unit
    assert ("usd" in name) == (metric.unit == "USD")


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_has_one_place_for_a_path(metric: Metric) -> None:
    assert len({(place.document, place.path) for place in metric.places}) == len(metric.places)
    assert metric.meaning.endswith(".")


def test_no_two_metrics_are_shown_under_one_label() -> None:
    labels = [metric.short for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert "" not in labels


def test_every_metric_of_a_difference_and_of_a_calibration_is_in_the_catalogue() -> None:
    units = get_args(typing.get_type_hints(Difference)["unit"])
    of_differences = get_args(typing.get_type_hints(Difference)["metric"])
    assert {METRICS[name].unit for name in of_differences} == set(units)
    of_calls = get_args(typing.get_type_hints(MetricFit)["metric"])
    assert {METRICS[name].unit for name in of_calls} == {"s"}


def named(readings: tuple[Reading, ...], state: str = "observed") -> dict[tuple[str, ...], object]:
    """Values by the names of their subject."""
    return {tuple(name for _, name in each.subject): each.value for each in readings if each.state == state}


def test_both_replays_of_a_difference_are_the_values_that_the_catalogue_reads(simulation: Simulation) -> None:
    assert len(simulation.differences) > 20
    for each in simulation.differences:
        subject = tuple(name for name in (each.request_class, each.pool) if name is not None)
        readings = values_of(METRICS[each.metric], simulation)
        assert METRICS[each.metric].unit == each.unit
        assert named(readings, "baseline")[subject] == each.baseline
        assert named(readings, "scenario")[subject] == each.scenario


def test_a_calibration_is_read_for_classes_and_pools(simulation: Simulation) -> None:
    calibration = simulation.calibration
    readings = [
        each for each in values_of(METRICS["call_latency_p95"], simulation) if each.state == "observed"
    ]
    assert [each.subject for each in readings] == [
        *((("request_class", fit.name),) for fit in calibration.classes),
        *((("pool", fit.name),) for fit in calibration.pools),
    ]
    assert set(named(values_of(METRICS["busy"], simulation))) == {(fit.name,) for fit in calibration.pools}


def test_figures_of_the_analysis_are_read_with_whose_they_are(sample_analysis: Analysis) -> None:
    by_class = {report.request_class: report for report in sample_analysis.classes}
    attributed = named(values_of(METRICS["attributed_usd"], sample_analysis))
    assert attributed[()] == sample_analysis.totals.attributed_usd
    for name, report in by_class.items():
        assert attributed[(name,)] == report.cost.attributed_usd
        for slo in report.slo:
            readings = values_of(METRICS["slo_attainment"], sample_analysis)
            assert named(readings)[(name, slo.target)] == slo.met_ratio
    marginal = named(values_of(METRICS["marginal_usd_per_request"], sample_analysis))
    assert marginal == {(name,): report.cost.marginal_usd_per_request for name, report in by_class.items()}
    assert set(named(values_of(METRICS["utilisation"], sample_analysis))) == {
        (pool.pool,) for pool in sample_analysis.pools
    }


def test_what_was_not_observed_is_read_as_none_and_not_left_out(sample_analysis: Analysis) -> None:
    first, *others = sample_analysis.classes
    untimed = msgspec.structs.replace(first, latency_s=None)
    document = msgspec.structs.replace(sample_analysis, classes=(untimed, *others), bill=None)
    readings = values_of(METRICS["e2e_p95"], document)
    assert readings[0] == Reading(
        "observed", (("request_class", first.request_class),), None, "/classes/0/latency_s"
    )
    assert len(readings) == len(sample_analysis.classes)
    assert values_of(METRICS["charged_usd"], document) == ()


def test_a_metric_of_two_documents_has_one_value(
    sample_analysis: Analysis, sample_map: WorkloadMap, simulation: Simulation
) -> None:
    for name in ("requests", "input_tokens", "output_tokens", "attributed_usd", "failed_requests"):
        of_classes = [
            {
                subject: value
                for subject, value in named(values_of(METRICS[name], document)).items()
                if subject in {(each.request_class,) for each in sample_map.classes}
            }
            for document in (sample_analysis, sample_map)
        ]
        assert of_classes[0] == pytest.approx(of_classes[1])
        assert len(of_classes[0]) == len(sample_map.classes)
    assert values_of(METRICS["error_budget_burn"], sample_map) != ()
    assert values_of(METRICS["error_budget_burn"], simulation) == ()


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_these_documents_has_values_in_the_sample(
    name: str, sample_analysis: Analysis, sample_map: WorkloadMap, simulation: Simulation
) -> None:
    documents = {"analysis": sample_analysis, "workload_map": sample_map, "simulation": simulation}
    metric = METRICS[name]
    for document in {place.document for place in metric.places} & set(documents):
        assert values_of(metric, documents[document]) != ()
