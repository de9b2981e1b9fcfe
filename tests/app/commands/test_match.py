"""`sitesync match`: a company's own CSV files in; a comparison, a ranking and a card out."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from app.cli import create_cli
from models.matching.csv_files import LAYOUT
from models.matching.generators import Programme, Truth, simulate_programme
from tests.models.matching.programme_files import counts, write_programme


@pytest.fixture(scope="module")
def programme() -> Programme:
    return simulate_programme(Truth.UNLIKE, random_state=1, requests=2_500, mentors=80, mentees=120)


@pytest.fixture(scope="module")
def folder(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company")
    write_programme(programme, path)
    return path


def run(*arguments: object, exit_code: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(create_cli("match"), ["match", *map(str, arguments)])
    assert result.exit_code == exit_code, result.output
    return result


@pytest.mark.requirement("MEN-03")
def test_a_company_evaluates_the_match_on_its_own_records(folder: Path, tmp_path: Path) -> None:
    output = run(folder, "--output", tmp_path / "out", "--top", 3).output
    assert "80 mentors, 120 mentees" in output
    assert "fields cannot be used" not in output
    for name in ("additive", "boosting", "formula", "popularity", "random", "mentee", "mentor", "time"):
        assert name in output
    ranking = pl.read_csv(tmp_path / "out" / "ranking.csv")
    assert ranking.columns == ["mentee_id", "rank", "mentor_id", "score", "chance", "formula_score", "text"]
    assert set(counts(ranking).values()) == {3}
    assert ranking["score"].is_between(0, 100).all()
    card = json.loads((tmp_path / "out" / "model_card.json").read_text())
    assert card["verdict"] in output.replace("\n", " ") or card["verdict"][:60] in output
    assert card["data"]["mentor_count"] <= 80


def test_nobody_is_ranked_whom_she_asked_before_or_who_is_full(folder: Path, tmp_path: Path) -> None:
    run(folder, "--output", tmp_path)
    ranking = pl.read_csv(tmp_path / "ranking.csv")
    asked = pl.read_csv(folder / "history.csv", infer_schema_length=None).filter(pl.col("requested_at").is_not_null())
    assert ranking.join(asked, on=["mentee_id", "mentor_id"]).is_empty()

    full = tmp_path / "full"
    full.mkdir()
    for name in LAYOUT:
        (full / name).write_text((folder / name).read_text())
    mentors = pl.read_csv(full / "mentors.csv", infer_schema_length=0)
    busy = ranking["mentor_id"][0]
    is_busy = pl.col("mentor_id") == busy
    mentors.with_columns(pl.when(is_busy).then(pl.lit("0")).otherwise("capacity").alias("capacity")).write_csv(
        full / "mentors.csv"
    )
    run(full, "--output", full)
    assert busy not in pl.read_csv(full / "ranking.csv")["mentor_id"]


def test_the_card_can_be_had_alone_and_nothing_written(folder: Path) -> None:
    before = sorted(folder.iterdir())
    result = run(folder, "--dry-run", "--json")
    assert json.loads(result.stdout)["serves"] in ("learned", "formula")
    assert sorted(folder.iterdir()) == before


def test_too_little_history_ranks_by_the_formula_and_says_so(folder: Path, tmp_path: Path) -> None:
    for name in LAYOUT:
        lines = (folder / name).read_text().splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines[:400] if name == "history.csv" else lines))
    output = run(tmp_path).output
    assert "Too few outcomes" in output and "written formula serves" in output
    ranking = pl.read_csv(tmp_path / "ranking.csv", infer_schema_length=None)
    assert ranking["chance"].null_count() == len(ranking)
    assert ranking["score"].to_list() == ranking["formula_score"].to_list()


def test_bad_rows_are_told_by_line_and_left_out(folder: Path, tmp_path: Path) -> None:
    for name in LAYOUT:
        (tmp_path / name).write_text((folder / name).read_text())
    with (tmp_path / "mentors.csv").open("a") as file:
        file.write("strange,999,code,video,,,,,Bay,true,junior,2\n")
    output = run(tmp_path, "--dry-run").output
    assert "mentors.csv:82 years_experience: give years between 0 and 70" in output
    assert "80 mentors" in output


def test_a_folder_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    assert "missing" in run(tmp_path, exit_code=2).output
    assert "Name the folder" in run(exit_code=2).output
    for name in LAYOUT:
        (tmp_path / name).write_text("something\n1\n")
    assert "lacks the column" in run(tmp_path, exit_code=2).output


def test_nobody_left_to_match_is_a_refusal(tmp_path: Path) -> None:
    for name, columns in LAYOUT.items():
        (tmp_path / name).write_text(",".join(columns) + "\n")
    assert "No mentor or no mentee" in run(tmp_path, exit_code=1).output


def test_the_layout_is_printed() -> None:
    output = run("--layout").output
    assert all(name in output and all(column in output for column in columns) for name, columns in LAYOUT.items())
