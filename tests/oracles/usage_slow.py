"""The usage of one record by trying every reading: the slow twin of costctl.ingest.token_algebra.

In: quantity → [(key, number, leaves its parts out)], as a record names them. Out: the counts, and which sides (input,
output) contradict themselves. It shares no code with the vectorised one but the list of what looks like usage: readings
are enumerated, and filtered.
"""

from __future__ import annotations

import ast
import json
import math
from itertools import product
from typing import Any

from costctl.ingest.content import is_content_key
from costctl.ingest.dialect import Vocabulary
from costctl.ingest.unread_usage import looks_like_usage

MODALITIES = ("audio", "image", "video")
Names = list[tuple[str, int, bool]]
INPUT_PARTS = (
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    *(f"{way}_{kind}_tokens" for way in ("input", "cached") for kind in MODALITIES),
)
OUTPUT_PARTS = ("reasoning_tokens", *(f"output_{kind}_tokens" for kind in MODALITIES))


def usage_slowly(
    named: dict[str, Names], has_no_output: bool = False
) -> tuple[dict[str, int | None], bool, bool]:
    """Counts by column, whether the input contradicts itself, whether the output does."""
    counts: dict[str, int | None] = {}
    torn = set()
    for name in (
        *INPUT_PARTS,
        *OUTPUT_PARTS,
        "cache_write_5m_tokens",
        "input_text_tokens",
        "output_text_tokens",
    ):
        numbers = {number for _, number, _ in named.get(name, [])}
        if any(number < 0 for number in numbers) or len(numbers - {0}) > 1:
            torn.add(name)
        counts[name] = None if not numbers else max(numbers, key=abs)
    _writes(counts, torn)
    floor_in = (counts["cached_input_tokens"] or 0) + (counts["cache_write_tokens"] or 0)
    modal_in, modal_out = (
        sum(counts[f"{way}_{kind}_tokens"] or 0 for kind in MODALITIES) for way in ("input", "output")
    )
    is_torn_in = any(name in torn for name in INPUT_PARTS) or _overfull(counts)
    is_torn_out = any(name in torn for name in OUTPUT_PARTS)
    cached, written, reasoned = (
        counts[name] or 0 for name in ("cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
    )
    inputs = _readings(
        _with_modalities(named, counts, torn, "input", modal_in),
        [0, cached, written, cached + written],
        max(floor_in, modal_in),
    )
    outputs = _readings(
        _with_modalities(named, counts, torn, "output", modal_out), [0, reasoned], max(reasoned, modal_out)
    )
    totals = {number for _, number, _ in named.get("total_tokens", []) if number > 0}
    into, out = _chosen(inputs, outputs, totals, has_no_output)
    counts |= {"input_tokens": into[0], "output_tokens": out[0]}
    is_torn_in |= into[1]
    is_torn_out |= out[1]
    for name in ("input_tokens", *INPUT_PARTS):
        counts[name] = None if is_torn_in else counts[name]
    for name in ("output_tokens", *OUTPUT_PARTS):
        counts[name] = None if is_torn_out else counts[name]
    return counts, is_torn_in, is_torn_out


def conflict_slowly(named: dict[str, Names], is_torn_in: bool, is_torn_out: bool) -> str | None:
    """The keys of what contradicts itself: of the input, of the output, and the total."""
    sides = (
        (is_torn_in, ("input_tokens", *INPUT_PARTS, "cache_write_5m_tokens", "input_text_tokens")),
        (is_torn_out, ("output_tokens", *OUTPUT_PARTS, "output_text_tokens")),
        (is_torn_in or is_torn_out, ("total_tokens",)),
    )
    columns = [column for is_torn, side in sides if is_torn for column in side]
    keys = [key for column in columns for key, number, _ in named.get(column, []) if number]
    return " ".join(dict.fromkeys(keys)) if is_torn_in or is_torn_out else None


def _writes(counts: dict[str, int | None], torn: set[str]) -> None:
    whole, short, long = (counts[f"cache_write{kind}_tokens"] for kind in ("", "_5m", "_1h"))
    parts = (short or 0) + (long or 0)
    if short is None and long is None:
        return
    if parts > 0 and not whole:
        counts["cache_write_tokens"] = parts
    elif short and long is None and whole is not None and whole > short:
        counts["cache_write_1h_tokens"] = whole - short
    elif short is not None and parts > 0 and whole != parts:
        torn.add("cache_write_tokens")
    if "cache_write_5m_tokens" in torn:
        torn.add("cache_write_tokens")


def _overfull(counts: dict[str, int | None]) -> bool:
    pairs = [("cache_write_1h_tokens", "cache_write_tokens")]
    for kind in MODALITIES:
        pairs += [
            (f"cached_{kind}_tokens", whole) for whole in ("cached_input_tokens", f"input_{kind}_tokens")
        ]
    return any((counts[part] or 0) > counts[whole] for part, whole in pairs if counts[whole] is not None)


def _with_modalities(
    named: dict[str, Names], counts: dict[str, int | None], torn: set[str], way: str, modal: int
) -> list[tuple[int, bool]]:
    """The numbers of one side, and whether each leaves its parts out; the sum of the modalities is one."""
    numbers = [(number, is_apart) for _, number, is_apart in named.get(f"{way}_tokens", [])]
    text = f"{way}_text_tokens"
    if counts[text] is not None and text not in torn:
        numbers.append(((counts[text] or 0) + modal, False))
    return numbers


class _Readings:
    """possible: every reading that all numbers allow.  whole: those by which each holds all of its parts or none.
    declared: those by a number's own convention.
    """

    def __init__(self, numbers: list[tuple[int, bool]], steps: list[int], floor: int) -> None:
        said = [each for each in numbers if each[0] != 0]
        kept = said or numbers
        self.is_known = bool(numbers)
        self.is_plain = steps[-1] == 0
        self.raw = max((number for number, _ in numbers), key=abs, default=0)
        sets = [{number + step for step in steps} for number, _ in kept if number >= 0]
        agreed = set.intersection(*sets) if sets and len(sets) == len(kept) else set()
        self.possible = {reading for reading in agreed if reading >= floor}
        ends = [{number, number + steps[-1]} for number, _ in kept if number >= 0]
        whole = set.intersection(*ends) if ends and len(ends) == len(kept) else set()
        self.whole = self.possible & whole
        by_rule = {number + (steps[-1] if is_apart else 0) for number, is_apart in kept}
        self.declared = self.whole & by_rule


def _readings(numbers: list[tuple[int, bool]], steps: list[int], floor: int) -> _Readings:
    return _Readings(numbers, steps, floor)


def _alone(side: _Readings) -> tuple[int | None, bool]:
    pool = side.declared or side.whole
    if len(pool) == 1:
        return next(iter(pool)), False
    return None, side.is_known


def _chosen(
    inputs: _Readings, outputs: _Readings, totals: set[int], has_no_output: bool
) -> tuple[tuple[int | None, bool], tuple[int | None, bool]]:
    lone_in, lone_out = _alone(inputs), _alone(outputs)
    if not totals:
        return lone_in, lone_out
    if inputs.is_known and outputs.is_known:
        pairs = [pair for pair in product(inputs.possible, outputs.possible) if sum(pair) in totals]
        if len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs}) == 1:
            return (pairs[0][0], False), (pairs[0][1], False)
        is_sum = inputs.raw + outputs.raw in totals
        if is_sum and lone_in[0] is not None and lone_out[0] is not None and lone_in[0] > inputs.raw:
            return lone_in, lone_out
        return (None, True), (None, True)
    total = next(iter(totals)) if len(totals) == 1 else None
    if not inputs.is_known and not outputs.is_known:
        if has_no_output and total is not None:
            return (total, False), lone_out
        is_lost = not has_no_output
        return (None, is_lost), (None, is_lost)
    if not inputs.is_known and total is not None and outputs.is_plain and lone_out[0] is not None:
        return ((total - lone_out[0], False) if total >= lone_out[0] else (None, False)), lone_out
    if not outputs.is_known and total is not None and inputs.is_plain and lone_in[0] is not None:
        return lone_in, ((total - lone_in[0], False) if total >= lone_in[0] else (None, False))
    return lone_in, lone_out


def fold_speed_slowly(row: dict[str, Any]) -> None:
    """A call that was sold as fast is so by its service tier, where that says nothing else."""
    speed = row.pop("speed") or ""
    if speed.lower() == "fast" and (row["service_tier"] or "").lower() in ("", "default", "standard", "auto"):
        row["service_tier"] = "fast"


def keep_ttft_slowly(row: dict[str, Any]) -> None:
    """A first token a hundredth of the duration and a millisecond after the end is not known."""
    if row["ttft_s"] is None or row["end_ns"] is None or row["end_ns"] < row["start_ns"]:
        return
    if row["ttft_s"] > (row["end_ns"] - row["start_ns"]) / 1e9 * 1.01 + 0.001:
        row["ttft_s"] = None
        row["usage_conflict"] = " ".join(filter(None, (row["usage_conflict"], "ttft_s")))


def unread_slowly(attributes: dict[str, Any], vocabulary: Vocabulary) -> list[str] | None:
    """Keys that look like usage, hold numbers, and that no rule reads; of keys with JSON texts the fields inside."""
    found = set()
    for key, value in attributes.items():
        if key in vocabulary.fields:
            inner = _document(value)
            found |= {f"{key}.{path}" for path in _numbers(inner) if path not in vocabulary.fields[key]}
            continue
        asked = vocabulary.required.get(key, ("",))
        is_read = any(beside is None or beside in attributes for beside in asked)
        if not is_read and not is_content_key(key) and (_is_number(value) or _numbers(_document(value))):
            found.add(key)
    return sorted(filter(looks_like_usage, found)) or None


def _document(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(value)
        except (ValueError, SyntaxError):
            continue
        return found if isinstance(found, dict | list) else None
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _numbers(value: Any, path: str = "") -> set[str]:
    """Paths of the numbers below a JSON value, names with dots between."""
    if isinstance(value, dict):
        steps = [(f"{path}.{name}" if path else name, inner) for name, inner in value.items()]
        return {found for step, inner in steps for found in _numbers(inner, step)}
    return {path} if path and _is_number(value) else set()
