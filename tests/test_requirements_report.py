"""The report of proven requirements: an id that is in no row stops the run, a skipped test proves nothing."""

import csv
from pathlib import Path

import pytest

from tests.requirements_report import Proof, proof_of, read_requirements

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.requirement("US-TC016", "CMP-01")
def test_passes(): pass

@pytest.mark.requirement("CMP-01")
def test_fails(): assert False

@pytest.mark.requirement("BDG-01")
@pytest.mark.skip(reason="no verifier here")
def test_is_skipped(): pass

@pytest.mark.requirement("KPI-01")
@pytest.mark.parametrize("share", [0, 1])
def test_parametrised(share): pass

@pytest.fixture
def broken(): raise RuntimeError

@pytest.mark.requirement("KPI-02")
def test_with_broken_fixture(broken): pass
"""


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nmarkers = requirement(*ids): rows")
    return pytester


def run(inner: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return inner.runpytest_inprocess("-p", "tests.requirements_report", "-p", "no:cacheprovider", *arguments)


class TestProofOf:
    @pytest.mark.parametrize(
        ("outcomes", "proof"),
        [
            ([], Proof.OPEN),
            (["skipped"], Proof.SKIPPED),
            (["passed", "skipped"], Proof.PROVEN),
            (["passed", "failed"], Proof.FAILING),
            (["passed"], Proof.PROVEN),
        ],
    )
    def test_a_failure_outweighs_a_pass_and_a_skip_proves_nothing(self, outcomes: list[str], proof: Proof) -> None:
        assert proof_of(outcomes) is proof


class TestRun:
    def test_each_row_has_its_state_and_its_tests(self, inner: pytest.Pytester, tmp_path: Path) -> None:
        inner.makepyfile(test_rows=TESTS)
        target = tmp_path / "folder" / "requirements.csv"

        result = run(inner, "--requirements-report", str(target))

        with target.open(newline="") as file:
            rows = {row["id"]: row for row in csv.DictReader(file)}
        assert len(rows) == len(read_requirements())
        assert {name: row["state"] for name, row in rows.items() if row["state"] != "open"} == {
            "US-TC016": "proven",
            "CMP-01": "failing",
            "BDG-01": "skipped",
            "KPI-01": "proven",
            "KPI-02": "failing",
        }
        assert rows["KPI-01"]["tests"].splitlines() == [
            "test_rows.py::test_parametrised[0]",
            "test_rows.py::test_parametrised[1]",
        ]
        result.stdout.fnmatch_lines(
            ["proven *US-TC016*", f"{len(rows)} requirements: 2 proven, 2 failing, 1 skipped, *"]
        )

    def test_an_unknown_id_stops_the_run(self, inner: pytest.Pytester) -> None:
        inner.makepyfile('import pytest\n@pytest.mark.requirement("US-TC999")\ndef test_one(): pass')

        result = run(inner)

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*requirement(US-TC999) names no row of requirements.csv*"])

    def test_without_the_option_nothing_is_written(self, inner: pytest.Pytester) -> None:
        inner.makepyfile(test_rows="def test_one(): pass")

        result = run(inner)

        result.assert_outcomes(passed=1)
        result.stdout.no_fnmatch_line("*requirements: *")


class TestFile:
    def test_ids_are_unique_and_every_field_is_filled(self) -> None:
        requirements = read_requirements()

        assert len({requirement.id for requirement in requirements}) == len(requirements) > 100
        assert all(row.id and row.area and row.requirement and row.source for row in requirements)
