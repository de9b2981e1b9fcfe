"""A company links its technicians to their licences in bulk, by a table of people and licence numbers.

Every row is checked; a bad one is reported with its line and how to mend it, and keeps no good one from being linked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError
from operational_db.identity.rules import Permission, Principal
from operational_db.imports.findings import Finding, Findings
from operational_db.imports.history import read_typed
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.registers.handing_over import hand_over
from operational_db.registers.repository import RegistersRepository
from operational_db.registers.service import require_not_revoked
from operational_db.tables.credentials import RegisterClaim, RegisterEntry
from operational_db.types import RegisterStanding, new_id

DEFAULT_REGISTER = "cslb"
MOST_ROWS = 10_000
LINK_LAYOUT = Layout.of(
    "links",
    "Which technician holds which licence.",
    [
        FileLayout(
            kind="links",
            description="One row per technician and licence.",
            columns=(
                Column(
                    name="person",
                    type=ColumnType.TEXT,
                    description="E-mail address or id of the technician.",
                    is_required=True,
                ),
                Column(
                    name="licence_number",
                    type=ColumnType.IDENTIFIER,
                    description="Number of the licence in the register.",
                    is_required=True,
                ),
                Column(
                    name="register",
                    type=ColumnType.TEXT,
                    description=f"Name of the register; {DEFAULT_REGISTER} when empty.",
                ),
            ),
        )
    ],
    ["links"],
)


@dataclass(frozen=True, kw_only=True)
class LinkRow:
    """`person`: e-mail address or id."""

    line: int
    person: str
    licence_number: str
    register: str = DEFAULT_REGISTER


@dataclass(frozen=True, kw_only=True)
class LinkReport:
    """What became of the rows. An entry is a licence in one classification; `problems` name line and remedy."""

    is_dry_run: bool
    read_count: int
    linked_count: int
    unchanged_count: int
    entry_count: int
    problems: tuple[Finding, ...]

    @property
    def refused_count(self) -> int:
        return len({problem.line for problem in self.problems})


def read_links(path: Path) -> tuple[list[LinkRow], list[Finding]]:
    """The rows of a CSV or Parquet file that can be read, and what is wrong with the others.

    Raises
    ------
    FileRefusedError
        When the form of the file is wrong as a whole.
    """
    findings = Findings()
    frame = read_typed(SourceFile(path, LINK_LAYOUT.files[0]), findings, ReadingLimits(held_rows=MOST_ROWS))
    rows = [
        LinkRow(line=line, person=person, licence_number=number, register=register or DEFAULT_REGISTER)
        for line, person, number, register in frame.select("line", "person", "licence_number", "register").iter_rows()
    ]
    return rows, findings.refused


def link_technicians(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    rows: Sequence[LinkRow],
    unreadable: Iterable[Finding] = (),
    is_dry_run: bool = False,
    now: datetime,
) -> LinkReport:
    """Link members to their licences, at once; who may verify certificates answers for it in place of a document.

    Raises
    ------
    NotAuthorizedError
        When the principal may not verify certificates in the organization.
    """
    principal.require(Permission.VERIFY_CERTIFICATES, organization_id)
    linking = _Linking(session, principal, organization_id, is_dry_run=is_dry_run, now=now)
    linking.look_up(rows)
    claimed_twice = Counter((row.register, row.licence_number) for row in {_key(row): row for row in rows}.values())
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        if claimed_twice[(row.register, row.licence_number)] > 1:
            linking.refuse(row, "licence_number", "licence_of_several", "Several rows give it to different people.")
        elif _key(row) in seen:
            linking.refuse(row, None, "duplicate_row", "An earlier row says the same; remove this one.")
        else:
            seen.add(_key(row))
            linking.link(row)
    broken = list(unreadable)
    return LinkReport(
        is_dry_run=is_dry_run,
        read_count=len(rows) + len({finding.line for finding in broken}),
        linked_count=linking.linked_count,
        unchanged_count=linking.unchanged_count,
        entry_count=linking.entry_count,
        problems=tuple(sorted([*broken, *linking.problems], key=lambda finding: finding.line or 0)),
    )


def _key(row: LinkRow) -> tuple[str, str, str]:
    return row.person.lower(), row.register, row.licence_number


class _Linking:
    """One run over the rows of a company."""

    def __init__(
        self, session: Session, principal: Principal, organization_id: UUID, *, is_dry_run: bool, now: datetime
    ) -> None:
        self._session, self._principal = session, principal
        self._organization_id, self._is_dry_run, self._now = organization_id, is_dry_run, now
        self._repository = RegistersRepository(session)
        self._members = self._repository.members(organization_id, on=now.date())
        self._entries: dict[tuple[str, str], list[RegisterEntry]] = {}
        self.problems: list[Finding] = []
        self.linked_count = self.unchanged_count = self.entry_count = 0

    def look_up(self, rows: Sequence[LinkRow]) -> None:
        """Find the licences of all rows at once; no import of their registers comes between."""
        for register in sorted({row.register for row in rows}):
            self._repository.hold_register(register)
            numbers = {row.licence_number for row in rows if row.register == register}
            found = self._repository.entries_of_licences(register, numbers)
            self._entries.update({(register, number): entries for number, entries in found.items()})

    def refuse(self, row: LinkRow, column: str | None, code: str, remedy: str) -> None:
        self.problems.append(Finding("links", row.line, column, code, "row", remedy))

    def link(self, row: LinkRow) -> None:
        person_id = self._members.get(row.person.lower())
        if person_id is None:
            remedy = "Nobody in your company has this address or id today; correct it, or add the person first."
            self.refuse(row, "person", "unknown_person", remedy)
            return
        if self._principal.is_person(person_id):
            self.refuse(row, "person", "own_licence", "Nobody verifies her own; let another manager link yours.")
            return
        entries = self._entries.get((row.register, row.licence_number), [])
        if not entries:
            remedy = f"The register {row.register} has no such licence; correct the number or import the register anew."
            self.refuse(row, "licence_number", "unknown_licence", remedy)
        elif any(entry.claimed_by_id not in {None, person_id} for entry in entries):
            remedy = "Somebody else has proved to hold it. If that is wrong, ask the platform to look at it."
            self.refuse(row, "licence_number", "licence_taken", remedy)
        elif all(entry.claimed_by_id == person_id for entry in entries):
            self.unchanged_count += 1
        elif any(entry.standing is RegisterStanding.REVOKED for entry in entries if entry.claimed_by_id is None):
            remedy = "The register has revoked it; ask the board about it."
            self.refuse(row, "licence_number", "licence_revoked", remedy)
        else:
            self._link_entries(row, person_id, [entry for entry in entries if entry.claimed_by_id is None])

    def _link_entries(self, row: LinkRow, person_id: UUID, entries: list[RegisterEntry]) -> None:
        if not self._is_dry_run:
            try:
                with self._session.begin_nested():
                    for entry in sorted(entries, key=lambda entry: entry.id):
                        self._link_entry(entry.id, person_id)
            except ConflictError as error:
                self.refuse(row, "licence_number", "licence_taken", error.message)
                return
        self.linked_count += 1
        self.entry_count += len(entries)

    def _link_entry(self, entry_id: UUID, person_id: UUID) -> None:
        """The company's word as a claim that is approved at once."""
        entry = self._repository.lock_entry(entry_id)
        require_not_revoked(entry)
        claim = self._repository.open_claim(entry.id, person_id) or RegisterClaim(
            id=new_id(),
            entry_id=entry.id,
            person_id=person_id,
            organization_id=self._organization_id,
            claimed_at=self._now,
            claimed_by_id=self._principal.actor_id,
            created_at=self._now,
            updated_at=self._now,
        )
        claim.decided_at, claim.decided_by_id, claim.is_approved = self._now, self._principal.actor_id, True
        claim.updated_at = self._now
        self._session.add(claim)
        self._session.flush()
        hand_over(self._session, self._principal, entry, claim, organization_id=self._organization_id, now=self._now)
