"""A document that was written is read again as it was; a file that is none is refused, and nothing of it is said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.documents.analysis import SCHEMA_VERSION, Analysis
from costctl.documents.prices import Prices
from costctl.errors import InputError
from costctl.observation import Question
from costctl.progress import silent
from costctl.saved import read_saved

SAMPLE = Path(__file__).parents[2] / "sample_traces"
MADE_BY = "costctl analyze --format json -o FILE"


def saved(folder: Path, text: str | bytes) -> Path:
    path = folder / "saved.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_what_was_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    document = verbs.analyze(Question(paths=(str(SAMPLE / "gateway_spend.jsonl"),)), silent)
    path = saved(tmp_path, msgspec.json.encode(document))
    assert read_saved(path, Analysis, MADE_BY) == document


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SECRET", "no JSON: "),
        ("[1, 2]", "no JSON object"),
        (b"\xff\xfe\x00", "no JSON: "),
        ('{"classes": "SECRET"}', "no JSON object with a schema_version"),
        ('{"schema_version": "SECRET"}', "does not know"),
        (
            '{"schema_version": "costctl.recommendations/v2"}',
            "costctl.recommendations/v2, not costctl.analysis/v2",
        ),
        (
            f'{{"schema_version": "{SCHEMA_VERSION}", "classes": "SECRET"}}',
            "is missing, unknown or of another type",
        ),
    ],
)
def test_a_file_that_is_no_such_document_is_refused_without_a_word_of_it(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_saved(saved(tmp_path, text), Analysis, MADE_BY)
    assert says in str(refused.value)
    assert MADE_BY in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.json cannot be read"):
        read_saved(tmp_path / "nowhere.json", Prices, MADE_BY)
