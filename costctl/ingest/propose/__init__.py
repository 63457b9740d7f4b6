"""How might a log be read whose columns no mapping knows?

In: the path of a CSV, JSON or Parquet log. Out: a mapping as TOML, drafted from the names of its columns, from what
its first rows hold, and from the arithmetic between them; what was not understood stands in it as a comment, for a
person to settle. Nothing that a cell says is shown but numbers' ranges.
"""

from __future__ import annotations

from costctl.errors import InputError
from costctl.ingest.mapping import known_words
from costctl.ingest.privacy import shown_columns
from costctl.ingest.propose.choice import Choice, chosen_columns
from costctl.ingest.propose.draft import as_toml
from costctl.ingest.propose.sample import Sample, first_rows


def proposed_mapping(path: str) -> str:
    """The draft. Raises InputError where the file holds no rows, needs no mapping, or has nothing that could be a
    time.
    """
    sample = first_rows(path)
    choice = chosen_columns(sample)
    if choice.when is None:
        raise _no_time(path, sample, choice)
    return as_toml(path, sample, choice)


def _no_time(path: str, sample: Sample, choice: Choice) -> InputError:
    understood = [f"{ours} from {column.path}" for ours, column in choice.columns.items()]
    shown = shown_columns((path.rpartition(".")[2] for path in sample.cells), known_words())
    return InputError(
        f"No mapping can be drafted for {path}.",
        why=f"None of its columns contains timestamps: {shown}"
        + (f". Recognized columns: {', '.join(understood)}." if understood else "."),
        next_step="A log needs the start time of each request; add it, or ingest traces instead.",
    )
