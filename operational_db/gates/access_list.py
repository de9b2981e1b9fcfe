"""An access list as other products hand it in: its columns, reading it, and checking its rows against the members.

Pure but for reading the file. A bad row is refused with line, column and remedy and takes no other row with it (D8).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

import polars as pl

from operational_db.imports.findings import FileRefusedError, Finding, Findings
from operational_db.imports.layout import Column, ColumnType, FileLayout
from operational_db.imports.reading import SourceFile, read_chunks
from operational_db.imports.values import to_typed

MOST_ROWS = 500_000

ACCESS_LAYOUT = FileLayout(
    kind="access",
    description="One row per person who may do the action, and only those: who is no longer in the list loses it.",
    columns=(
        Column(name="person_id", type=ColumnType.IDENTIFIER, description="Id of the person here."),
        Column(
            name="account",
            type=ColumnType.IDENTIFIER,
            description="Or the person's account at the identity provider (its subject, never changing).",
        ),
        Column(name="granted_on", type=ColumnType.DATE, description="First day of the access; today when empty."),
    ),
)


@dataclass(frozen=True)
class AccessRow:
    """One row as text, as it came."""

    person_id: str | None = None
    account: str | None = None
    granted_on: str | None = None


@dataclass(frozen=True)
class KnownPerson:
    """Somebody a row may mean: a member on the day of the import, or one who was on the list before."""

    person_id: UUID
    account: str | None
    is_member: bool


@dataclass(frozen=True)
class AccessWanted:
    person_id: UUID
    granted_on: date


@dataclass
class CheckedList:
    """`wanted` may be granted; `seen` are the people of refused rows too, whom a bad row must not cost the access."""

    read_count: int
    wanted: list[AccessWanted] = field(default_factory=list)
    seen: set[UUID] = field(default_factory=set)


def read_csv(path: Path, findings: Findings) -> pl.DataFrame:
    """The typed rows of a CSV file with their lines.

    Raises
    ------
    FileRefusedError
        When the form of the whole file is wrong, or it names neither people nor accounts.
    """
    source = SourceFile(path, ACCESS_LAYOUT)
    chunks = list(read_chunks(source, findings, most_rows=MOST_ROWS))
    rows = pl.concat(chunks) if chunks else _empty()
    if rows.height and rows["person_id"].null_count() == rows.height == rows["account"].null_count():
        remedy = "Name each person in the column person_id or account."
        raise FileRefusedError([Finding(path.name, None, "person_id", "missing_column", "header", remedy)])
    return rows


def frame_of(rows: Sequence[AccessRow]) -> pl.DataFrame:
    """Rows that came as data; their line is their place, from 1."""
    frame = pl.DataFrame(
        [(place, row.person_id, row.account, row.granted_on) for place, row in enumerate(rows, start=1)],
        schema=_empty().schema,
        orient="row",
    )
    names = ["person_id", "account", "granted_on"]
    trimmed = frame.with_columns(pl.col(names).str.strip_chars())
    return trimmed.with_columns(pl.when(pl.col(names) != "").then(pl.col(names)))


def references(rows: pl.DataFrame) -> tuple[list[UUID], list[str]]:
    """Person ids and accounts the rows name, readable ones only."""
    ids = [found for text in rows["person_id"].drop_nulls().to_list() if (found := _to_uuid(text)) is not None]
    return ids, rows["account"].drop_nulls().unique().to_list()


def check(
    rows: pl.DataFrame, people: Collection[KnownPerson], findings: Findings, *, file: str, today: date
) -> CheckedList:
    """Decide row by row; what is ambiguous or unknown is refused, with the remedy."""
    checked = CheckedList(rows.height)
    typed = to_typed(rows, ACCESS_LAYOUT, file, findings)
    readable = set(typed["line"].to_list())
    days: Mapping[int, date | None] = dict(typed.select("line", "granted_on").iter_rows())
    lookup, taken = _Lookup(people), set[UUID]()
    for line, person_text, account in rows.select("line", "person_id", "account").iter_rows():
        person, fault = lookup.find(person_text, account)
        if person is not None:
            checked.seen.add(person.person_id)
            fault = fault or _fault_of(person, days.get(line), is_repeated=person.person_id in taken, today=today)
        if fault is not None:
            column, code, value_class, remedy = fault
            findings.refuse(Finding(file, line, column, code, value_class, remedy))
        elif person is not None and line in readable:
            taken.add(person.person_id)
            checked.wanted.append(AccessWanted(person.person_id, days.get(line) or today))
    return checked


_Fault = tuple[str | None, str, str, str]


class _Lookup:
    def __init__(self, people: Collection[KnownPerson]) -> None:
        self._by_id = {person.person_id: person for person in people}
        self._by_account = {person.account: person for person in people if person.account is not None}

    def find(self, person_text: str | None, account: str | None) -> tuple[KnownPerson | None, _Fault | None]:
        if person_text is None and account is None:
            return None, ("person_id", "value_missing", "empty", "Name the person in person_id or account.")
        person_id = None if person_text is None else _to_uuid(person_text)
        if person_text is not None and person_id is None:
            remedy = "Write the person's id as in the list of members (8-4-4-4-12 hexadecimal digits)."
            return None, ("person_id", "unreadable_value", f"text of {len(person_text)} characters", remedy)
        by_id = None if person_id is None else self._by_id.get(person_id)
        by_account = None if account is None else self._by_account.get(account)
        if person_id is not None and by_id is None:
            return None, ("person_id", "unknown_person", "an id", _NOT_A_MEMBER)
        if account is not None and by_account is None:
            return by_id, ("account", "unknown_person", f"text of {len(account)} characters", _NOT_A_MEMBER)
        if by_id is not None and by_account is not None and by_id != by_account:
            remedy = "person_id and account mean two different people. Leave one of them empty or correct it."
            return None, ("account", "ambiguous_person", "an account", remedy)
        return by_id or by_account, None


_NOT_A_MEMBER = "Nobody of your organization is meant by it. Add the person as a member first, or remove the row."


def _fault_of(person: KnownPerson, granted_on: date | None, *, is_repeated: bool, today: date) -> _Fault | None:
    if not person.is_member:
        return "person_id", "unknown_person", "somebody who left", _NOT_A_MEMBER
    if is_repeated:
        return "person_id", "duplicate_row", "an id", "The person is in the list already; remove one of the rows."
    if granted_on is not None and granted_on > today:
        return "granted_on", "in_the_future", "a date", "Give the day the access began, today at the latest."
    return None


def _to_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _empty() -> pl.DataFrame:
    names = {name: pl.String() for name in ("person_id", "account", "granted_on")}
    return pl.DataFrame(schema={"line": pl.Int64(), **names})
