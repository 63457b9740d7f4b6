"""A file of grades: every form says the same; what is wrong is told by line and column, without content."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.documents.grades import Grade
from costctl.errors import InputError
from costctl.grades import read_grades

SECRET = "s3cr3t"
EXPECTED = (Grade("triage", "gpt-4.1", 0.9, 200), Grade("triage", "gpt-4.1-nano", 0.88, 150))


def written(folder: Path, text: str) -> Path:
    path = folder / "grades"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "class,model,score,n\ntriage,gpt-4.1,0.9,200\ntriage,gpt-4.1-nano,0.88,150\n",
        "class,model,n,passes\ntriage,gpt-4.1,200,180\n\ntriage,gpt-4.1-nano,150,132\n",
        "\ufeffgrader,n,class,score,model\nx,200,triage,0.9,gpt-4.1\ny,150,triage,.88,gpt-4.1-nano\n",
        '{"class": "triage", "model": "gpt-4.1", "score": 0.9, "n": 200}\n'
        '{"class": "triage", "model": "gpt-4.1-nano", "passes": 132, "n": 150}\n',
    ],
    ids=["scores", "passes", "other columns", "lines"],
)
def test_every_form_says_the_same(tmp_path: Path, text: str) -> None:
    assert read_grades(written(tmp_path, text)) == EXPECTED


def test_scores_on_another_scale_come_with_their_deviation(tmp_path: Path) -> None:
    path = written(tmp_path, "class,model,score,n,sd\nchat,gpt-4.1,7.5,40,1.5\n")
    assert read_grades(path) == (Grade("chat", "gpt-4.1", 7.5, 40, 1.5),)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"triage,{SECRET},0.9,many,,", "Line 2, column n"),
        (f"triage,{SECRET},0.9,1,,", "Line 2, column n"),
        (f"triage,{SECRET},{SECRET},200,,", "Line 2, column score"),
        (f"triage,{SECRET},90,200,,", "Line 2, column score"),
        (f"triage,{SECRET},,200,,", "Line 2, column score"),
        (f"triage,{SECRET},nan,200,,", "Line 2, column score"),
        (f",{SECRET},0.9,200,,", "Line 2, column class"),
        (f"{SECRET},,0.9,200,,", "Line 2, column model"),
        (f"triage,{SECRET},0.9,200,201,", "Line 2, column passes"),
        (f"triage,{SECRET},0.5,200,180,", "Line 2, column passes"),
        (f"triage,{SECRET},7,200,,-1", "Line 2, column sd"),
        (f"triage,{SECRET},0.9,200,,\ntriage,{SECRET},0.8,200,,", "Line 3, column model"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_grades(written(tmp_path, f"class,model,score,n,passes,sd\n{row}\n"))
    assert said in refused.value.why
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SECRET},score\n1,2\n", "class, model, n"),
        (f'{{"class": "{SECRET}"\n', "Line 1 is no JSON object"),
        (f'{{"class": "{SECRET}", "model": "m", "score": 1, "n": 9}}\n[1]\n', "Line 2 is no JSON object"),
        ("class,model,score,n\n", "It has no row"),
        ("", "class, model, n"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_grades(written(tmp_path, text))
    assert said in refused.value.why
    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_grades(tmp_path / "none.csv")
