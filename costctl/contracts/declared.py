"""What of a contract did a person declare, and how does it stand beside what is measured anew?

In: an interface as it was drafted now, and as it stands in the contract of before. Out: the same with the declared
parts of before; their counts are those of the trace that was drafted from.
"""

from __future__ import annotations

from msgspec.structs import replace

from costctl.contracts.rules import longer_than, otherwise_than, tried_more_than
from costctl.contracts.uses import Uses
from costctl.documents.contract import Attribute, Degraded, Fallback, Interface, Retries, Success, Timeout


def with_declared(drafted: Interface, before: Interface | None, uses: Uses) -> Interface:
    """The drafted interface, with what was declared of it."""
    if before is None:
        return drafted
    return replace(
        drafted,
        basis=before.basis,
        note=before.note,
        success=_success(drafted.success, before.success),
        timeout=_timeout(drafted.timeout, before.timeout, uses),
        retries=_retries(drafted.retries, before.retries, uses),
        degraded=_degraded(drafted.degraded, before.degraded, uses),
        fallback=before.fallback if before.fallback.basis == "declared" else drafted.fallback,
        attributes=_attributes(drafted.attributes, before.attributes),
    )


def kept_alone(before: Interface) -> Interface | None:
    """What was declared of an interface that the trace does not show; None where nothing was."""
    parts = (before.success, before.timeout, before.retries, before.degraded, before.fallback)
    declared = [each for each in before.attributes if each.basis == "declared"]
    is_any = bool(declared) or any(each.basis == "declared" for each in (before, *parts))
    if not is_any and before.note is None:
        return None
    return Interface(
        kind=before.kind,
        stage=before.stage,
        operation=before.operation,
        name=before.name,
        basis=before.basis,
        note=before.note,
        success=_success(Success(), before.success),
        timeout=_timeout(Timeout(), before.timeout, None),
        retries=_retries(Retries(), before.retries, None),
        degraded=_degraded(Degraded(), before.degraded, None),
        fallback=before.fallback if before.fallback.basis == "declared" else Fallback(),
        attributes=_attributes((), before.attributes),
    )


def _success(drafted: Success, before: Success) -> Success:
    if before.basis != "declared":
        return drafted
    return replace(drafted, basis="declared", least=before.least)


def _timeout(drafted: Timeout, before: Timeout, uses: Uses | None) -> Timeout:
    if before.basis != "declared":
        return drafted
    found = None if uses is None or before.value_s is None else longer_than(uses.calls, before.value_s)
    return replace(
        drafted,
        basis="declared",
        value_s=before.value_s,
        found=None,
        samples=0 if found is None else found.checked,
        broken=0 if found is None else found.broken,
        why=before.why,
    )


def _retries(drafted: Retries, before: Retries, uses: Uses | None) -> Retries:
    if before.basis != "declared":
        return drafted
    found = None if uses is None or before.most is None else tried_more_than(uses.calls, before.most)
    broken = 0 if found is None else found.broken
    return replace(drafted, basis="declared", most=before.most, broken=broken, why=before.why)


def _degraded(drafted: Degraded, before: Degraded, uses: Uses | None) -> Degraded:
    if before.basis != "declared":
        return drafted
    found = None if uses is None or before.mode is None else otherwise_than(uses.calls, before.mode)
    broken = 0 if found is None else found.broken
    return replace(drafted, basis="declared", mode=before.mode, broken=broken, why=before.why)


def _attributes(drafted: tuple[Attribute, ...], before: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    declared = {each.name: each for each in before if each.basis == "declared"}
    found = [_attribute(each, declared.pop(each.name, None)) for each in drafted]
    unseen = [replace(each, samples=0, carried=0, lacking=0, outside=0) for each in declared.values()]
    return (*found, *unseen)


def _attribute(drafted: Attribute, declared: Attribute | None) -> Attribute:
    if declared is None:
        return drafted
    return replace(
        declared, samples=drafted.samples, carried=drafted.carried, lacking=drafted.lacking, outside=0
    )
