"""Pytest plugin: which rows of requirements.csv are proven, by which passing tests, and which are open.

A test names rows with `@pytest.mark.requirement("US-TC018", ...)`; an id that is in no row stops the run. With
`--requirements-report FILE` the run ends with the list, and the file holds it as CSV.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

REQUIREMENTS_FILE = Path(__file__).with_name("requirements.csv")
PROPERTY = "requirement"


class Proof(StrEnum):
    PROVEN = "proven"
    FAILING = "failing"
    SKIPPED = "skipped"
    OPEN = "open"


@dataclass(frozen=True)
class Requirement:
    """A row of requirements.csv."""

    id: str
    area: str
    requirement: str
    source: str


@dataclass(frozen=True)
class ReportRow:
    """A requirement with its state and the tests that name it."""

    requirement: Requirement
    proof: Proof
    tests: tuple[str, ...]


def read_requirements(path: Path = REQUIREMENTS_FILE) -> list[Requirement]:
    """All rows, in the order of the file."""
    with path.open(newline="", encoding="utf-8") as file:
        return [Requirement(**row) for row in csv.DictReader(file)]


def proof_of(outcomes: Iterable[str]) -> Proof:
    """A row is proven when a test that names it passed and none of them failed; a skipped test proves nothing."""
    found = set(outcomes)
    if "failed" in found:
        return Proof.FAILING
    if "passed" in found:
        return Proof.PROVEN
    return Proof.SKIPPED if found else Proof.OPEN


def report_rows(requirements: Sequence[Requirement], outcomes: Mapping[str, Mapping[str, str]]) -> list[ReportRow]:
    """One row a requirement; `outcomes` holds, by requirement id, the outcome of each test that names it."""
    rows = []
    for requirement in requirements:
        tests = outcomes.get(requirement.id, {})
        rows.append(ReportRow(requirement, proof_of(tests.values()), tuple(sorted(tests))))
    return rows


def write_report(rows: Sequence[ReportRow], path: Path) -> None:
    """The report as CSV: the columns of requirements.csv, then `state` and `tests` (node ids, one per line)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "area", "requirement", "source", "state", "tests"])
        for row in rows:
            found = row.requirement
            texts = [found.id, found.area, found.requirement, found.source]
            writer.writerow([*texts, row.proof, "\n".join(row.tests)])


class RequirementsPlugin:
    """Collects the outcomes of one run; with pytest-xdist, the controller collects those of all workers."""

    def __init__(self, report_path: Path | None) -> None:
        self.report_path = report_path
        self.requirements = read_requirements()
        self.outcomes: dict[str, dict[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = {requirement.id for requirement in self.requirements}
        for item in items:
            for mark in item.iter_markers("requirement"):
                unknown = [str(name) for name in mark.args if name not in known]
                if unknown or not mark.args:
                    raise pytest.UsageError(
                        f"{item.nodeid}: requirement({', '.join(unknown)}) names no row of {REQUIREMENTS_FILE.name}"
                    )
                item.user_properties.extend((PROPERTY, name) for name in mark.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                tests = self.outcomes.setdefault(str(value), {})
                if tests.get(report.nodeid) != "failed":
                    tests[report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.report_path is None:
            return
        rows = report_rows(self.requirements, self.outcomes)
        write_report(rows, self.report_path)
        terminalreporter.section("requirements")
        for row in rows:
            terminalreporter.write_line(f"{row.proof:8} {row.requirement.id:9} {row.requirement.requirement}")
            for test in row.tests:
                terminalreporter.write_line(f"{'':19}{test}")
        counts = {proof: sum(row.proof is proof for row in rows) for proof in Proof}
        summary = ", ".join(f"{count} {proof}" for proof, count in counts.items() if count)
        terminalreporter.write_line(f"{len(rows)} requirements: {summary}; written to {self.report_path}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--requirements-report", type=Path, default=None, metavar="FILE", help="write which requirements are proven"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RequirementsPlugin(config.getoption("--requirements-report")), "requirements")
