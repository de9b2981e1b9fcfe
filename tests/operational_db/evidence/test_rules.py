"""Scopes of bundles: what each kind needs, its days, and cells that a spreadsheet takes as they are."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from operational_db.errors import InvalidInputError
from operational_db.evidence.rules import BundleKind, BundleScope, require_valid_scope, safe_cell


class TestScope:
    @pytest.mark.parametrize(
        ("scope", "message"),
        [
            (BundleScope(BundleKind.PERSON), "needs person_id"),
            (BundleScope(BundleKind.ORGANIZATION), "needs organization_id"),
            (BundleScope(BundleKind.PERIOD), "needs from_on"),
            (BundleScope(BundleKind.INCIDENT), "needs incident_id"),
            (BundleScope(BundleKind.CERTIFICATION_SCOPE), "needs certification_scope"),
            (BundleScope(BundleKind.FIGURE, organization_id=UUID(int=1)), "needs figure"),
            (BundleScope(BundleKind.ORGANIZATION, UUID(int=1), UUID(int=2)), "takes no person_id"),
            (BundleScope(BundleKind.ORGANIZATION, UUID(int=1), leaf_indexes=(1,)), "Only the bundle of a figure"),
            (BundleScope(BundleKind.FIGURE, UUID(int=1), figure="x", leaf_indexes=(-1,)), "counted from 0"),
        ],
    )
    def test_a_scope_that_says_too_little_or_too_much(self, scope: BundleScope, message: str) -> None:
        with pytest.raises(InvalidInputError, match=message):
            require_valid_scope(scope)

    def test_a_period_that_ends_before_it_begins(self) -> None:
        with pytest.raises(InvalidInputError, match="swap"):
            require_valid_scope(BundleScope(BundleKind.PERIOD, from_on=date(2026, 2, 2), to_on=date(2026, 2, 1)))

    def test_one_day_is_a_period_of_24_hours(self) -> None:
        day = date(2026, 2, 28)
        scope = BundleScope(BundleKind.PERIOD, from_on=day, to_on=day)
        require_valid_scope(scope)
        assert scope.starts_at == datetime(2026, 2, 28, tzinfo=UTC)
        assert scope.ends_at == datetime(2026, 3, 1, tzinfo=UTC)

    def test_is_described_by_ids_and_counts(self) -> None:
        scope = BundleScope(
            BundleKind.FIGURE, organization_id=UUID(int=1), figure="x.rate", figure_value="0.5", leaf_indexes=(4, 5)
        )
        assert scope.described() == {
            "kind": "figure",
            "organization_id": str(UUID(int=1)),
            "figure": "x.rate",
            "figure_value": "0.5",
            "figure_entry_count": 2,
        }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx", "\rx"])
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "1-1", "'x"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text
