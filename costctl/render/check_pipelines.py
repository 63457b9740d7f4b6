"""Verdicts of gates for what runs pipelines: JUnit, GitHub's workflow commands, GitLab's code quality report.

In: the document, and the path of the settings file as the repository has it. Out: text. Every message is the one
sentence of ``check_words``, so that all carry the same numbers.

JUnit: the schema of Apache Ant's report, https://github.com/windyroad/JUnit-Schema. Workflow commands:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions. Code quality:
https://docs.gitlab.com/ci/testing/code_quality (both read on 2026-11-30).
"""

from __future__ import annotations

import hashlib
import json
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from costctl.documents.check import Check, Outcome, Verdict
from costctl.legible import in_one_line
from costctl.render import check_words

_COMMANDS: Final[dict[Outcome, str]] = {"breached": "error", "cannot_say": "warning"}
_SEVERITIES: Final[dict[Outcome, str]] = {"breached": "critical", "cannot_say": "minor"}
_JUNIT_ELEMENTS: Final[dict[Outcome, str]] = {"breached": "failure", "cannot_say": "error"}
_JUNIT_CLASS: Final = "costctl.check"
_SECONDS: Final = 19  # characters of an instant up to its seconds, as the schema of JUnit wants it


def as_junit(document: Check, _path: str) -> str:
    """A test case for each check: a failure where it is breached, an error where it cannot be said."""
    cases = "".join(_case(each, document) for each in document.verdicts)
    counts = f'tests="{len(document.verdicts)}" failures="{document.breached}" errors="{document.cannot_say}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        f'  <testsuite name="costctl check" package="costctl" id="0" hostname="costctl" {counts} '
        f'timestamp="{document.window.to[:_SECONDS]}" time="0">\n    <properties/>\n{cases}'
        f"    <system-out>{escape(_passed(document))}</system-out>\n    <system-err/>\n"
        "  </testsuite>\n</testsuites>\n"
    )


def _passed(document: Check) -> str:
    """What was compared, and what holds, which a test case has no place for."""
    holds = (check_words.sentence(each, document) for each in document.verdicts if each.outcome == "passed")
    return "\n".join([check_words.compared(document), *holds])


def _case(each: Verdict, document: Check) -> str:
    name, said = quoteattr(check_words.title(each)), check_words.sentence(each, document)
    head = f'    <testcase name={name} classname="{_JUNIT_CLASS}.{each.limit}" time="0"'
    element = _JUNIT_ELEMENTS.get(each.outcome)
    if element is None:
        return f"{head}/>\n"
    return (
        f'{head}>\n      <{element} type="{each.cause}" message={quoteattr(said)}>{escape(said)}</{element}>\n'
        "    </testcase>\n"
    )


def as_github(document: Check, path: str) -> str:
    """A workflow command for each check that is breached or cannot be said, and one for how many hold."""
    lines = [
        f"::{_COMMANDS[each.outcome]} file={_property(path)},line={each.line},"
        f"title={_property(check_words.title(each))}::{_data(check_words.sentence(each, document))}"
        for each in document.verdicts
        if each.outcome in _COMMANDS
    ]
    said = f"{check_words.headline(document)}. {check_words.compared(document)}"
    lines.append(f"::notice title=costctl check::{_data(said)}")
    return "".join(f"{line}\n" for line in lines)


def as_gitlab(document: Check, path: str) -> str:
    """An entry for each check that is breached or cannot be said."""
    entries = [
        {
            "description": check_words.sentence(each, document),
            "check_name": f"costctl.{each.metric or 'budget'}.{each.limit}",
            "fingerprint": fingerprint(each),
            "severity": _SEVERITIES[each.outcome],
            "location": {"path": path, "lines": {"begin": each.line}},
        }
        for each in document.verdicts
        if each.outcome in _SEVERITIES
    ]
    return f"{json.dumps(entries, indent=2, ensure_ascii=False)}\n"


def fingerprint(each: Verdict) -> str:
    """The same for the same check of the same subject, whatever was found: 64 hex digits."""
    of = [each.metric or "budget", each.limit, each.name, [list(pair) for pair in each.subject]]
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()


def _data(text: str) -> str:
    """The message of a workflow command, in which nothing ends it."""
    return in_one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a property of one."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
