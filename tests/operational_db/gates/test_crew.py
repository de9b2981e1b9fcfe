"""The crew engine: what counts, how requirements combine, that whoever joins does no harm, and bytes stay the same."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.credentials.rules import CertificateFacts
from operational_db.errors import InvalidInputError
from operational_db.gates.crew import (
    CrewDecision,
    CrewFacts,
    CrewPerson,
    CrewReason,
    CrewTerms,
    CrewUnit,
    MissingReason,
    decide_crew,
    to_disclosed,
    why_missing,
)
from operational_db.gates.crew_documents import facts_from
from operational_db.gates.crew_requirements import (
    AllOf,
    AnyOf,
    AtLeast,
    Certified,
    CrewRequirement,
    certifications_of,
    requirement_from,
    to_document,
)
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode, GateOutcome
from tests.operational_db.gates.crews import (
    BUILDING,
    DAY,
    KINDS,
    MAKERS,
    NOW,
    certificate,
    certificates,
    crew_of,
    facts,
    person_id,
    requirements,
    rule,
    rules,
    units,
)

A, B, C, D = map(Certified, KINDS)


def is_qualified(requirement: CrewRequirement, *held: CertificateFacts, on: date = DAY, people: int = 1) -> bool:
    return decide_crew([rule(requirement)], facts(crew_of(*held, people=people), on=on), NOW).is_qualified


@pytest.mark.requirement("US-TC028")
class TestRequirements:
    @pytest.mark.parametrize(
        ("requirement", "held", "expected"),
        [
            (A, [(0, 0)], True),
            (A, [(0, 1)], False),
            (AllOf((A, B)), [(0, 0), (1, 1)], True),
            (AllOf((A, B)), [(0, 0), (1, 0)], False),
            (AnyOf((A, B)), [(1, 1)], True),
            (AnyOf((A, B)), [(1, 2)], False),
            # Two people may share what is asked of the crew, not what is asked of one.
            (AtLeast(1, AllOf((A, B))), [(0, 0), (1, 1)], False),
            (AtLeast(1, AllOf((A, B))), [(0, 0), (0, 1)], True),
            (AtLeast(2, A), [(0, 0), (0, 0)], False),
            (AtLeast(2, A), [(0, 0), (1, 0)], True),
            (AllOf((AtLeast(2, A), B)), [(0, 0), (1, 0), (2, 1)], True),
            (AtLeast(2, AnyOf((A, B))), [(0, 0), (1, 1)], True),
            (AllOf((AtLeast(1, A), AnyOf((AllOf((B, C)), D)))), [(0, 0), (1, 3)], True),
        ],
    )
    def test_all_any_and_at_least_combine(
        self, requirement: CrewRequirement, held: list[tuple[int, int]], expected: bool
    ) -> None:
        found = [certificate(number, person, kind) for number, (person, kind) in enumerate(held)]
        assert is_qualified(requirement, *found) is expected

    @given(requirement=requirements)
    def test_a_requirement_is_read_as_it_was_written(self, requirement: CrewRequirement) -> None:
        assert requirement_from(to_document(requirement)) == requirement

    @pytest.mark.parametrize(
        "document",
        [
            {}, [], {"certificaton": str(KINDS[0])}, {"certification": "crane"}, {"all": []}, {"any": {}},
            {"at_least": 0, "of_crew": {"certification": str(KINDS[0])}},
            {"at_least": True, "of_crew": {"certification": str(KINDS[0])}},
            {"at_least": 21, "of_crew": {"certification": str(KINDS[0])}},
            {"at_least": 2}, {"all": [{"certification": str(KINDS[0])}], "any": []},
            {"at_least": 1, "of_crew": {"at_least": 1, "of_crew": {"certification": str(KINDS[0])}}},
            {"all": [{"certification": str(KINDS[0])}] * 60},
            {"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"certification": str(KINDS[0])}]}]}]}]}]}]},
        ],
    )  # fmt: skip
    def test_a_misspelt_requirement_is_refused_and_never_becomes_none(self, document: Any) -> None:
        with pytest.raises(InvalidInputError):
            requirement_from(document)

    @pytest.mark.parametrize(
        ("target", "key", "applies"),
        [
            (CrewRuleTarget.OWNER, "", True),
            (CrewRuleTarget.BUILDING, BUILDING, True),
            (CrewRuleTarget.BUILDING, UUID(int=77), False),
            (CrewRuleTarget.EQUIPMENT_TYPE, "passenger_elevator", True),
            (CrewRuleTarget.EQUIPMENT_TYPE, "escalator", False),
            (CrewRuleTarget.MANUFACTURER, MAKERS[0], True),
            (CrewRuleTarget.MANUFACTURER, MAKERS[1], False),
            (CrewRuleTarget.MODEL, "alpha 1", True),
            (CrewRuleTarget.MODEL, "beta 2", False),
            (CrewRuleTarget.UNIT, UUID(int=9), True),
            (CrewRuleTarget.UNIT, UUID(int=8), False),
        ],
    )
    def test_a_rule_is_about_its_target_and_nothing_else(
        self, target: CrewRuleTarget, key: object, applies: bool
    ) -> None:
        decision = decide_crew([rule(A, target, key)], facts(crew_of(certificate(1, 0))), NOW)
        assert decision.is_qualified is applies
        assert decision.reason is (CrewReason.REQUIREMENTS_MET if applies else CrewReason.NO_RULE)


@pytest.mark.requirement("US-TC027")
class TestWhatCounts:
    @pytest.mark.parametrize(("days", "expected"), [(-1, True), (0, True), (1, False)])
    def test_the_last_day_is_included(self, days: int, expected: bool) -> None:
        held = certificate(1, 0, expires_on=DAY)
        assert is_qualified(A, held, on=DAY + timedelta(days=days)) is expected

    @pytest.mark.parametrize(("days", "expected"), [(-1, False), (0, True)])
    def test_the_first_day_is_included(self, days: int, expected: bool) -> None:
        held = certificate(1, 0, issued_on=DAY, expires_on=None)
        assert is_qualified(A, held, on=DAY + timedelta(days=days)) is expected

    @pytest.mark.parametrize(("on", "expected"), [(DAY, True), (date(2028, 3, 1), False)])
    def test_one_that_ends_on_the_leap_day_counts_through_it(self, on: date, expected: bool) -> None:
        held = certificate(1, 0, issued_on=date(2024, 2, 29), expires_on=date(2028, 2, 29))
        assert is_qualified(A, held, on=on) is expected

    @pytest.mark.parametrize(("days", "expected"), [(-1, True), (0, False)])
    def test_a_revocation_counts_from_its_first_day(self, days: int, expected: bool) -> None:
        held = certificate(1, 0, revoked_from=DAY)
        assert is_qualified(A, held, on=DAY + timedelta(days=days)) is expected

    @pytest.mark.parametrize("fields", [{"is_verified": False}, {"is_withdrawn": True}])
    def test_what_is_not_proven_or_was_withdrawn_never_counts(self, fields: dict[str, Any]) -> None:
        assert not is_qualified(A, certificate(1, 0, **fields))

    def test_the_answer_lasts_as_long_as_what_carries_it(self) -> None:
        held = [
            certificate(1, 0, 0, expires_on=DAY + timedelta(days=9)),
            certificate(2, 0, 0, expires_on=DAY + timedelta(days=30)),
            certificate(3, 1, 1, expires_on=DAY + timedelta(days=20)),
        ]
        decision = decide_crew([rule(AllOf((A, B)))], facts(crew_of(*held)), NOW)
        assert decision.valid_until == DAY + timedelta(days=20)
        assert decision.certificate_ids == (held[1].certificate_id, held[2].certificate_id)

    @pytest.mark.parametrize(
        ("held", "reason"),
        [
            ([], MissingReason.NEVER_HELD),
            ([certificate(1, 0, expires_on=DAY - timedelta(days=1))], MissingReason.EXPIRED),
            ([certificate(1, 0, revoked_from=DAY)], MissingReason.REVOKED),
            ([certificate(1, 0, issued_on=DAY + timedelta(days=1))], MissingReason.NOT_YET_VALID),
            ([certificate(1, 0, is_verified=False)], MissingReason.NOT_VERIFIED),
            ([certificate(1, 0, is_withdrawn=True)], MissingReason.WITHDRAWN),
            (
                [certificate(1, 0, is_withdrawn=True), certificate(2, 0, expires_on=DAY - timedelta(days=1))],
                MissingReason.EXPIRED,
            ),
        ],
    )
    def test_what_came_closest_says_why(self, held: list[CertificateFacts], reason: MissingReason) -> None:
        assert why_missing(held, DAY) is reason


class TestAnswers:
    def test_each_unit_has_its_own_answer_and_one_no_is_a_no(self) -> None:
        lift = CrewUnit(UUID(int=9), EquipmentType.PASSENGER_ELEVATOR)
        stairs = CrewUnit(UUID(int=10), EquipmentType.ESCALATOR)
        asked = [rule(A), rule(B, CrewRuleTarget.EQUIPMENT_TYPE, "escalator", number=2)]
        decision = decide_crew(asked, facts(crew_of(certificate(1, 0, 0)), stairs, lift), NOW)
        assert [(unit.unit_id, unit.is_qualified) for unit in decision.units] == [(lift.id, True), (stairs.id, False)]
        assert (decision.is_qualified, decision.reason) == (False, CrewReason.CERTIFICATES_MISSING)
        assert [gap.certification_ids for r in decision.rules for gap in r.gaps] == [(KINDS[1],)]

    def test_a_rule_in_dry_run_shows_and_blocks_nobody(self) -> None:
        asked = [rule(A), rule(B, CrewRuleTarget.BUILDING, BUILDING, mode=GateMode.DRY_RUN, number=2)]
        decision = decide_crew(asked, facts(crew_of(certificate(1, 0, 0))), NOW)
        assert (decision.is_qualified, decision.outcome) == (True, GateOutcome.DENY)

    def test_nothing_required_is_not_qualified_and_a_whole_building_leaves_such_units_aside(self) -> None:
        lift = CrewUnit(UUID(int=9), EquipmentType.PASSENGER_ELEVATOR)
        stairs = CrewUnit(UUID(int=10), EquipmentType.ESCALATOR)
        asked = [rule(A, CrewRuleTarget.EQUIPMENT_TYPE, "escalator")]
        crew = crew_of(certificate(1, 0))
        assert decide_crew([], facts(crew), NOW).reason is CrewReason.NO_RULE
        assert not decide_crew(asked, facts(crew, lift, stairs), NOW).is_qualified
        assert decide_crew(asked, facts(crew, lift, stairs, is_whole_building=True), NOW).is_qualified

    def test_nobody_is_no_crew(self) -> None:
        assert decide_crew([rule(A)], facts(()), NOW).reason is CrewReason.NO_CREW

    def test_each_person_is_told_what_she_brings_and_lacks_by_the_nearest_way(self) -> None:
        requirement = AnyOf((AllOf((A, B, C)), AllOf((A, D))))
        decision = decide_crew([rule(requirement)], facts(crew_of(certificate(1, 0, 0), people=2)), NOW)
        first, second = decision.people
        assert (first.certificate_ids, first.missing) == ((UUID(int=10_001),), (KINDS[3],))
        assert (second.certificate_ids, second.missing) == ((), (KINDS[0], KINDS[3]))


def decide(
    terms: list[CrewTerms], held: list[CertificateFacts], of: tuple[CrewUnit, ...], **fields: Any
) -> CrewDecision:
    return decide_crew(terms, facts(crew_of(*held, people=2), *of, **fields), NOW)


class TestProperties:
    @given(terms=rules(), held=certificates(), of=units, more=certificates(), whole=st.booleans())
    def test_nobody_who_joins_and_nothing_anybody_earns_makes_a_crew_unqualified(
        self,
        terms: list[CrewTerms],
        held: list[CertificateFacts],
        of: tuple[CrewUnit, ...],
        more: list[CertificateFacts],
        whole: bool,
    ) -> None:
        fresh = [replace(each, certificate_id=UUID(int=each.certificate_id.int + 1_000)) for each in more]
        before = decide(terms, held, of, is_whole_building=whole)
        after = decide(terms, held + fresh, of, is_whole_building=whole)
        larger = decide_crew(terms, replace(facts(crew_of(*held, people=6), *of), is_whole_building=whole), NOW)
        for one, other in ((before, after), (before, larger)):
            assert not one.is_qualified or other.is_qualified
            assert all(not a.is_qualified or b.is_qualified for a, b in zip(one.units, other.units, strict=True))
            assert all(not a.is_met or b.is_met for a, b in zip(one.rules, other.rules, strict=True))

    @given(terms=rules(), held=certificates(), of=units, seed=st.randoms(use_true_random=False))
    def test_order_decides_nothing(
        self, terms: list[CrewTerms], held: list[CertificateFacts], of: tuple[CrewUnit, ...], seed: random.Random
    ) -> None:
        known = facts(crew_of(*held, people=2), *of)
        people = [
            replace(p, certificates=tuple(_shuffled(seed, p.certificates))) for p in _shuffled(seed, known.people)
        ]
        other = replace(known, people=tuple(people), units=tuple(_shuffled(seed, known.units)))
        shuffled = _shuffled(seed, terms)
        assert decide_crew(terms, known, NOW).canonical() == decide_crew(shuffled, other, NOW).canonical()
        assert known.canonical(terms) == other.canonical(shuffled)

    @given(terms=rules(), held=certificates(), of=units, whole=st.booleans(), named=st.booleans())
    def test_a_decision_is_made_again_from_its_record_byte_for_byte(
        self, terms: list[CrewTerms], held: list[CertificateFacts], of: tuple[CrewUnit, ...], whole: bool, named: bool
    ) -> None:
        known = facts(crew_of(*held, people=1), *of, is_whole_building=whole, is_crew_named=named)
        text = known.canonical(terms)
        read = facts_from(text)
        assert read.canonical(terms) == text
        assert decide_crew(terms, read, NOW).canonical() == decide_crew(terms, known, NOW).canonical()

    @given(terms=rules(), held=certificates(), of=units, named=st.booleans())
    def test_what_goes_on_record_is_what_counts_and_answers_every_rule_the_same(
        self, terms: list[CrewTerms], held: list[CertificateFacts], of: tuple[CrewUnit, ...], named: bool
    ) -> None:
        known = facts(crew_of(*held, people=2), *of, is_crew_named=named)
        shown = to_disclosed(terms, known)
        full, told = decide_crew(terms, known, NOW), decide_crew(terms, shown, NOW)
        assert told.rules == full.rules
        assert told.units == full.units or not shown.people
        assert (told.is_qualified, told.valid_until) == (full.is_qualified, full.valid_until)
        asked = {kind for each in terms for kind in certifications_of(each.requirement)}
        for person in shown.people:
            kinds = [each.certification_id for each in person.certificates]
            assert len(set(kinds)) == len(kinds)
            assert asked.issuperset(kinds)
            assert not {
                each for each in person.certificates if not is_qualified(Certified(each.certification_id), each)
            }
        if named:
            assert told.people == full.people

    @given(requirement=requirements, held=certificates())
    def test_the_answer_is_that_of_a_plain_recount(
        self, requirement: CrewRequirement, held: list[CertificateFacts]
    ) -> None:
        crew = crew_of(*held, people=2)
        assert decide_crew([rule(requirement)], facts(crew), NOW).is_qualified is recount(requirement, crew)


def recount(requirement: CrewRequirement, crew: tuple[CrewPerson, ...]) -> bool:
    """The definition, written down a second time without regard to speed."""
    match requirement:
        case Certified(kind):
            return any(is_valid(each) for p in crew for each in p.certificates if each.certification_id == kind)
        case AllOf(parts):
            return all(recount(each, crew) for each in parts)
        case AnyOf(parts):
            return any(recount(each, crew) for each in parts)
        case AtLeast(count, of_crew):
            return sum(recount(of_crew, (person,)) for person in crew) >= count


def is_valid(held: CertificateFacts) -> bool:
    is_open = held.expires_on is None or held.expires_on >= DAY
    is_kept = held.revoked_from is None or held.revoked_from > DAY
    return held.is_verified and not held.is_withdrawn and held.issued_on <= DAY and is_open and is_kept


def _shuffled(seed: random.Random, things: Any) -> list[Any]:
    mixed = list(things)
    seed.shuffle(mixed)
    return mixed


def test_a_crew_of_twenty_for_fifty_units_fits_into_one_record() -> None:
    held = [certificate(person * 10 + kind, person, kind) for person in range(20) for kind in range(4)]
    of = [CrewUnit(UUID(int=2**120 + number), EquipmentType.PASSENGER_ELEVATOR, MAKERS[0], "M") for number in range(50)]
    known: CrewFacts = facts(crew_of(*held), *of)
    terms = [rule(AtLeast(2, Certified(kind)), number=number) for number, kind in enumerate(KINDS)]
    size = len(known.canonical(terms)) + len(decide_crew(terms, known, NOW).canonical())
    assert size * 1.2 < 40_000
    assert person_id(0) == known.people[0].id
