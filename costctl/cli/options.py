"""The options that verbs share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.errors import UsageError
from costctl.render.forms import TabularFormat as TabularFormat
from costctl.units import duration_s

DEFAULT_STORE = Path("costctl.duckdb")


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files, folders, globs, s3:// or gs:// URIs, or - for stdin; plain or packed (gzip, zstd, bzip2, xz).",
        show_default=False,
    ),
]
Store = Annotated[
    Path | None,
    typer.Option("--store", envvar="COSTCTL_STORE", help="The DuckDB file.  [default: ./costctl.duckdb]"),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="COSTCTL_CONFIG", help="costctl.toml; else searched for upwards from here."
    ),
]
Format = Annotated[TabularFormat, typer.Option("--format", help="How to print.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of stdout.")]
Since = Annotated[
    str | None,
    typer.Option(
        help="Only requests that started at or after this instant (RFC 3339, UTC), or so long before now, as 7d."
    ),
]
Until = Annotated[
    str | None, typer.Option(help="Only requests that started before this instant, or so long before now.")
]
Last = Annotated[
    str | None,
    typer.Option(help="Only requests of the last 7d, 12h, …, counted back from the last start in the store."),
]
Extrapolate = Annotated[
    bool,
    typer.Option("--extrapolate", help="Give figures a week though less than a day was observed."),
]
PricesAsOf = Annotated[
    str | None,
    typer.Option("--prices-as-of", help="Price calls of any day as on this day (YYYY-MM-DD, UTC)."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random draw.")]
Mapping = Annotated[
    str | None,
    typer.Option(
        help="How to read a request log: a built-in mapping (azure, litellm_spend, envoy, …) or a TOML file; "
        "else told by its columns."
    ),
]
KeepContent = Annotated[
    bool, typer.Option("--keep-content", help="Store message content; by default only its hash is kept.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if any record was rejected.")]
Rules = Annotated[
    Path | None, typer.Option("--rules", help="A TOML file of class rules instead of the built-in ones.")
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait", help="How long to wait for a store that another process holds, such as 30s or 10m."
    ),
]


def seconds(text: str | None, option: str) -> float:
    """Seconds in a duration that an option was given; 0 where it was not. Raises UsageError."""
    if text is None:
        return 0.0
    try:
        return duration_s(text)
    except ValueError as error:
        raise UsageError(
            f"Cannot use {option} {text}.", why=f"{error}.", next_step=f"Write {option} 30s, for instance."
        ) from error
