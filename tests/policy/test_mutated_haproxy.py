"""Ways to spoil a file for HAProxy: ten that HAProxy itself refuses to load, and those that it takes without a word,
which `costctl emit --diff` shows. HAProxy reads a number that is none as 0, and 0 as no limit.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from costctl.policy.file_changes import file_changes
from costctl.policy.targets.haproxy import emit_haproxy
from costctl.policy.targets.registry import reader_of
from tests.policy.test_mutated_envoy import rich_policy

SERVER = '    server cpu-1 "${CPU_ADDRESS}" check\n'
LEFT = "    http-request set-var(txn.class) str(rest) unless { var(txn.class) -m found }\n"
STRIP = '    http-request del-header x-costctl-class unless { src "${COSTCTL_EDGE}" }\n'
A, B = (f"http-request set-var(txn.class) str({name}) if !" for name in "ab")
REFUSED = {
    "a number as text": ("set-priority-class int(0)", "set-priority-class int(first)"),
    "a keyword with a slip": ("set-priority-class", "set-priority-clas"),
    "a pool that is not there": ("use_backend cpu if", "use_backend gone if"),
    "a status above all": ("deny_status 429", "deny_status 4290"),
    "no table for a rate": ("backend costctl-classes", "backend costctl-others"),
    "a name that two pools have": ("\nbackend cpu\n", "\nbackend gpu\n"),
    "a name that two servers have": (SERVER, SERVER + SERVER),
    "a rule that is none": ("balance leastconn", "balance fewest"),
    "a size in a unit that is none": ("size 4k", "size 4x"),
    "a time-out with a word too many": ("timeout connect 5s", "timeout connect 5 seconds"),
}
TAKEN = {
    "a limit as text, which is no limit": ("maxconn 8", "maxconn many"),
    "a limit of 0, which is no limit": ("maxconn 8", "maxconn 0"),
    "a limit below 0": ("maxconn 8", "maxconn -8"),
    "attempts as text": ("retries 2", "retries two"),
    "a priority above all": ("set-priority-class int(0)", "set-priority-class int(5000)"),
    "a pool without a server": (SERVER, ""),
    "nothing for what is left": (LEFT, ""),
    "a clients own label is believed": (STRIP, ""),
    "weights that do not add up": ("rand(200)", "rand(20)"),
    "two classes in another order": (A, B),
}


def said_by_haproxy(text: str, folder: Path) -> int:
    """The status with which HAProxy reads a file."""
    command = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if command is None:
        pytest.skip("haproxy is not installed; run: make validators")
    (folder / "haproxy.cfg").write_text(text)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+_ADDRESS\w*)\}", text), "127.0.0.1:2")
    environment = {**variables, "COSTCTL_LISTEN": "127.0.0.1:1", "COSTCTL_EDGE": "127.0.0.1"}
    done = subprocess.run(
        [command, "-c", "-f", str(folder / "haproxy.cfg")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode


def spoiled(change: tuple[str, str]) -> tuple[str, str]:
    """A file, and the same spoiled."""
    text = emit_haproxy(rich_policy(), None).files["haproxy.cfg"]
    before, after = change
    assert before in text
    return text, text.replace(before, after)


@pytest.mark.parametrize("name", REFUSED)
def test_haproxy_refuses_a_file_that_was_spoiled(name: str, tmp_path: Path) -> None:
    text, worse = spoiled(REFUSED[name])
    assert [said_by_haproxy(each, tmp_path) for each in (text, worse)] == [0, 1]


@pytest.mark.parametrize("name", TAKEN)
def test_what_haproxy_takes_without_a_word_is_shown_as_a_difference(name: str, tmp_path: Path) -> None:
    text, worse = spoiled(TAKEN[name])
    assert said_by_haproxy(worse, tmp_path) == 0, "HAProxy has learned to refuse it"
    assert not file_changes(worse, text, reader_of("haproxy")).is_same
