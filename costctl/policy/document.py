"""What should the gateways and servers do from now on?

In: the analysis, the recommendations, the settings. Out: a policy document that passes
``costctl/policy/checks.py``: lanes in order of service, backends, classes by what is known when a request
arrives, each setting with the evidence it rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from costctl.documents.admission_accuracy import Matching
from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.data_settings import DataSettings
from costctl.documents.policy import (
    SCHEMA_VERSION,
    GeneratedInfo,
    HeaderMatch,
    Lane,
    Match,
    Placement,
    Policy,
    PolicyClass,
    PolicyEvidence,
    PolicyInput,
    Validity,
)
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import Recommendations
from costctl.documents.settings import ClassSettings, Settings
from costctl.errors import NotEnoughDataError
from costctl.levers.identifiers import identifier
from costctl.levers.platform import Platform
from costctl.levers.to_policy import NotCarried, Written, to_policy
from costctl.policy.backends import backends_of
from costctl.policy.changes import Changes, changes_in
from costctl.policy.classified import boundary_of, policy_boundary
from costctl.policy.keeping import Broken, without_broken
from costctl.policy.match_evidence import with_match_evidence
from costctl.policy.placement import RouteTargets, placement_within, targets_today
from costctl.policy.routes import Routes

# Set by the edge from the same rules that segment the trace; clients' own copies are stripped there, or a
# client could promote itself.
CLASS_HEADER: Final = "x-request-class"

# Default classes that the kind of operation alone tells apart when a request arrives.
_TOLD_BY_OPERATION: Final = frozenset({"embedding_batch"})

# Costs are reviewed every week; after four reviews without a new policy this one rests on old traffic.
_LIFETIME: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Built:
    """The policy, recommended settings that no policy can carry, and, by the name that clients ask for, calls of which
    none was answered: there is no route for them.
    """

    policy: Policy
    not_carried: tuple[NotCarried, ...]
    unanswered: Mapping[str, int]


def build_policy(
    analysis: Analysis,
    recommendations: Recommendations,
    settings: Settings,
    routes: Routes,
    generated: GeneratedInfo,
    today: Platform,
    told: Matching | None = None,
) -> Built:
    """The policy document. routes: what clients ask for, and what answers.  today: the platform that the
    recommendations were judged on.  told: how well the classes can be told at admission without their header.

    Raises InfeasibleError where a required data boundary leaves a class nowhere to go, InputError where a
    recommendation cannot be written down, NotEnoughDataError where no class calls a model.
    """
    changes = changes_in(recommendations)
    as_is = _policy_of_today(analysis, settings, routes, generated)
    written = to_policy(as_is, changes.settings, today, settings.classes)
    policy = _with_reasons(written, changes)
    placed = [_placed(each, policy, settings) for each in policy.classes]
    policy = msgspec.structs.replace(policy, classes=tuple(kind for kind, _ in placed))
    classes, facts = with_match_evidence(list(policy.classes), told)
    order = [lane.id for lane in policy.lanes]
    # Those that a header tells apart exclude each other; what matches without one, or with fewer, must come after.
    classes.sort(key=lambda item: (-len(item.match.headers), order.index(item.lane), item.id))
    used_lanes = {item.lane for item in classes}
    rests_on = {fact.id: fact for fact in (*policy.evidence, *changes.evidence, *facts)}
    draft = msgspec.structs.replace(
        policy,
        lanes=tuple(lane for lane in policy.lanes if lane.id in used_lanes),
        classes=tuple(classes),
        default_class=_default_class(classes, settings),
        expected=changes.expected,
        evidence=tuple(fact for _, fact in sorted(rests_on.items())),
    )
    named = msgspec.structs.replace(draft, policy_id=_policy_id(draft))
    left_out = tuple(each for kind, broken in placed for each in _left_out(kind, broken, changes))
    return Built(named, (*written.not_carried, *left_out), routes.unanswered)


def _left_out(kind: PolicyClass, broken: tuple[Broken, ...], changes: Changes) -> Iterator[NotCarried]:
    """What is recommended for a class and would break its boundary."""
    for each in broken:
        for setting in changes.settings:
            is_it = setting.lever.name.split(".")[0] == each.setting
            if is_it and (setting.lever.owner, setting.subject) == ("class", kind.request_class):
                yield NotCarried(setting, f"it would break the data boundary of {kind.id}: {each.reason}")


def _policy_of_today(
    analysis: Analysis, settings: Settings, routes: Routes, generated: GeneratedInfo
) -> Policy:
    """What is done today, and the order of service that is declared; fallbacks come last, when placement is known."""
    backends, evidence = backends_of(analysis, settings, routes)
    lanes, lane_of, lane_facts = _lanes(analysis, settings)
    classes: list[PolicyClass] = []
    facts = [*evidence, *lane_facts]
    for report in sorted(analysis.classes, key=lambda item: item.request_class):
        declared = settings.classes.get(report.request_class, ClassSettings())
        groups = targets_today(report.request_class, routes, backends, declared)
        made, used = _classes(report, groups, declared, settings.data, lane_of[report.request_class])
        classes += made
        facts += used
    if not classes:
        raise NotEnoughDataError(
            "There is no class to write a policy for.",
            why="No analysed request called a model that answered.",
            next_step="Ingest traces with model calls, or widen --since and --until.",
        )
    return Policy(
        schema_version=SCHEMA_VERSION,
        policy_id="policy",
        generated=generated,
        validity=Validity(
            not_before=generated.at, not_after=_later(generated.at, _LIFETIME), on_expiry="keep_and_warn"
        ),
        lanes=lanes,
        backends=backends,
        classes=tuple(classes),
        default_class=classes[0].id,
        evidence=tuple(facts),
    )


def _with_reasons(written: Written, changes: Changes) -> Policy:
    """The policy, each setting that was recommended with the evidence that it rests on."""
    reasons: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, pointers in written.pointers.items():
        for pointer in pointers:
            _, section, index, place = pointer.split("/", 3)
            reasons.setdefault(f"/{section}/{index}", {})[f"/{place}"] = changes.rests_on[key]
    policy = written.policy
    return msgspec.structs.replace(
        policy,
        backends=tuple(
            msgspec.structs.replace(each, why={**each.why, **reasons.get(f"/backends/{index}", {})})
            for index, each in enumerate(policy.backends)
        ),
        classes=tuple(
            msgspec.structs.replace(each, why={**each.why, **reasons.get(f"/classes/{index}", {})})
            for index, each in enumerate(policy.classes)
        ),
    )


def _placed(kind: PolicyClass, policy: Policy, settings: Settings) -> tuple[PolicyClass, tuple[Broken, ...]]:
    """The class with its placement within its boundary, and fallbacks; and what it might not buy for its boundary."""
    declared = settings.classes.get(kind.request_class, ClassSettings())
    placement = placement_within(
        kind.request_class, kind.placement.targets, policy.backends, declared, kind.data_boundary
    )
    why = dict(kind.why)
    if placement.fallback and declared.allowed_models:
        why["/placement/fallback"] = (_declared_id(kind.request_class),)
    backends = {backend.id: backend for backend in policy.backends}
    within = msgspec.structs.replace(kind, placement=placement, why=why)
    return without_broken(within, backends, _declared_id(kind.request_class))


def generated_from(provenance: Provenance, observed_from: str, observed_to: str) -> GeneratedInfo:
    """What the policy was made from, as of the end of the period. observed_from, observed_to: RFC 3339 in UTC."""
    inputs = [
        PolicyInput(role="trace", digest=f"sha256:{record.sha256}", records=record.records)
        for record in provenance.inputs
    ]
    if provenance.config_sha256 is not None:
        inputs.append(PolicyInput(role="config", digest=f"sha256:{provenance.config_sha256}"))
    return GeneratedInfo(
        at=observed_to,
        tool="costctl",
        tool_version=provenance.costctl_version,
        seed=provenance.seed,
        inputs=tuple(inputs),
        observed_from=observed_from,
        observed_to=observed_to,
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
    report: ClassReport,
    groups: tuple[RouteTargets, ...],
    declared: ClassSettings,
    data: DataSettings,
    lane: str,
) -> tuple[list[PolicyClass], list[PolicyEvidence]]:
    """One policy class for each name that the class asks for and each classification of data that its calls tell, and
    the evidence they rest on.
    """
    name = report.request_class
    names = {group.route.names[:1] for group in groups}
    bounds = [policy_boundary(boundary_of(name, declared, data, group.route.data)) for group in groups]
    measured = PolicyEvidence(
        id=identifier(f"placement.{name}"),
        kind="measured",
        statement=f"Where the calls of {name} ran.",
        samples=sum(group.calls for group in groups),
    )
    why: dict[str, tuple[str, ...]] = {
        "/lane": (identifier(f"lane.{name}"),),
        "/placement/targets": (measured.id,),
    }
    bound = {**why, "/data_boundary": (_declared_id(name),)}
    made = [
        PolicyClass(
            id=identifier(".".join(_id_parts(name, group, has_names=len(names) > 1))),
            request_class=name,
            match=_match(group, data),
            lane=lane,
            placement=Placement(targets=group.targets),
            calls=group.calls,
            data_boundary=boundary,
            data_classification=group.route.data,
            why=why if boundary is None else bound,
        )
        for group, boundary in zip(groups, bounds, strict=True)
    ]
    declaration = PolicyEvidence(
        id=_declared_id(name), kind="declared", statement=f"Declared for the class {name} in the settings."
    )
    is_declared = any(each is not None for each in bounds) or bool(declared.allowed_models)
    return made, ([measured] if made else []) + ([declaration] if made and is_declared else [])


def _declared_id(request_class: str) -> str:
    return identifier(f"class.{request_class}")


def _id_parts(name: str, group: RouteTargets, *, has_names: bool) -> Iterator[str]:
    """The class, the name that is asked for where there are several, and the classification of data that is told."""
    yield name
    yield from group.route.names[:1] if has_names else ()
    if group.route.data is not None:
        yield group.route.data


def _match(group: RouteTargets, data: DataSettings) -> Match:
    request_class, operation = group.route.request_class, group.route.operation
    is_told = operation is not None and request_class in _TOLD_BY_OPERATION
    of_class = () if is_told else (HeaderMatch(name=CLASS_HEADER, value=request_class),)
    told = group.route.data
    return Match(
        headers=of_class if told is None else (*of_class, HeaderMatch(name=data.header, value=told)),
        operation=None if operation is None else (operation,),
        model=group.route.names or None,
    )


def _default_class(classes: list[PolicyClass], settings: Settings) -> str:
    """Where a request goes that says nothing of itself: the busiest class that somebody waits for, bound to where its
    data may go, if one is; an embedder, and what may be deferred, only where there is nothing else.
    """

    def rank(item: PolicyClass) -> tuple[bool, bool, int, str]:
        declared = settings.classes.get(item.request_class, ClassSettings())
        is_interactive = item.match.operation is None and not declared.deferrable
        is_bound = item.data_boundary is not None and item.data_boundary.enforcement == "required"
        return (not is_interactive, not is_bound, -(item.calls or 0), item.id)

    return min(classes, key=rank).id


def _policy_id(draft: Policy) -> str:
    """Named for its content: two runs over the same evidence give the same id."""
    content = msgspec.to_builtins(draft)
    for changing in ("generated", "validity", "policy_id"):
        del content[changing]
    return "policy-" + hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:12]


def _later(instant: str, by: timedelta) -> str:
    return (datetime.fromisoformat(instant) + by).isoformat().replace("+00:00", "Z")
