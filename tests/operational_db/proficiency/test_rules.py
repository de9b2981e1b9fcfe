"""Expiry, levels and tracks at their boundaries, and certification then and now."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.credentials.rules import expires_on as certificate_expires_on
from operational_db.errors import InvalidInputError
from operational_db.proficiency import rules
from operational_db.proficiency.rules import CertificationReason, Evidence, ScopeRuleTerms, TrackStep
from operational_db.types import LessonType, Persona, ProficiencyLevel, TrackTier, ValidityBasis

COMPLETED, PROFICIENT, CERTIFIED = (
    ProficiencyLevel.COMPLETED,
    ProficiencyLevel.PROFICIENT,
    ProficiencyLevel.CERTIFIED,
)
PERSON = UUID(int=1)
TERMS = ScopeRuleTerms("data-export")
DAYS = st.dates(date(2019, 1, 1), date(2040, 12, 31))
MONTHS = st.integers(1, 60)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11, minutes=-30))])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def evidence(
    number: int = 1,
    *,
    level: ProficiencyLevel = CERTIFIED,
    achieved: str = "2026-01-31T10:00:00",
    recorded: str | None = None,
    expires_on: date | None = date(2027, 1, 31),
    revoked: tuple[str, date] | None = None,
) -> Evidence:
    return Evidence(
        id=UUID(int=number),
        person_id=PERSON,
        scope="data-export",
        track_id=None,
        level=level,
        achieved_at=at(achieved),
        recorded_at=at(recorded or achieved),
        expires_on=expires_on if level is CERTIFIED else None,
        revoked_at=at(revoked[0]) if revoked else None,
        revoked_from=revoked[1] if revoked else None,
    )


def certified(*given_evidence: Evidence, on: str, known: str | None = None, terms: ScopeRuleTerms = TERMS) -> bool:
    return answer(*given_evidence, on=on, known=known, terms=terms).is_certified


def answer(
    *given_evidence: Evidence, on: str, known: str | None = None, terms: ScopeRuleTerms = TERMS
) -> rules.CertifiedAnswer:
    return rules.certification_of(given_evidence, terms, at=at(on), as_known_at=at(known or on), person_id=PERSON)


@pytest.mark.requirement("EMB-03")
class TestLevels:
    def test_they_are_ordered_as_the_seed_orders_them(self) -> None:
        assert sorted(ProficiencyLevel, key=lambda level: rules.RANK[level]) == [
            ProficiencyLevel.ENROLLED,
            COMPLETED,
            PROFICIENT,
            CERTIFIED,
        ]

    @pytest.mark.parametrize(
        ("lesson_type", "is_passed", "level"),
        [
            (LessonType.QUIZ, True, COMPLETED),
            (LessonType.MICRO_LESSON, True, COMPLETED),
            (LessonType.SIMULATION, True, PROFICIENT),
            (LessonType.SIMULATION, False, ProficiencyLevel.ENROLLED),
            (LessonType.QUIZ, False, ProficiencyLevel.ENROLLED),
        ],
    )
    def test_only_a_passed_simulation_makes_proficient(
        self, lesson_type: LessonType, is_passed: bool, level: ProficiencyLevel
    ) -> None:
        assert rules.level_of_result(lesson_type, is_passed) is level


@pytest.mark.requirement("EMB-04")
class TestExpiry:
    @given(DAYS, MONTHS)
    def test_months_are_counted_as_for_certificates(self, day: date, months: int) -> None:
        assert rules.add_months(day, months) == certificate_expires_on(day, months)
        assert rules.expires_on(ScopeRuleTerms("x", validity_months=months), day) == certificate_expires_on(day, months)

    @pytest.mark.parametrize(
        ("day", "months", "last"),
        [
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2026-12-31", 12, "2027-12-31"),
        ],
    )
    def test_leap_days_and_ends_of_months(self, day: str, months: int, last: str) -> None:
        assert rules.add_months(date.fromisoformat(day), months) == date.fromisoformat(last)

    @pytest.mark.parametrize(
        ("achieved", "last"),
        [
            ("2026-10-01", "2027-10-01"),  # a day before the window opens: counted from completion
            ("2026-10-02", "2027-12-31"),  # its first day: keeps the anniversary
            ("2026-12-31", "2027-12-31"),
            ("2027-01-10", "2027-12-31"),  # the last day of grace
            ("2027-01-11", "2028-01-11"),  # too late
        ],
    )
    def test_an_early_renewal_keeps_its_anniversary(self, achieved: str, last: str) -> None:
        terms = replace(TERMS, validity_basis=ValidityBasis.PREVIOUS_EXPIRY, renewal_window_days=90, grace_days=10)
        renewed = rules.expires_on(terms, date.fromisoformat(achieved), date(2026, 12, 31))
        assert renewed == date.fromisoformat(last)

    @pytest.mark.parametrize(
        ("achieved", "previous", "minimum", "last"),
        [
            ("2026-03-15", None, 0, "2026-12-31"),
            ("2026-12-31", None, 0, "2027-12-31"),
            ("2026-11-15", None, 60, "2027-12-31"),  # 46 days would be too few
            ("2026-11-01", None, 60, "2026-12-31"),  # exactly 60
            ("2026-12-01", date(2026, 12, 31), 0, "2027-12-31"),  # renewed in its window
        ],
    )
    def test_a_fixed_day_ends_them_all(self, achieved: str, previous: date | None, minimum: int, last: str) -> None:
        terms = replace(
            TERMS,
            validity_basis=ValidityBasis.CALENDAR_DAY,
            calendar_month=12,
            calendar_day=31,
            minimum_active_days=minimum,
        )
        assert rules.expires_on(terms, date.fromisoformat(achieved), previous) == date.fromisoformat(last)

    @given(DAYS, MONTHS, st.integers(1, 12), st.integers(1, 31), st.integers(0, 400), st.none() | DAYS)
    def test_a_fixed_day_is_that_day_and_leaves_the_minimum(
        self, achieved: date, months: int, month: int, day: int, minimum: int, previous: date | None
    ) -> None:
        day = min(day, monthrange(2024, month)[1])
        terms = ScopeRuleTerms(
            "x", COMPLETED, ValidityBasis.CALENDAR_DAY, months, month, day, minimum_active_days=minimum
        )
        rules.require_valid_terms(terms)
        last = rules.expires_on(terms, achieved, previous)
        assert (last.month, last.day) == (month, min(day, monthrange(last.year, month)[1]))
        assert last >= achieved + timedelta(days=minimum)
        assert last > achieved

    @given(DAYS, MONTHS, st.sampled_from(ValidityBasis), st.integers(0, 200), st.integers(0, 60))
    def test_a_renewal_in_its_window_never_shortens(
        self, previous: date, months: int, basis: ValidityBasis, window: int, early: int
    ) -> None:
        is_calendar = basis is ValidityBasis.CALENDAR_DAY
        terms = ScopeRuleTerms(
            "x", COMPLETED, basis, months, 6 if is_calendar else None, 30 if is_calendar else None, 0, window
        )
        achieved = previous - timedelta(days=min(early, window))
        if basis is not ValidityBasis.COMPLETION:
            assert rules.expires_on(terms, achieved, previous) > previous

    @pytest.mark.parametrize(
        "change",
        [
            {"scope": " "},
            {"certified_at_level": CERTIFIED},
            {"validity_months": 0},
            {"grace_days": -1},
            {"calendar_month": 2},
            {"validity_basis": ValidityBasis.CALENDAR_DAY},
            {"validity_basis": ValidityBasis.CALENDAR_DAY, "calendar_month": 2, "calendar_day": 30},
            {"validity_basis": ValidityBasis.CALENDAR_DAY, "calendar_month": 13, "calendar_day": 1},
        ],
    )
    def test_terms_that_mean_nothing_are_refused(self, change: dict[str, object]) -> None:
        with pytest.raises(InvalidInputError):
            rules.require_valid_terms(replace(TERMS, **change))  # type: ignore[arg-type]


@pytest.mark.requirement("EMB-07")
class TestCertification:
    def test_it_counts_from_its_first_instant_through_its_last_day(self) -> None:
        one = evidence()
        assert not certified(one, on="2026-01-31T09:59:59", known="2026-06-01")
        assert certified(one, on="2026-01-31T10:00:00")
        assert certified(one, on="2027-01-31T23:59:59")
        assert not certified(one, on="2027-02-01T00:00:00")
        assert answer(one, on="2027-02-01T00:00:00").reason is CertificationReason.EXPIRED

    def test_grace_lasts_its_days_and_says_so(self) -> None:
        terms = replace(TERMS, grace_days=5)
        during = answer(evidence(), on="2027-02-05T12:00:00", terms=terms)
        assert (during.is_certified, during.reason) == (True, CertificationReason.IN_GRACE)
        assert during.level is None
        assert during.valid_until == date(2027, 1, 31)
        assert not certified(evidence(), on="2027-02-06T00:00:00", terms=terms)

    def test_the_past_is_told_as_it_was_known(self) -> None:
        """Recorded late: not certified by what was known then, certified by what is known now."""
        late = evidence(recorded="2026-03-01T00:00:00")
        assert not certified(late, on="2026-02-10", known="2026-02-10")
        assert certified(late, on="2026-02-10", known="2026-03-01")

    def test_a_retroactive_revocation_has_two_dates(self) -> None:
        revoked = evidence(revoked=("2026-09-01T08:00:00", date(2026, 6, 1)))
        assert certified(revoked, on="2026-07-01", known="2026-08-31")
        assert not certified(revoked, on="2026-07-01", known="2026-09-01T08:00:00")
        assert certified(revoked, on="2026-05-31", known="2026-10-01")
        told = answer(revoked, on="2026-06-01", known="2026-10-01")
        assert (told.reason, told.evidence_ids) == (CertificationReason.REVOKED, (UUID(int=1),))
        assert told.valid_until == date(2026, 5, 31)

    def test_renewals_make_one_unbroken_time(self) -> None:
        renewed = evidence(2, achieved="2027-01-10T08:00:00", expires_on=date(2028, 1, 31))
        told = answer(evidence(), renewed, on="2027-06-01")
        assert (told.valid_from, told.valid_until) == (date(2026, 1, 31), date(2028, 1, 31))
        assert told.evidence_ids == (UUID(int=2),)

    def test_after_a_gap_the_time_starts_again(self) -> None:
        again = evidence(2, achieved="2027-02-02T08:00:00", expires_on=date(2028, 2, 2))
        told = answer(evidence(), again, on="2027-06-01")
        assert (told.valid_from, told.valid_until) == (date(2027, 2, 2), date(2028, 2, 2))

    def test_lower_levels_do_not_certify_and_are_told(self) -> None:
        told = answer(evidence(level=PROFICIENT), evidence(2, level=COMPLETED), on="2026-06-01")
        assert (told.is_certified, told.level) == (False, PROFICIENT)
        assert told.reason is CertificationReason.LEVEL_TOO_LOW

    def test_nothing_and_only_enrolled_are_never_trained(self) -> None:
        assert answer(on="2026-06-01").reason is CertificationReason.NEVER_TRAINED
        enrolled = evidence(level=ProficiencyLevel.ENROLLED)
        told = answer(enrolled, on="2026-06-01")
        assert (told.reason, told.level) == (CertificationReason.NEVER_TRAINED, ProficiencyLevel.ENROLLED)

    @given(DAYS, st.integers(0, 86_399), ZONES)
    def test_zones_change_nothing(self, day: date, seconds: int, zone: timezone) -> None:
        instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
        known = datetime(2041, 1, 1, tzinfo=UTC)
        one = evidence()
        here = rules.certification_of([one], TERMS, at=instant, as_known_at=known)
        there = rules.certification_of([one], TERMS, at=instant.astimezone(zone), as_known_at=known.astimezone(zone))
        assert replace(there, at=instant, as_known_at=known) == here

    @given(
        st.lists(st.tuples(DAYS, st.integers(0, 700), st.none() | DAYS), max_size=6),
        DAYS,
        st.integers(0, 40),
    )
    def test_it_is_certified_exactly_when_a_day_of_some_evidence_covers_it(
        self, spans: list[tuple[date, int, date | None]], day: date, grace: int
    ) -> None:
        pieces = [
            replace(
                evidence(number, expires_on=first + timedelta(days=length)),
                achieved_at=datetime(first.year, first.month, first.day, tzinfo=UTC),
                recorded_at=datetime(2018, 1, 1, tzinfo=UTC),
                revoked_from=revoked_from,
                revoked_at=None if revoked_from is None else datetime(2018, 1, 1, tzinfo=UTC),
            )
            for number, (first, length, revoked_from) in enumerate(spans)
        ]
        instant = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        told = rules.certification_of(pieces, replace(TERMS, grace_days=grace), at=instant, as_known_at=instant)
        covered = [
            first <= day <= first + timedelta(days=length + grace) and (revoked is None or day < revoked)
            for first, length, revoked in spans
        ]
        assert told.is_certified is any(covered)
        if told.reason is CertificationReason.CERTIFIED:
            assert told.valid_from is not None and told.valid_until is not None
            assert told.valid_from <= day <= told.valid_until


class TestOtherTerms:
    def test_a_shorter_validity_ends_sooner(self) -> None:
        pieces = [evidence(level=COMPLETED), evidence(2)]
        (shown, changed) = rules.under_terms(pieces, replace(TERMS, validity_months=6))
        assert shown == pieces[0]
        assert changed == replace(pieces[1], expires_on=date(2026, 7, 31))

    def test_a_higher_level_asked_for_takes_certifications_away(self) -> None:
        pieces = [evidence(level=COMPLETED), evidence(2)]
        assert rules.under_terms(pieces, replace(TERMS, certified_at_level=PROFICIENT)) == (pieces[0],)

    def test_a_lower_level_asked_for_gives_some(self) -> None:
        pieces = [evidence(level=COMPLETED)]
        assert [each.level for each in rules.under_terms(pieces, TERMS)] == [COMPLETED, CERTIFIED]


@pytest.mark.requirement("EMB-02")
class TestTracks:
    QUIZ, OTHER, SIMULATION, EXTRA = (UUID(int=number) for number in range(1, 5))

    def test_there_are_ten_and_their_names_can_be_read(self) -> None:
        names = [rules.track_name(persona, tier) for persona in Persona for tier in TrackTier]
        assert len(set(names)) == 10
        assert [rules.parse_track_name(name) for name in names] == [(p, t) for p in Persona for t in TrackTier]
        with pytest.raises(InvalidInputError):
            rules.parse_track_name("operations/expert")

    def test_completed_needs_every_required_lesson(self) -> None:
        steps = [TrackStep(self.QUIZ, True, False), TrackStep(self.OTHER, True, False)]
        steps.append(TrackStep(self.EXTRA, False, False))
        assert rules.track_alternatives(steps, COMPLETED, {self.QUIZ: COMPLETED}) == (frozenset({self.OTHER}),)
        assert rules.has_reached_track(steps, COMPLETED, {self.QUIZ: COMPLETED, self.OTHER: COMPLETED})
        assert not rules.has_reached_track(steps, PROFICIENT, {self.QUIZ: COMPLETED, self.OTHER: COMPLETED})

    def test_a_required_simulation_must_be_passed_as_one(self) -> None:
        steps = [TrackStep(self.QUIZ, True, False), TrackStep(self.SIMULATION, True, True)]
        passed = {self.QUIZ: COMPLETED, self.SIMULATION: COMPLETED}
        assert not rules.has_reached_track(steps, COMPLETED, passed)
        assert rules.has_reached_track(steps, PROFICIENT, {**passed, self.SIMULATION: PROFICIENT})

    def test_any_optional_simulation_makes_proficient(self) -> None:
        steps = [TrackStep(self.QUIZ, True, False), TrackStep(self.SIMULATION, False, True)]
        steps.append(TrackStep(self.EXTRA, False, True))
        ways = rules.track_alternatives(steps, PROFICIENT, {})
        assert set(ways) == {frozenset({self.QUIZ, self.SIMULATION}), frozenset({self.QUIZ, self.EXTRA})}
        assert rules.has_reached_track(steps, PROFICIENT, {self.QUIZ: COMPLETED, self.EXTRA: PROFICIENT})

    def test_a_track_that_requires_nothing_proves_nothing(self) -> None:
        assert rules.track_alternatives([TrackStep(self.EXTRA, False, False)], COMPLETED, {}) == ()

    def test_defaults_ask_more_of_the_advanced(self) -> None:
        assert rules.default_terms("operations/core").certified_at_level is COMPLETED
        assert rules.default_terms("operations/advanced").certified_at_level is PROFICIENT
        assert rules.default_terms("data-export").validity_months == 12
