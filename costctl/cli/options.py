"""The options that verbs share, each declared once, and the groups of them that most verbs take as a whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costctl.cli.again import again, again_of_advice
from costctl.cli.file_format import form_of
from costctl.cli.output import write_document, write_text
from costctl.cli.progress import progress_on_stderr
from costctl.cli.recording import begin_answer
from costctl.cli.running import this_run
from costctl.config import DEFAULT_STORE
from costctl.errors import UsageError
from costctl.render.forms import RowFormat, TabularFormat
from costctl.units import duration_s

if TYPE_CHECKING:
    from costctl.observation import Question
    from costctl.progress import Progress
    from costctl.render.document import Document
    from costctl.render.sections import Section
    from costctl.render.view import View
    from costctl.verbs import Answer

CUTS: Final = "model|provider|tenant|team|key|route|day|hour|class|attr:KEY"  # what --by takes


class SortBy(StrEnum):
    """By what the rows of a table are sorted: most first, of successes the smallest part."""

    COST = "cost"
    REQUESTS = "requests"
    SUCCESS = "success"
    NAME = "name"


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH",
        help="Files, directories, globs, s3:// or gs:// URIs, or - for stdin; plain, gzip, zstd, bzip2 or xz.",
        show_default=False,
    ),
]
Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="FILE",
        envvar="COSTCTL_STORE",
        help="The DuckDB file.  [default: ./costctl.duckdb]",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="COSTCTL_CONFIG",
        help="Configuration file.  [default: nearest costctl.toml in this or a parent directory]",
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option(
        "--rules", metavar="FILE", help="TOML file with class rules.  [default: the built-in rules]"
    ),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        metavar="NAME|FILE",
        help="How to read a request log: a built-in mapping (azure, litellm_spend, envoy, …) or a TOML file.  "
        "[default: auto-detect]",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only requests that started at or after this time: RFC 3339 (UTC if no zone), or an age such as 7d.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Only requests that started before this time."),
]
Last = Annotated[
    str | None,
    typer.Option(
        "--last",
        metavar="DURATION",
        help="Only the last 7d, 12h, …, counted back from the latest request in the store.",
    ),
]
PricesAsOf = Annotated[
    str | None,
    typer.Option(
        "--prices-as-of",
        metavar="DATE",
        help="Price every call as of this day, such as 2026-11-24.  [default: the day of the call]",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Random seed.")]
Format = Annotated[
    TabularFormat | None,
    typer.Option(
        "--format",
        metavar="table|json|csv|markdown",
        help="Output format.  [default: by the suffix of --out, else table]",
    ),
]
RowsFormat = Annotated[
    RowFormat | None,
    typer.Option(
        "--format",
        metavar="table|line|json|csv|markdown",
        help="Output format; line prints a line for each value.  [default: by the suffix of --out, else table]",
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to this file instead of stdout.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
NoStore = Annotated[
    bool, typer.Option("--no-store", help="Load PATHs into a temporary store instead of --store.")
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="DURATION",
        help="Wait up to this long, such as 30s or 10m, for a store that is locked by another process.",
    ),
]
Detail = Annotated[bool, typer.Option("--detail", help="Show every table, not only the first screen.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what was ruled out, and why.")]
Top = Annotated[
    int | None,
    typer.Option(
        "--top",
        metavar="N",
        min=1,
        help="Show the first N rows of the screen; the others as one row with their sum.",
    ),
]
Sort = Annotated[
    SortBy | None,
    typer.Option(
        "--sort",
        metavar="cost|requests|success|name",
        help="Order of the rows.  [default: cost, the highest first]",
    ),
]
Extrapolate = Annotated[
    bool,
    typer.Option("--extrapolate", help="Estimate figures per week even from less than a day of traces."),
]
Grades = Annotated[
    Path | None,
    typer.Option(
        "--grades",
        metavar="FILE",
        help="What graders found: CSV or JSON lines with class, model, score, n.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which traces a verb looks at, and by which settings."""

    paths: Paths = None
    store: Store = None
    config: Config = None
    rules: Rules = None
    mapping: Mapping = None
    since: Since = None
    until: Until = None
    last: Last = None
    prices_as_of: PricesAsOf = None
    seed: Seed = 0
    no_store: NoStore = False
    wait: Wait = None

    def question(self, *, is_extrapolating: bool = False) -> Question:
        """The question that these options ask. is_extrapolating: of verbs that take --extrapolate."""
        from costctl.cli.loading import tell_loaded
        from costctl.observation import Question

        store = None if self._is_temporary() else self.store or DEFAULT_STORE
        begin_answer(store, self.config)
        return Question(
            paths=tuple(self.paths or ()),
            store=store,
            config=self.config,
            rules=self.rules,
            mapping=self.mapping,
            since=self.since,
            until=self.until,
            last=self.last,
            seed=self.seed,
            prices_as_of=self.prices_as_of,
            is_extrapolating=is_extrapolating,
            wait_s=seconds(self.wait, "--wait"),
            told=tell_loaded,
        )

    def _is_temporary(self) -> bool:
        """Whether --no-store asks for it. Raises UsageError where it contradicts the rest."""
        if self.no_store and not self.paths:
            raise UsageError(
                "--no-store needs PATHs.",
                why="Without PATHs the answer is about what the store holds.",
                next_step="Pass files or folders, or omit --no-store.",
            )
        if self.no_store and self.store is not None and this_run().has_typed("--store"):
            raise UsageError(
                "--no-store and --store cannot be combined.",
                why="One keeps nothing, the other names the file to keep traces in.",
                next_step="Omit one of them.",
            )
        return self.no_store


@dataclass(frozen=True, slots=True)
class AskedOfStore:
    """The same of verbs that load nothing."""

    store: Store = None
    config: Config = None
    rules: Rules = None
    since: Since = None
    until: Until = None
    last: Last = None
    prices_as_of: PricesAsOf = None
    seed: Seed = 0
    wait: Wait = None

    def question(self) -> Question:
        """The question that these options ask."""
        return Asked(**{each.name: getattr(self, each.name) for each in fields(self)}).question()


@dataclass(frozen=True, slots=True)
class Screened:
    """In which form a document is printed, where, and how much of it: its first screen, or what is behind that."""

    asked_form: Format = None
    out: Out = None
    detail: Detail = False

    def __post_init__(self) -> None:
        """Raises UsageError where the two contradict each other, before anything is computed."""
        form_of(self.asked_form, self.out, TabularFormat.TABLE)

    def view(self) -> View:
        """How much of it is asked for."""
        from costctl.render.terminal import stdout_is_terminal
        from costctl.render.view import View

        return View(
            detail=self.detail,
            is_terminal=self.out is None and stdout_is_terminal(),
            again=again(),
            again_of_advice=again_of_advice(),
        )

    def show(
        self,
        document: Document,
        screen: Callable[[Document, View], list[Section]],
        sections: Callable[[Document], list[Section]] | None,
        csv_text: Callable[[Document], str],
    ) -> None:
        """Write the first screen, or under --detail all sections; without such, the screen sees to --detail itself. The
        callables are those of its renderer.
        """
        view, form = self.view(), form_of(self.asked_form, self.out, TabularFormat.TABLE)
        chosen = sections if view.detail and sections else lambda shown: screen(shown, view)
        write_document(document, form, chosen, csv_text, self.out, is_brief=not view.detail)


@dataclass(frozen=True, slots=True)
class Ranked(Screened):
    """A document of which the first screen is a table that may be long."""

    top: Top = None
    sort: Sort = None

    def __post_init__(self) -> None:
        """Raises UsageError where --top would have no effect, too."""
        Screened.__post_init__(self)
        form = form_of(self.asked_form, self.out, TabularFormat.TABLE)
        is_whole = form in (TabularFormat.JSON, TabularFormat.CSV)
        if self.top is not None and (self.detail or is_whole):
            raise UsageError(
                f"--top and {f'--format {form.value}' if is_whole else '--detail'} contradict each other.",
                why="--top shortens the table of the first screen; the other prints every row.",
                next_step="Omit one of them.",
            )

    def view(self) -> View:
        """How much of it is asked for, and in which order."""
        return replace(Screened.view(self), top=self.top, sort=None if self.sort is None else self.sort.value)


@dataclass(frozen=True, slots=True)
class Reasoned(Screened):
    """A document of which the first screen leaves reasons out."""

    verbose: Verbose = False

    def view(self) -> View:
        """How much of it is asked for, and whether with what was ruled out."""
        return replace(Screened.view(self), verbose=self.verbose)


@dataclass(frozen=True, slots=True)
class Rows:
    """In which form the rows of a query are printed, and where."""

    asked_form: RowsFormat = None
    out: Out = None

    def __post_init__(self) -> None:
        """Raises UsageError where the two contradict each other, before anything is computed."""
        form_of(self.asked_form, self.out, RowFormat.TABLE)

    def write(self, answer: Answer) -> None:
        """Write the rows as asked; a table in a file has all of them."""
        from costctl.render import rows

        form = form_of(self.asked_form, self.out, RowFormat.TABLE)
        is_whole = answer.is_whole or self.out is not None
        write_text(rows.rendered(answer.rows, answer.types, form, is_whole=is_whole), self.out)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a verb says of itself on stderr. debug is read by cli/app.py, which prints the errors."""

    quiet: Quiet = False
    debug: Debug = False

    def progress(self) -> AbstractContextManager[Progress]:
        """Progress on stderr, or none under --quiet."""
        this_run().is_quiet = self.quiet
        return progress_on_stderr(is_quiet=self.quiet)


def seconds(text: str | None, option: str) -> float:
    """Seconds in a duration that an option was given; 0 where it was not. Raises UsageError."""
    if text is None:
        return 0.0
    try:
        return duration_s(text)
    except ValueError as error:
        raise UsageError(
            f"Invalid {option} {text!r}.",
            why=f"{error}.",
            next_step=f"Write a duration, such as {option} 30s.",
        ) from error
