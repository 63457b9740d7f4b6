"""Where does a written file come from? Lines for the comment at its head; the same policy gives the same lines.

In: a policy. Out: lines without a comment sign.
"""

from __future__ import annotations

import hashlib

from costctl.documents.coverage import Consumer
from costctl.documents.policy import Policy
from costctl.legible import legible
from costctl.policy.pointers import policy_digest


def origin_lines(policy: Policy, target: str, consumer: str) -> tuple[str, ...]:
    """What wrote the file, of which traces and which policy, and how it is written again."""
    made = policy.generated
    period = (
        f"traces from {made.observed_from} to {made.observed_to}"
        if made.observed_from is not None and made.observed_to is not None
        else f"a policy made at {made.at}"
    )
    digests = "".join(sorted(each.digest for each in made.inputs))
    inputs = f", inputs sha256:{hashlib.sha256(digests.encode()).hexdigest()}" if digests else ""
    return (
        f"For {consumer}, written by costctl {made.tool_version}.",
        f"Origin: {period}{inputs}.",
        f"Policy: {policy.policy_id}, {policy_digest(policy)}.",
        f"Again: costctl emit --target {target} --policy FILE, where FILE is that policy; --target policy writes it.",
    )


def retold(text: str, target: str, tested: Consumer, installed: Consumer, written: str, policy: str) -> str:
    """A file whose head says another version of its consumer. tested: the one that it says.

    written, policy: digests of what was written of the policy, and of the policy.
    """
    command = f"costctl emit --target {target} "
    for old, new in (
        (
            f"For {tested.name} {tested.version}, written",
            f"For {installed.name} {installed.version}, written",
        ),
        (written, policy),
        (command, f"{command}--consumer-version {installed.version} "),
    ):
        text = text.replace(old, new, 1)
    return text


def commented(lines: tuple[str, ...]) -> str:
    """The lines as comments of YAML or of protobuf text; what would end a comment is a space."""
    return "".join(f"# {legible(' '.join(line.split()))}\n" for line in lines)
