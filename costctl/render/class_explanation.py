"""One class: its rules in words, and example requests."""

from __future__ import annotations

from costctl.documents.explanation import ClassExplanation
from costctl.render.cache_misses import missed_sections
from costctl.render.cells import count, seconds, usd
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv


def sections(explained: ClassExplanation) -> list[Section]:
    """How many requests it has, the rules that give it, and example requests."""
    succeeded = f", {count(explained.successes)} successful" if explained.requests else ""
    parts: list[Section] = [
        Notes(
            f"Class {explained.request_class}",
            (
                f"{plural(explained.requests, 'request')}{succeeded}; attributed: "
                f"{usd(explained.usd).at_least(explained.unpriced_charges)}.",
            ),
        )
    ]
    rules = tuple(
        (count(rule.rule_order), rule.rule, rule.definition, count(rule.requests)) for rule in explained.rules
    )
    texts = ("#", "rule", "condition, where no earlier rule matched")
    parts.append(Table("Rules that give the class", (*texts, "requests"), rows=rules, left=frozenset(texts)))
    if explained.missed is not None:
        parts.extend(missed_sections(explained.missed, explained.missed_calls))
    examples = tuple(
        (
            each.example,
            each.trace_id,
            seconds(each.duration_s),
            usd(each.usd).at_least(each.unpriced_charges),
        )
        for each in explained.examples
    )
    if examples:
        columns = ("example", "trace", "duration", "USD")
        parts.append(
            Table(
                "Example requests: typical is the median duration, slow the p95, expensive the p95 of cost",
                columns,
                examples,
                frozenset({"example", "trace"}),
            )
        )
        parts.append(
            Notes("Next", (f"`costctl explain {examples[0][1]}` explains the {examples[0][0]} one.",))
        )
    return parts


def csv_text(explained: ClassExplanation) -> str:
    """A row for each request that stands for the class."""
    return as_csv(
        ("request_class", "example", "trace_id", "request_id", "duration_s", "usd", "unpriced_charges"),
        [
            [
                explained.request_class,
                each.example,
                each.trace_id,
                each.request_id,
                each.duration_s,
                each.usd,
                each.unpriced_charges,
            ]
            for each in explained.examples
        ],
    )
