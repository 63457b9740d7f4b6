"""``costctl sql``: read-only SQL on the store, with every relation by its name."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Rows
from costctl.errors import UsageError

Listed = Annotated[bool, typer.Option("--list", help="List the tables and relations, and what each holds.")]


@grouped
def run(
    *,
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY", help="A SELECT over spans, requests, calls, charge, …", show_default=False
        ),
    ] = None,
    is_list: Listed = False,
    asked: Asked,
    printed: Rows,
    feedback: Feedback,
) -> None:
    """Run a read-only query over the store and all relations.

    DESCRIBE NAME shows the columns of a relation with their types and units, SHOW TABLES what --list does. A table
    shows the first 40 rows; the other formats have all. PATHs are loaded into the store first; the answer is then about
    them alone.
    """
    from costctl import verbs

    if is_list:
        printed.write(verbs.list_relations())
        return
    if query is None:
        raise UsageError(
            "There is no query to run.",
            why="costctl sql takes a statement, in quotes.",
            next_step="For instance `costctl sql 'SELECT * FROM requests LIMIT 5'`; `costctl sql --list` lists the "
            "relations.",
        )
    with feedback.progress() as progress:
        answer = verbs.sql(query, asked.question(), progress)
    printed.write(answer)
