"""What should the gateways and servers do from now on?

In: the analysis, the recommendations, the settings. Out: a policy document that passes
``costctl/policy/checks.py``: lanes in order of service, backends, classes by what is known when a request
arrives, each setting with the evidence it rests on.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import msgspec

from costctl.documents.admission_accuracy import Matching
from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.policy import (
    SCHEMA_VERSION,
    AtMost,
    Backend,
    GeneratedInfo,
    HeaderMatch,
    Lane,
    Match,
    Operation,
    Placement,
    Policy,
    PolicyBoundary,
    PolicyClass,
    PolicyEvidence,
    PolicyInput,
    Queue,
    RejectWhenBusy,
    Validity,
)
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import Recommendations
from costctl.documents.settings import ClassSettings, DataBoundary, Settings
from costctl.errors import NotEnoughDataError
from costctl.policy.backends import backends_of
from costctl.policy.changes import Changes, changes_in
from costctl.policy.match_evidence import with_match_evidence
from costctl.policy.names import identifier
from costctl.policy.placement import ModelPlacement, placements_of

# Set by the edge from the same rules that segment the trace; clients' own copies are stripped there, or a
# client could promote itself.
CLASS_HEADER: Final = "x-request-class"

# Default classes that the kind of operation alone tells apart when a request arrives.
_OPERATION_OF_CLASS: Final[dict[str, Operation]] = {"embedding_batch": "embedding"}

# Costs are reviewed every week; after four reviews without a new policy this one rests on old traffic.
_LIFETIME: Final = timedelta(days=28)


def build_policy(
    analysis: Analysis,
    recommendations: Recommendations,
    settings: Settings,
    generated: GeneratedInfo,
    told: Matching | None = None,
) -> Policy:
    """The policy document. told: how well the classes can be told at admission without their header, where known.

    Raises InfeasibleError where a required data boundary leaves a class nowhere to go, InputError where a
    recommendation cannot be written down, NotEnoughDataError where no class calls a model.
    """
    changes = changes_in(recommendations)
    backends, evidence = backends_of(analysis, settings, changes)
    lanes, lane_of, lane_facts = _lanes(analysis, settings)
    classes: list[PolicyClass] = []
    facts = [*evidence, *changes.evidence, *lane_facts]
    for report in sorted(analysis.classes, key=lambda item: item.request_class):
        made, used = _classes(report, backends, settings, changes, lane_of[report.request_class])
        classes += made
        facts += used
    classes, match_facts = with_match_evidence(classes, told)
    facts += match_facts
    if not classes:
        raise NotEnoughDataError(
            "There is no class to write a policy for.",
            why="No analysed request called a model.",
            next_step="Ingest traces with model calls, or widen --since and --until.",
        )
    order = [lane.id for lane in lanes]
    # Those that a header tells apart exclude each other; what matches without one must come after.
    classes.sort(key=lambda item: (not item.match.headers, order.index(item.lane), item.id))
    used_lanes = {item.lane for item in classes}
    draft = Policy(
        schema_version=SCHEMA_VERSION,
        policy_id="policy",
        generated=generated,
        validity=Validity(
            not_before=generated.at, not_after=_later(generated.at, _LIFETIME), on_expiry="keep_and_warn"
        ),
        lanes=tuple(lane for lane in lanes if lane.id in used_lanes),
        backends=backends,
        classes=tuple(classes),
        default_class=_default_class(classes, order, analysis),
        expected=changes.expected,
        evidence=tuple(sorted({fact.id: fact for fact in facts}.values(), key=lambda fact: fact.id)),
    )
    return msgspec.structs.replace(draft, policy_id=_policy_id(draft))


def generated_from(provenance: Provenance, at: str, command: str | None) -> GeneratedInfo:
    """What the policy was made from. at: RFC 3339 in UTC; the clock is read by the caller."""
    inputs = [
        PolicyInput(role="trace", digest=f"sha256:{record.sha256}", records=record.records)
        for record in provenance.inputs
    ]
    if provenance.config_sha256 is not None:
        inputs.append(PolicyInput(role="config", digest=f"sha256:{provenance.config_sha256}"))
    return GeneratedInfo(
        at=at,
        tool="costctl",
        tool_version=provenance.costctl_version,
        seed=provenance.seed,
        command=command,
        inputs=tuple(inputs),
    )


def _lanes(
    analysis: Analysis, settings: Settings
) -> tuple[tuple[Lane, ...], dict[str, str], list[PolicyEvidence]]:
    """Lanes in order of service: by declared priority, then by declared value, then the rest."""
    ranks: dict[str, tuple[int, float]] = {}
    facts: list[PolicyEvidence] = []
    for report in analysis.classes:
        declared = settings.classes.get(report.request_class, ClassSettings())
        if declared.priority is not None:
            rank, statement = (0, float(declared.priority)), f"Declared priority {declared.priority}."
        elif declared.value is not None and declared.value.usd_per_success is not None:
            usd = declared.value.usd_per_success
            rank, statement = (1, -usd), f"No declared priority; a success is declared worth {usd:g} USD."
        else:
            rank, statement = (2, 0.0), "Neither priority nor value is declared; served after those with one."
        ranks[report.request_class] = rank
        facts.append(
            PolicyEvidence(
                id=identifier(f"lane.{report.request_class}"),
                kind="default" if rank[0] == 2 else "declared",
                statement=statement,
            )
        )
    order = sorted(set(ranks.values()))
    lanes = tuple(Lane(id=f"lane-{place}") for place in range(1, len(order) + 1))
    return lanes, {name: lanes[order.index(rank)].id for name, rank in ranks.items()}, facts


def _classes(
    report: ClassReport, backends: tuple[Backend, ...], settings: Settings, changes: Changes, lane: str
) -> tuple[list[PolicyClass], list[PolicyEvidence]]:
    """One policy class for each model that the class calls, and the evidence they rest on."""
    name = report.request_class
    declared = settings.classes.get(name, ClassSettings())
    boundary = _boundary(declared.boundary)
    placements, facts = placements_of(report, backends, declared, boundary, changes.placement.get(name))
    settings_fact = PolicyEvidence(
        id=identifier(f"class.{name}"),
        kind="declared",
        statement=f"Declared for the class {name} in the settings.",
    )
    made = []
    for placement in placements:
        queue, queue_evidence = _queue(name, placement, backends, changes)
        why = {
            "/lane": (identifier(f"lane.{name}"),),
            "/placement/targets": placement.target_evidence,
        }
        if queue is not None:
            why["/queue"] = queue_evidence
        if boundary is not None:
            why["/data_boundary"] = (settings_fact.id,)
        if placement.fallback and declared.allowed_models:
            why["/placement/fallback"] = (settings_fact.id,)
        made.append(
            PolicyClass(
                id=identifier(name if placement.model is None else f"{name}.{placement.model}"),
                request_class=name,
                match=_match(name, placement.model),
                lane=lane,
                placement=Placement(targets=placement.targets, fallback=placement.fallback),
                queue=queue,
                data_boundary=boundary,
                why=why,
            )
        )
    used = any(settings_fact.id in ids for item in made for ids in item.why.values())
    return made, [*facts, settings_fact] if used else list(facts)


def _match(request_class: str, model: str | None) -> Match:
    operation = _OPERATION_OF_CLASS.get(request_class)
    return Match(
        headers=() if operation else (HeaderMatch(name=CLASS_HEADER, value=request_class),),
        operation=(operation,) if operation else None,
        model=None if model is None else (model,),
    )


def _queue(
    request_class: str, placement: ModelPlacement, backends: tuple[Backend, ...], changes: Changes
) -> tuple[Queue | None, tuple[str, ...]]:
    """The recommended limits of the class in the pools it goes to; None leaves the limits of today."""
    placed = {target.backend for target in placement.targets}
    pools = {backend.pool for backend in backends if backend.id in placed}
    for change in changes.queue:
        if change.request_class == request_class and (change.pool is None or change.pool in pools):
            depth = None
            if change.depth is not None:
                is_none_waiting = change.depth <= 0
                depth = (
                    RejectWhenBusy() if is_none_waiting else AtMost(value=change.depth, scope="per_backend")
                )
            is_timed = change.max_wait_us is not None
            queue = Queue(
                depth=depth, max_wait_us=change.max_wait_us, on_timeout="reject" if is_timed else None
            )
            return queue, change.evidence
    return None, ()


def _boundary(declared: DataBoundary | None) -> PolicyBoundary | None:
    if declared is None:
        return None
    return PolicyBoundary(
        enforcement=declared.enforcement,
        regions=declared.regions or None,
        jurisdictions=declared.jurisdictions or None,
        boundaries=declared.boundaries or None,
    )


def _default_class(classes: list[PolicyClass], order: list[str], analysis: Analysis) -> str:
    """Where a request goes that says nothing of itself: bound the most strictly, served last, most common."""
    requests = {report.request_class: report.requests for report in analysis.classes}

    def strictness(item: PolicyClass) -> tuple[bool, int, int, str]:
        is_bound = item.data_boundary is not None and item.data_boundary.enforcement == "required"
        return (not is_bound, -order.index(item.lane), -requests[item.request_class], item.id)

    return min(classes, key=strictness).id


def _policy_id(draft: Policy) -> str:
    """Named for its content: two runs over the same evidence give the same id."""
    content = msgspec.to_builtins(draft)
    for changing in ("generated", "validity", "policy_id"):
        del content[changing]
    return "policy-" + hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:12]


def _later(instant: str, by: timedelta) -> str:
    return (datetime.fromisoformat(instant) + by).isoformat().replace("+00:00", "Z")
