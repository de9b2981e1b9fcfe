"""A company links its technicians in bulk: good rows, each bad row with its remedy, a dry run, and a repeat."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import NotAuthorizedError
from operational_db.imports.findings import FileRefusedError
from operational_db.registers.linking import LinkReport, LinkRow, link_technicians, read_links
from operational_db.tables.credentials import Certificate, RegisterClaim, RegisterEntry
from operational_db.tables.identity import Person
from operational_db.types import RegisterStanding, Role
from tests.operational_db.principals import create_manager, create_member
from tests.operational_db.registers.test_claims import Company


@pytest.fixture
def company(committed_engine: Engine, tmp_path: Path, now: datetime) -> Company:
    made = Company(committed_engine, tmp_path, now)
    with unit_of_work(committed_engine) as session:
        session.execute(update(Person).where(Person.id == made.technician.person_id).values(email="tech@lifts.example"))
    return made


def _link(company: Company, *rows: tuple[object, str], is_dry_run: bool = False) -> LinkReport:
    with unit_of_work(company.engine) as session:
        return link_technicians(
            session,
            company.manager,
            organization_id=company.organization.id,
            rows=[
                LinkRow(line=line, person=str(person), licence_number=f"{number}aaa1111bbbb2222")
                for line, (person, number) in enumerate(rows, start=2)
            ],
            is_dry_run=is_dry_run,
            now=company.now,
        )


def _counts(report: LinkReport) -> tuple[int, int, int]:
    return report.linked_count, report.unchanged_count, report.refused_count


class TestLinking:
    def test_technicians_are_linked_by_address_and_by_id_and_a_repeat_changes_nothing(self, company: Company) -> None:
        rows = [("Tech@lifts.example", "0"), (company.second.person_id, "1")]
        report = _link(company, *rows)
        assert (_counts(report), report.entry_count, report.problems) == ((2, 0, 0), 2, ())
        assert len(company.held(company.technician.person_id)) == len(company.held(company.second.person_id)) == 1
        with Session(company.engine) as session:
            claims = session.scalars(select(RegisterClaim)).all()
            assert {(c.is_approved, c.decided_by_id, c.organization_id, c.document_id) for c in claims} == {
                (True, company.manager.person_id, company.organization.id, None)
            }
        events = company.events("")
        assert _counts(_link(company, *rows)) == (0, 2, 0)
        assert company.events("") == events

    def test_a_dry_run_says_the_same_and_writes_nothing(self, company: Company) -> None:
        events = company.events("")
        report = _link(company, ("tech@lifts.example", "0"), ("nobody@lifts.example", "1"), is_dry_run=True)
        assert (_counts(report), report.is_dry_run) == ((1, 0, 1), True)
        assert company.events("") == events
        assert company.held(company.technician.person_id) == []

    def test_each_bad_row_names_its_line_and_remedy_and_the_good_one_is_linked(self, company: Company) -> None:
        company.decide(company.claim(company.second))
        with unit_of_work(company.engine) as session:
            outsider = create_member(session, create_manager(session)[1])
            session.execute(
                update(RegisterEntry)
                .where(RegisterEntry.external_id.startswith("5aaa"))
                .values(standing=RegisterStanding.REVOKED)
            )
        report = _link(
            company,
            ("tech@lifts.example", "0"),
            ("tech@lifts.example", "1"),
            (outsider.person_id, "2"),
            (company.manager.person_id, "2"),
            ("tech@lifts.example", "9"),
            ("tech@lifts.example", "3"),
            (company.second.person_id, "3"),
            ("tech@lifts.example", "1"),
            ("tech@lifts.example", "5"),
        )
        # The licence 2 is asked for by two people, so neither row of it is believed.
        assert [(problem.line, problem.code) for problem in report.problems] == [
            (2, "licence_taken"),
            (4, "licence_of_several"),
            (5, "licence_of_several"),
            (6, "unknown_licence"),
            (7, "licence_of_several"),
            (8, "licence_of_several"),
            (9, "duplicate_row"),
            (10, "licence_revoked"),
        ]
        assert all(problem.remedy for problem in report.problems)
        assert _counts(report) == (1, 0, 8)
        assert len(company.held(company.technician.person_id)) == 1

    def test_nobody_links_her_own_and_strangers_are_unknown(self, company: Company) -> None:
        with unit_of_work(company.engine) as session:
            outsider = create_member(session, create_manager(session)[1])
        report = _link(company, (company.manager.person_id, "0"), (outsider.person_id, "1"))
        assert [problem.code for problem in report.problems] == ["own_licence", "unknown_person"]

    def test_it_takes_the_right_to_verify_in_that_company(self, company: Company) -> None:
        with unit_of_work(company.engine) as session:
            outsider, _ = create_manager(session)
            supervisor = create_member(session, company.organization, Role.SUPERVISOR)
            for stranger in (outsider, supervisor, company.technician):
                with pytest.raises(NotAuthorizedError):
                    link_technicians(
                        session, stranger, organization_id=company.organization.id, rows=[], now=company.now
                    )

    def test_a_licence_that_was_revoked_here_is_reported_and_leaves_the_others(self, company: Company) -> None:
        with unit_of_work(company.engine) as session:
            entry = session.scalars(select(RegisterEntry).where(RegisterEntry.external_id.startswith("0aaa"))).one()
            session.execute(
                update(Certificate)
                .where(Certificate.register_entry_id == entry.id)
                .values(revoked_at=company.now, revoked_from=company.now.date())
            )
        report = _link(company, ("tech@lifts.example", "0"), (company.second.person_id, "1"))
        assert (_counts(report), [problem.line for problem in report.problems]) == ((1, 0, 1), [2])
        assert company.entry().claimed_by_id is None


class TestReadLinks:
    def test_rows_and_broken_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "links.csv"
        path.write_text("person,licence_number,register\na@x.example,123,\nb@x.example,,cslb\nc@x.example,45\n")
        rows, problems = read_links(path)
        assert rows == [LinkRow(line=2, person="a@x.example", licence_number="123")]
        assert sorted((problem.line, problem.code) for problem in problems) == [
            (3, "value_missing"),
            (4, "ragged_line"),
        ]

    def test_a_file_without_the_columns_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "links.csv"
        path.write_text("email,licence_number\na@x.example,123\n")
        with pytest.raises(FileRefusedError, match="person"):
            read_links(path)
