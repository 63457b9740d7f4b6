"""Every verb in every form that it can be printed in: read from the program itself, and asked once.

In: a folder with traces, bills and settings. Out: what a verb prints in a form. A form that is added to a verb is asked
for without a word here; a verb that is added needs a line in ``ASKED``, and a test says so.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache
from itertools import islice
from pathlib import Path
from subprocess import CompletedProcess
from types import FunctionType
from typing import Any, Final, get_args, get_type_hints

import msgspec
import typer
from msgspec.structs import replace
from typer.models import OptionInfo

from costctl import verbs
from costctl.cli.app import app
from costctl.cli.commands import options_of
from costctl.documents.policy import Caps, Policy, Queue
from tests.command_line import costctl
from tests.conftest import ROOT
from tests.contracts.written_contract import WRITTEN
from tests.remembered import remembered
from tests.synth.written_shop import weeks_in

WIDE: Final = {"COLUMNS": "400"}  # no cell is folded
SAMPLE: Final = ROOT / "sample_traces"
LAST_MINUTES: Final = "2026-11-03T06:15:00Z"  # of the sample: what is before is left out
FEW_LINES: Final = 6
AS_OF: Final = "2026-11-24"
GATES: Final = """
[[gates]]
metric = "requests"
min = 1

[[gates]]
metric = "billed_usd"
max = 0.001

[[gates]]
metric = "e2e_p95"
class = "chat"
max = "2s"

[[gates]]
metric = "success_ratio"
class = "rag"
min = 0.5
min_samples = 1_000_000
"""
COUNTED: Final = (
    "SELECT model, COUNT(*) AS calls, SUM(input_tokens) AS input_tokens FROM calls GROUP BY ALL ORDER BY 1"
)

# What each verb is asked that prints a document: the words after it, once for each of its documents.
ASKED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "ingest": (("few.jsonl", "--store", "few.duckdb"),),
    "doctor": ((),),
    "segment": ((), ("--sessions",), ("--learn",), ("--admission",)),
    "analyze": ((), ("--by", "tenant")),
    "diff": ((),),
    "simulate": (("--load", "1.5x"),),
    "recommend": ((), ("--show", "1"), ("--portfolio",), ("--review",)),
    "report": ((),),
    "reconcile": (("bills",),),
    "check": ((),),
    "forecast": (("--store", "weeks.duckdb", "--config", "weeks.toml"),),
    "explain": (("chat",), ("00000007000000000000000000001000",)),
    "export": ((),),
    "sql": ((COUNTED,),),
    "audit show": (("--store", "weeks.duckdb"),),
    "audit verify": ((),),
    "baseline show": ((),),
    "contract check": (("--contract", "contracts.toml"),),
    "policy diff": (("policy.json", "stricter.json"),),
    "policy explain": (("policy.json",),),
    "policy plan": (("stricter.json", "--from", "policy.json"),),
    "policy verify": (("--policy", "stricter.json"),),
    "prices list": (("--model", "gpt-4o", "--as-of", AS_OF),),
    "prices verify": (("--as-of", AS_OF, "--store", "costctl.duckdb"),),
    "store info": ((),),
}
# Verbs that print no document, and what holds their words to what is so.
WITHOUT_FORMS: Final = {
    "init": "tests/cli/test_init.py",
    "emit": "tests/policy/test_targets.py: each value, with the manifest that says how it was carried",
    "serve": "tests/serve: it shows the page of the report, and the metrics of the export",
    "synth": "writes traces",
    "schema": "prints a schema",
    "help": "prints a page",
    "warmup": "compiles",
    "baseline save": "writes the document of analyze",
    "contract draft": "tests/contracts: it writes the file that contract check reads",
    "policy check": "counts what is in a policy",
    "store prune": "tests/store",
    "store compact": "tests/store",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A verb, what it is asked, and a form."""

    verb: str
    words: tuple[str, ...]
    form: str

    def headline(self) -> tuple[str, ...]:
        """What its document is called in a table of them."""
        return (self.verb, *self.words[:1])

    def views(self) -> tuple[tuple[str, ...], ...]:
        """The first screen, and what is behind it."""
        has_detail = self.form in ("table", "markdown") and "--detail" in options_of(app, self.verb.split())
        return ((), ("--detail",)) if has_detail else ((),)

    def __str__(self) -> str:
        first = self.words[0].split()[0].strip("-") if self.words else ""
        return "-".join(filter(None, (*self.verb.split(), first, self.form)))


def commands(application: typer.Typer = app, group: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command, such as "store info", and its function."""
    for each in application.registered_commands:
        assert each.callback is not None
        yield f"{group}{each.name}", each.callback
    for group_of in application.registered_groups:
        assert group_of.typer_instance is not None
        yield from commands(group_of.typer_instance, f"{group}{group_of.name} ")


def forms() -> dict[str, tuple[str, ...]]:
    """The forms of every command that has any: the values of its --format."""
    return {name: found for name, function in commands() if (found := _forms_of(function))}


def _forms_of(function: Callable[..., Any]) -> tuple[str, ...]:
    for kind in get_type_hints(function, include_extras=True).values():
        hinted, *infos = get_args(kind) or (None,)
        named = {
            name
            for info in infos
            if isinstance(info, OptionInfo)
            for name in (info.default, *(info.param_decls or ()))
        }
        if "--format" in named:
            (found,) = (each for each in (hinted, *get_args(hinted)) if isinstance(each, EnumMeta))
            return tuple(each.value for each in found)
    return ()


def cases() -> list[Case]:
    """Every verb that has forms, with each of its documents, in each form."""
    return [
        Case(verb, words, form)
        for verb, found in forms().items()
        for words in ASKED.get(verb, ())
        for form in found
    ]


def _stricter(policy: bytes) -> bytes:
    """A policy with a longest answer and a longest wait that some calls exceed."""
    found = msgspec.json.decode(policy, type=Policy)
    first = found.classes[0]
    limited = replace(
        first,
        caps=Caps(output_tokens=900),
        queue=Queue(max_wait_us=1_500),
        why={**first.why, "/caps": first.why["/lane"], "/queue": first.why["/lane"]},
    )
    return msgspec.json.encode(replace(found, classes=(limited, *found.classes[1:])))


class Folder:
    """A folder in which verbs are asked: the last minutes of the sample, with gates, a baseline and bills.

    Each verb computes a document once: what it was asked before is remembered, so that each form is of the same one.
    """

    def __init__(self, path: Path, sample_store: Path) -> None:
        self.path = path
        self.asked = cache(self._asked)
        self._remembered = ExitStack()
        functions = (name for name in verbs.__all__ if isinstance(getattr(verbs, name), FunctionType))
        self._remembered.enter_context(remembered(verbs, *functions))
        shutil.copy(sample_store, path / "costctl.duckdb")
        shutil.copytree(SAMPLE / "bills", path / "bills")
        settings = (SAMPLE / "costctl.toml").read_text(encoding="utf-8")
        weeks = weeks_in(path, part=0.05)
        (path / "costctl.toml").rename(path / "weeks.toml")
        (path / "costctl.toml").write_text(f"{settings}{GATES}", encoding="utf-8")
        with gzip.open(SAMPLE / "requests.jsonl.gz", "rt", encoding="utf-8") as lines:
            (path / "few.jsonl").write_text("".join(islice(lines, FEW_LINES)), encoding="utf-8")
        self.run("ingest", *weeks.paths, "--store", "weeks.duckdb", "--config", "weeks.toml")
        self.run("store", "prune", "--before", LAST_MINUTES)
        self.run("baseline", "save")
        (path / "contracts.toml").write_text(WRITTEN, encoding="utf-8")
        self.run("emit", "--target", "policy", "-o", "policy.json")
        (path / "stricter.json").write_bytes(_stricter((path / "policy.json").read_bytes()))

    def close(self) -> None:
        """Forget."""
        self._remembered.close()

    def run(self, *words: str) -> CompletedProcess[str]:
        """What the command line prints. A gate that is breached, and what cannot be said, are answers."""
        done = costctl(self.path, *words, environment=WIDE)
        assert done.returncode in (0, 1, 4), (words, done.stderr)
        return done

    def _asked(self, verb: str, words: tuple[str, ...], form: str, *more: str) -> bytes:
        """What a verb writes in a form."""
        out = self.path / "answer"
        self.run(*verb.split(), *words, "--format", form, *more, "-o", str(out))
        return out.read_bytes()

    def document(self, verb: str, words: tuple[str, ...]) -> Any:
        """The JSON document."""
        return json.loads(self.asked(verb, words, "json"))
