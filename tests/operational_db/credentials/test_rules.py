"""Expiry and status of certificates, at and around every boundary."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.credentials.rules import (
    CertificateFacts,
    certificate_status,
    counts_on,
    days_to_expiry,
    expires_on,
    first_uncounted_on,
    is_verified_at_issue,
)
from operational_db.types import CertificateStatus, EarnedThrough, VerificationStatus, new_id

DAY = timedelta(days=1)
DATES = st.dates(date(1990, 1, 1), date(2090, 12, 31))
ISSUED = CertificateFacts(
    certificate_id=new_id(),
    person_id=new_id(),
    certification_id=new_id(),
    issued_on=date(2025, 3, 10),
    expires_on=date(2026, 3, 10),
    revoked_from=None,
    is_withdrawn=False,
    is_verified=True,
)


@st.composite
def certificates(draw: st.DrawFn) -> CertificateFacts:
    issued_on = draw(DATES)
    later = st.none() | st.integers(0, 1200).map(lambda days: issued_on + timedelta(days=days))
    return replace(
        ISSUED,
        issued_on=issued_on,
        expires_on=draw(later),
        revoked_from=draw(later),
        is_withdrawn=draw(st.booleans()),
        is_verified=draw(st.booleans()),
    )


class TestExpiresOn:
    @pytest.mark.requirement("CRT-03")
    @pytest.mark.parametrize(
        ("issued_on", "months", "last_day"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2024, 2, 29), 12, date(2025, 2, 28)),
            (date(2024, 2, 29), 48, date(2028, 2, 29)),
            (date(2026, 8, 31), 6, date(2027, 2, 28)),
            (date(2026, 3, 15), 24, date(2028, 3, 15)),
            (date(2026, 12, 1), 1, date(2027, 1, 1)),
            (date(2026, 3, 15), None, None),
        ],
    )
    def test_is_the_same_day_months_later_or_the_months_last(
        self, issued_on: date, months: int | None, last_day: date | None
    ) -> None:
        assert expires_on(issued_on, months) == last_day

    @given(issued_on=DATES, months=st.integers(1, 240))
    def test_lands_in_the_target_month_on_the_day_or_its_last(self, issued_on: date, months: int) -> None:
        last_day = expires_on(issued_on, months)
        assert last_day is not None
        assert (last_day.year - issued_on.year) * 12 + last_day.month - issued_on.month == months
        assert last_day.day == min(issued_on.day, monthrange(last_day.year, last_day.month)[1])

    @given(issued_on=DATES, months=st.integers(1, 239))
    def test_more_months_never_expire_earlier(self, issued_on: date, months: int) -> None:
        shorter, longer = expires_on(issued_on, months), expires_on(issued_on, months + 1)
        assert shorter is not None
        assert longer is not None
        assert issued_on < shorter < longer

    @given(first=DATES, later=DATES, months=st.integers(1, 60))
    def test_a_later_issue_never_expires_earlier(self, first: date, later: date, months: int) -> None:
        first, later = min(first, later), max(first, later)
        assert (expires_on(first, months) or date.max) <= (expires_on(later, months) or date.max)


class TestStatus:
    @pytest.mark.requirement("CRT-03")
    @pytest.mark.parametrize(
        ("facts", "on", "status"),
        [
            (ISSUED, date(2025, 3, 9), CertificateStatus.PENDING_VERIFICATION),
            (ISSUED, date(2025, 3, 10), CertificateStatus.ACTIVE),
            (ISSUED, date(2026, 3, 9), CertificateStatus.ACTIVE),
            (ISSUED, date(2026, 3, 10), CertificateStatus.ACTIVE),
            (ISSUED, date(2026, 3, 11), CertificateStatus.EXPIRED),
            (replace(ISSUED, expires_on=None), date(2090, 1, 1), CertificateStatus.ACTIVE),
            (replace(ISSUED, revoked_from=date(2025, 6, 1)), date(2025, 5, 31), CertificateStatus.ACTIVE),
            (replace(ISSUED, revoked_from=date(2025, 6, 1)), date(2025, 6, 1), CertificateStatus.REVOKED),
            (replace(ISSUED, revoked_from=date(2025, 6, 1)), date(2027, 1, 1), CertificateStatus.REVOKED),
            (replace(ISSUED, is_verified=False), date(2025, 6, 1), CertificateStatus.PENDING_VERIFICATION),
            (replace(ISSUED, is_verified=False), date(2026, 3, 11), CertificateStatus.EXPIRED),
            (replace(ISSUED, is_withdrawn=True), date(2025, 6, 1), CertificateStatus.REVOKED),
        ],
    )
    def test_changes_on_the_right_day(self, facts: CertificateFacts, on: date, status: CertificateStatus) -> None:
        assert certificate_status(facts, on=on) is status

    @given(facts=certificates(), on=DATES)
    def test_active_is_exactly_what_counts(self, facts: CertificateFacts, on: date) -> None:
        assert (certificate_status(facts, on=on) is CertificateStatus.ACTIVE) == counts_on(facts, on)

    @given(facts=certificates(), on=DATES)
    def test_once_over_it_never_counts_again(self, facts: CertificateFacts, on: date) -> None:
        if facts.issued_on <= on and not counts_on(facts, on):
            assert not counts_on(facts, on + 30 * DAY)

    @given(facts=certificates())
    def test_counts_until_the_day_before_it_ends(self, facts: CertificateFacts) -> None:
        end = first_uncounted_on(facts)
        if end is not None and end > facts.issued_on:
            assert counts_on(facts, end - DAY) == (facts.is_verified and not facts.is_withdrawn)
            assert not counts_on(facts, end)

    @given(facts=certificates(), on=DATES)
    def test_a_revocation_outranks_everything_else(self, facts: CertificateFacts, on: date) -> None:
        if facts.revoked_from is not None and facts.revoked_from <= on:
            assert certificate_status(facts, on=on) is CertificateStatus.REVOKED

    @pytest.mark.parametrize("days_before_the_last", [0, 1])
    def test_the_end_of_the_calendar_is_no_end_but_the_day_before_is(self, days_before_the_last: int) -> None:
        facts = replace(ISSUED, expires_on=date.max - days_before_the_last * DAY)
        assert first_uncounted_on(facts) == (date.max if days_before_the_last else None)
        assert counts_on(facts, date.max) is not bool(days_before_the_last)


@pytest.mark.parametrize(
    ("earned_through", "verification", "is_verified"),
    [
        (EarnedThrough.SITESYNC_COURSE, VerificationStatus.UNVERIFIED, True),
        (EarnedThrough.EXTERNAL, VerificationStatus.UNVERIFIED, False),
        (EarnedThrough.EXTERNAL, VerificationStatus.VERIFIED, True),
        (EarnedThrough.MANUAL, VerificationStatus.FAILED, False),
    ],
)
def test_proof_is_the_platforms_own_record_or_a_check(
    earned_through: EarnedThrough, verification: VerificationStatus, is_verified: bool
) -> None:
    assert is_verified_at_issue(earned_through, verification) is is_verified


@pytest.mark.parametrize("days_before", [31, 1, 0, -1])
def test_days_left_are_counted_to_the_last_day(days_before: int) -> None:
    assert days_to_expiry(ISSUED, on=date(2026, 3, 10) - timedelta(days=days_before)) == days_before
    assert days_to_expiry(replace(ISSUED, expires_on=None), on=date(2026, 3, 1)) is None
