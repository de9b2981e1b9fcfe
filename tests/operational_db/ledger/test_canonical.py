"""The entry's bytes: canonical by RFC 8785, and the same in Python and in the database."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from operational_db.ledger.canonical import MAXIMUM_BODY_BYTES, body_text, entry_bytes, instant_text
from operational_db.ledger.events import AttemptGraded, Event, ImportApplied
from operational_db.ledger.tiles import MAXIMUM_ENTRY_BYTES
from operational_db.types import new_id
from tests.operational_db.ledger.samples import EVENTS, HAPPENED_AT, INSTANTS

# PostgreSQL's text holds every character but this one.
KINDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def graded(**fields: Any) -> AttemptGraded:
    defaults: dict[str, Any] = {
        "subject_id": UUID(int=1),
        "organization_id": None,
        "occurred_at": HAPPENED_AT,
        "attempt_id": UUID(int=2),
        "enrollment_id": UUID(int=3),
        "course_id": UUID(int=4),
        "assessment_id": UUID(int=5),
        "attempt_number": 1,
        "score": Decimal("85.50"),
        "passed": True,
    }
    return AttemptGraded(**{**defaults, **fields})


class TestBodyText:
    @pytest.mark.parametrize("character", ["a", "é", "𝄞"])
    def test_an_entry_fits_into_two_bytes_of_length(self, character: str) -> None:
        """C2SP tlog-tiles, Log entries: "big-endian uint16 length-prefixed log entries"."""
        imported = ImportApplied(
            subject_id=UUID(int=1), organization_id=UUID(int=2), occurred_at=HAPPENED_AT, importer="", format="",
            added_count=1, changed_count=1, refused_count=0,
        )  # fmt: skip
        width = len(character.encode())
        spare = MAXIMUM_BODY_BYTES - len(body_text(imported))
        whole = body_text(replace(imported, format=character * (spare // width)))
        entry = entry_bytes(UUID(int=4), imported.kind, 1, UUID(int=1), UUID(int=2), HAPPENED_AT, HAPPENED_AT, whole)
        assert len(entry) <= MAXIMUM_ENTRY_BYTES
        with pytest.raises(ValueError, match="65,000 bytes"):
            body_text(replace(imported, format=character * (spare // width + 1)))

    def test_is_sorted_compact_json_without_empty_keys(self) -> None:
        assert body_text(graded(passed=None)) == (
            '{"assessment_id":"00000000-0000-0000-0000-000000000005","attempt_id":"00000000-0000-0000-0000-000000000002",'
            '"attempt_number":1,"course_id":"00000000-0000-0000-0000-000000000004",'
            '"enrollment_id":"00000000-0000-0000-0000-000000000003","is_banked":false,"score":"85.5"}'
        )

    @given(EVENTS)
    def test_is_the_rfc8785_form_of_the_body_for_every_kind_of_event(self, event: Event) -> None:
        assert body_text(event).encode() == rfc8785.dumps(event.body())

    @pytest.mark.parametrize("number", [2**53, -(2**53), 2**70])
    def test_refuses_whole_numbers_that_json_cannot_hold_exactly(self, number: int) -> None:
        with pytest.raises(ValueError, match="canonical"):
            body_text(graded(attempt_number=number))

    @pytest.mark.parametrize("value", [1.5, HAPPENED_AT, [1], {"a": 1}, b"x"])
    def test_refuses_values_without_canonical_form(self, value: object) -> None:
        with pytest.raises(TypeError, match="no canonical form"):
            body_text(graded(attempt_number=value))

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
    def test_refuses_decimals_that_are_no_numbers(self, value: Decimal) -> None:
        with pytest.raises(ValueError, match="not a number"):
            body_text(graded(score=value))

    def test_refuses_half_a_character(self) -> None:
        with pytest.raises(ValueError, match="canonical"):
            body_text(graded(attempt_number="\ud800"))

    @pytest.mark.parametrize(
        ("value", "written"), [("85.50", "85.5"), ("100", "100"), ("1E+2", "100"), ("-0.00", "0"), ("0.05", "0.05")]
    )
    def test_writes_a_decimal_in_one_way_only(self, value: str, written: str) -> None:
        assert json.loads(body_text(graded(score=Decimal(value))))["score"] == written


class TestInstantText:
    def test_has_six_digits_and_utc(self) -> None:
        somewhere = timezone(timedelta(hours=-5))
        assert instant_text(datetime(2026, 11, 21, 9, 5, tzinfo=somewhere)) == "2026-11-21T14:05:00.000000Z"
        assert instant_text(datetime(2026, 11, 21, 14, 5, 0, 7, tzinfo=UTC)) == "2026-11-21T14:05:00.000007Z"

    def test_refuses_naive_datetimes(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            instant_text(datetime(2026, 11, 21))  # noqa: DTZ001 - the case under test


class TestEntryBytes:
    @given(EVENTS, st.uuids(), INSTANTS)
    def test_is_the_rfc8785_form_of_the_whole_entry(self, event: Event, event_id: UUID, recorded_at: datetime) -> None:
        entry = {
            "body": event.body(),
            "id": str(event_id),
            "kind": event.kind,
            "occurred_at": instant_text(event.occurred_at),
            "organization": None if event.organization_id is None else str(event.organization_id),
            "recorded_at": instant_text(recorded_at),
            "subject": None if event.subject_id is None else str(event.subject_id),
            "version": event.version,
        }
        assert _bytes_of(event, event_id, event.kind, recorded_at) == rfc8785.dumps(entry)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(event=EVENTS, event_id=st.uuids(), kind=KINDS, recorded_at=INSTANTS)
    def test_is_what_the_database_builds(
        self, session: Session, event: Event, event_id: UUID, kind: str, recorded_at: datetime
    ) -> None:
        parameters = {
            "id": event_id,
            "kind": kind,
            "version": event.version,
            "subject_id": event.subject_id,
            "organization_id": event.organization_id,
            "occurred_at": event.occurred_at,
            "recorded_at": recorded_at,
            "body": body_text(event),
        }
        built = session.scalar(
            text("""select ledger_entry_bytes(
                cast(:id as uuid), :kind, cast(:version as smallint), cast(:subject_id as uuid),
                cast(:organization_id as uuid), :occurred_at, :recorded_at, :body
            )"""),
            parameters,
        )
        assert built == _bytes_of(event, event_id, kind, recorded_at)

    def test_changes_with_every_column(self) -> None:
        event = graded()
        original = _bytes_of(event, UUID(int=9), "k", HAPPENED_AT)
        later = HAPPENED_AT + timedelta(microseconds=1)
        others = {
            _bytes_of(event, UUID(int=8), "k", HAPPENED_AT),
            _bytes_of(event, UUID(int=9), "l", HAPPENED_AT),
            _bytes_of(event, UUID(int=9), "k", later),
            _bytes_of(replace(event, occurred_at=later), UUID(int=9), "k", HAPPENED_AT),
            _bytes_of(replace(event, subject_id=new_id()), UUID(int=9), "k", HAPPENED_AT),
            _bytes_of(replace(event, organization_id=new_id()), UUID(int=9), "k", HAPPENED_AT),
            _bytes_of(replace(event, passed=False), UUID(int=9), "k", HAPPENED_AT),
        }
        assert len(others | {original}) == 8


def _bytes_of(event: Event, event_id: UUID, kind: str, recorded_at: datetime) -> bytes:
    return entry_bytes(
        event_id,
        kind,
        event.version,
        event.subject_id,
        event.organization_id,
        event.occurred_at,
        recorded_at,
        body_text(event),
    )
