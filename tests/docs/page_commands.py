"""Types the console blocks of a page, in their order, as a reader would: what does each command print?

A line that starts with ``$`` is a command; what stands below it in its block is what the page shows of its output.
costctl runs in this process, with no way to the network; ``cd``, ``cp`` and ``make`` do what they do in a shell. A
command that ends with another code than 0 says so: ``$ costctl check  # ends with 1``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from tests.command_line import costctl

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<command>.+)\n(?P<quoted>(?:(?!\$ ).*\n)*)", re.MULTILINE)
OFFLINE = Path(__file__).parent / "offline"
ROOT = Path(__file__).parents[2]
_ENDS_WITH = re.compile(r"# ends with (\d+)$")
SET_UP = ("pip install .", "make test")  # what has installed and started these tests


class Ran(NamedTuple):
    """A command of the page. printed: on stdout.  quoted: what the page shows of it, empty where it shows nothing."""

    command: str
    printed: str
    quoted: str


def commands_of(page: Path) -> list[tuple[str, str]]:
    """Each command of the page and what is quoted below it, but for those that have brought the tests here."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    found = [(each["command"], each["quoted"]) for block in blocks for each in _COMMAND.finditer(block)]
    return [each for each in found if each[0] not in SET_UP]


def run_commands(page: Path, folder: Path, home: Path | None = None) -> tuple[Ran, ...]:
    """Each command of the page, run in ``folder``; one that fails fails the test. home: HOME, else ``folder``."""
    place, ran = folder, []
    for command, quoted in commands_of(page):
        words = shlex.split(command, comments=True)
        match words:
            case ["costctl", *arguments]:
                ran.append(Ran(command, _printed(command, arguments, place, home or folder), quoted))
            case ["cd", name]:
                place = place / name
            case ["cp", source, target]:
                shutil.copy(place / source, place / target)
            case ["make", *targets]:
                ran.append(Ran(command, _made(targets, place, home or folder), quoted))
            case _:
                raise AssertionError(f"a reader could not be followed: {command}")
    return tuple(ran)


def _printed(command: str, arguments: list[str], place: Path, home: Path) -> str:
    with mock.patch.object(socket.socket, "connect", _refused):
        done = costctl(place, *arguments, environment={"HOME": str(home)})
    said = _ENDS_WITH.search(command)
    assert done.returncode == (int(said[1]) if said else 0), f"{command}\n{done.stderr}"
    return done.stdout


def _refused(*_: object) -> None:
    raise OSError("the pages work without a network")


def _made(targets: list[str], place: Path, home: Path) -> str:
    """What make prints. Python processes that it starts have no network either."""
    searched = os.pathsep.join((str(OFFLINE), str(ROOT)))
    done = subprocess.run(
        ["make", *targets],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": searched},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"make {' '.join(targets)}\n{done.stderr}"
    return done.stdout
