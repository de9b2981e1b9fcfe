"""`decide` at its boundaries, its precedence, and that identical inputs give identical bytes."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from operational_db.errors import InvalidInputError
from operational_db.gates.documents import facts_from, requirement_from, terms_from
from operational_db.gates.rules import (
    EvidenceFact,
    GateFacts,
    GateReason,
    GateTerms,
    Requirement,
    WaiverFact,
    decide,
    record_unavailable,
    require_valid_terms,
)
from operational_db.gates.shipped import SHIPPED_RULES
from operational_db.proficiency.rules import add_months
from operational_db.types import GateMode, GateOutcome, ProficiencyLevel
from tests.operational_db.gates.cases import random_case

COMPLETED, PROFICIENT, CERTIFIED = (
    ProficiencyLevel.COMPLETED,
    ProficiencyLevel.PROFICIENT,
    ProficiencyLevel.CERTIFIED,
)
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
EXPORT = Requirement(PROFICIENT, scope="data-export", within_months=12)


def terms(*requirements: Requirement, mode: GateMode = GateMode.ENFORCE) -> GateTerms:
    return GateTerms("data-export", mode, requirements or (EXPORT,), date(2020, 1, 1), rule_id=UUID(int=99), version=3)


def proof(
    number: int = 1,
    *,
    target: str = "scope:data-export",
    level: ProficiencyLevel = PROFICIENT,
    achieved: str = "2026-01-31T10:00:00",
    expires_on: date | None = None,
    revoked_from: date | None = None,
) -> EvidenceFact:
    achieved_at = datetime.fromisoformat(achieved).replace(tzinfo=UTC)
    return EvidenceFact(UUID(int=number), target, level, achieved_at, expires_on, revoked_from)


def facts(*evidence: EvidenceFact, waivers: tuple[WaiverFact, ...] = (), is_member: bool = True) -> GateFacts:
    return GateFacts("data-export", UUID(int=7), UUID(int=8), is_member, evidence, waivers)


def reason(*evidence: EvidenceFact, rule: GateTerms | None = None, now: datetime = NOW) -> GateReason:
    return decide(rule or terms(), facts(*evidence), now).reason


@pytest.mark.requirement("EMB-14")
class TestDecide:
    def test_enough_evidence_allows_and_names_it(self) -> None:
        decision = decide(terms(), facts(proof(5)), NOW)
        assert (decision.outcome, decision.reason) == (GateOutcome.ALLOW, GateReason.REQUIREMENTS_MET)
        assert decision.evidence_ids == (UUID(int=5),)
        assert decision.valid_until == date(2027, 1, 31)

    def test_a_higher_level_is_as_good(self) -> None:
        assert reason(proof(level=CERTIFIED, expires_on=date(2027, 1, 31))) is GateReason.REQUIREMENTS_MET

    def test_a_lower_level_is_not(self) -> None:
        decision = decide(terms(), facts(proof(4, level=COMPLETED)), NOW)
        assert (decision.outcome, decision.reason) == (GateOutcome.DENY, GateReason.LEVEL_TOO_LOW)
        assert decision.missing == ("scope:data-export",)
        assert decision.evidence_ids == (UUID(int=4),)

    def test_opening_a_lesson_is_no_training(self) -> None:
        assert reason(proof(level=ProficiencyLevel.ENROLLED)) is GateReason.NEVER_TRAINED
        assert reason() is GateReason.NEVER_TRAINED

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2026-01-31T09:59:59", GateReason.NEVER_TRAINED),
            ("2026-01-31T10:00:00", GateReason.REQUIREMENTS_MET),
            ("2027-01-31T23:59:59", GateReason.REQUIREMENTS_MET),
            ("2027-02-01T00:00:00", GateReason.OUTSIDE_WINDOW),
        ],
    )
    def test_the_window_has_its_first_instant_and_its_last_day(self, now: str, expected: GateReason) -> None:
        assert reason(proof(), now=datetime.fromisoformat(now).replace(tzinfo=UTC)) is expected

    @pytest.mark.requirement("EMB-13")
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2026-06-30T23:59:59", GateReason.REQUIREMENTS_MET),
            ("2026-07-01T00:00:00", GateReason.CERTIFICATION_EXPIRED),
        ],
    )
    def test_after_the_expiry_the_action_is_blocked_within_the_window(self, now: str, expected: GateReason) -> None:
        instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
        assert reason(proof(level=CERTIFIED, expires_on=date(2026, 6, 30)), now=instant) is expected
        # The simulation that earned the certification ends with it too.
        pair = (proof(1), proof(2, level=CERTIFIED, expires_on=date(2026, 6, 30)))
        assert reason(*pair, now=instant) is expected

    def test_the_window_ends_what_is_still_certified(self) -> None:
        """Trap 5: the gate's own window is separate from the certificate's expiry."""
        rule = terms(replace(EXPORT, within_months=9))
        assert reason(proof(level=CERTIFIED, expires_on=date(2028, 1, 31)), rule=rule) is GateReason.OUTSIDE_WINDOW

    def test_an_older_expiry_does_not_end_what_was_reached_again(self) -> None:
        old = proof(1, level=CERTIFIED, achieved="2025-01-01T08:00:00", expires_on=date(2026, 1, 1))
        assert reason(old, proof(2)) is GateReason.REQUIREMENTS_MET

    def test_what_is_revoked_from_today_on_no_longer_counts(self) -> None:
        assert reason(proof(revoked_from=date(2026, 11, 2))) is GateReason.REVOKED
        tomorrow = decide(terms(), facts(proof(revoked_from=date(2026, 11, 3))), NOW)
        assert (tomorrow.outcome, tomorrow.valid_until) == (GateOutcome.ALLOW, date(2026, 11, 2))

    def test_every_requirement_must_be_met(self) -> None:
        production = terms(*next(rule.requirements for rule in SHIPPED_RULES if rule.action == "production-change"))
        core = proof(1, target="track:operations/core", level=COMPLETED, achieved="2026-02-02T00:00:00")
        advanced = proof(2, target="track:operations/advanced", achieved="2026-10-01T08:00:00")
        met = decide(production, facts(core, advanced), NOW)
        assert (met.outcome, met.evidence_ids, met.valid_until) == (
            GateOutcome.ALLOW, (UUID(int=1), UUID(int=2)), date(2026, 11, 2),
        )  # fmt: skip
        lapsed = decide(production, facts(core, advanced), NOW + timedelta(days=1))
        assert (lapsed.reason, lapsed.missing) == (GateReason.OUTSIDE_WINDOW, ("track:operations/core",))
        untested = decide(production, facts(core, replace(advanced, level=COMPLETED)), NOW)
        assert (untested.reason, untested.missing) == (GateReason.LEVEL_TOO_LOW, ("track:operations/advanced",))

    @pytest.mark.requirement("EMB-10")
    @pytest.mark.parametrize(
        ("days_ago", "expected"),
        [(0, GateReason.REQUIREMENTS_MET), (90, GateReason.REQUIREMENTS_MET), (91, GateReason.OUTSIDE_WINDOW)],
    )
    def test_a_micro_lesson_gate_asks_for_its_quiz_within_so_many_days(
        self, days_ago: int, expected: GateReason
    ) -> None:
        rule = terms(Requirement(COMPLETED, scope="data-export", within_days=90))
        achieved = (NOW - timedelta(days=days_ago)).replace(tzinfo=None).isoformat()
        assert reason(proof(level=COMPLETED, achieved=achieved), rule=rule) is expected

    def test_no_rule_and_no_membership_are_denials(self) -> None:
        assert decide(None, facts(proof()), NOW).reason is GateReason.NO_RULE
        assert not decide(None, facts(proof()), NOW).is_allowed
        stranger = decide(terms(mode=GateMode.DRY_RUN), facts(proof(), is_member=False), NOW)
        assert (stranger.reason, stranger.is_allowed) == (GateReason.NOT_A_MEMBER, False)

    @pytest.mark.requirement("EMB-22")
    def test_a_dry_run_records_no_and_lets_pass(self) -> None:
        decision = decide(terms(mode=GateMode.DRY_RUN), facts(), NOW)
        assert (decision.outcome, decision.mode, decision.is_allowed) == (GateOutcome.DENY, GateMode.DRY_RUN, True)
        assert not decide(terms(), facts(), NOW).is_allowed

    @pytest.mark.parametrize(
        ("starts", "ends", "ended_at", "is_waived"),
        [
            (0, 0, None, True),
            (1, 5, None, False),
            (-5, -1, None, False),
            (-5, 5, NOW, False),
            (-5, 5, NOW + timedelta(microseconds=1), True),
        ],
    )
    def test_a_waiver_stands_in_from_its_first_day_to_its_last(
        self, starts: int, ends: int, ended_at: datetime | None, is_waived: bool
    ) -> None:
        today = NOW.date()
        waiver = WaiverFact(UUID(int=3), today + timedelta(days=starts), today + timedelta(days=ends), ended_at)
        decision = decide(terms(), facts(waivers=(waiver,)), NOW)
        assert (decision.reason is GateReason.WAIVED) is is_waived
        assert decision.waiver_id == (UUID(int=3) if is_waived else None)
        assert decision.missing == ("scope:data-export",)

    def test_a_waiver_is_not_used_where_training_suffices(self) -> None:
        waiver = WaiverFact(UUID(int=3), NOW.date(), NOW.date())
        assert decide(terms(), facts(proof(), waivers=(waiver,)), NOW).waiver_id is None

    def test_an_unrecorded_decision_is_a_denial_whatever_the_mode(self) -> None:
        decision = record_unavailable(action="a", person_id=UUID(int=1), organization_id=None, resource=None, now=NOW)
        assert (decision.is_allowed, decision.reason) == (False, GateReason.RECORD_UNAVAILABLE)

    @given(
        st.dates(date(2023, 1, 1), date(2033, 1, 1)),
        st.integers(1, 48),
        st.integers(-3, 3),
        st.integers(0, 86_399),
        st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11, minutes=-30))]),
    )
    def test_the_last_day_of_a_window_is_the_same_day_of_the_month_in_any_zone(
        self, reached: date, months: int, near: int, seconds: int, zone: timezone
    ) -> None:
        last = add_months(reached, months)
        day = last + timedelta(days=near)
        now = (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(zone)
        achieved_at = datetime(reached.year, reached.month, reached.day, tzinfo=UTC)
        one = EvidenceFact(UUID(int=1), "scope:data-export", PROFICIENT, achieved_at.astimezone(zone))
        decision = decide(terms(replace(EXPORT, within_months=months)), facts(one), now)
        allowed = achieved_at <= now and day <= last
        assert (decision.outcome is GateOutcome.ALLOW) is allowed


@pytest.mark.requirement("EMB-14")
class TestBytes:
    @given(st.integers(0, 10**9), st.randoms(use_true_random=False))
    def test_the_order_facts_were_found_in_and_the_zone_of_instants_change_no_byte(
        self, seed: int, shuffle: random.Random
    ) -> None:
        rule, given_facts, now = random_case(random.Random(seed))
        other = replace(
            given_facts,
            evidence=tuple(
                replace(each, achieved_at=each.achieved_at.astimezone(UTC))
                for each in shuffle.sample(given_facts.evidence, len(given_facts.evidence))
            ),
            waivers=tuple(shuffle.sample(given_facts.waivers, len(given_facts.waivers))),
        )
        assert other.canonical() == given_facts.canonical()
        assert decide(rule, other, now.astimezone(UTC)).canonical() == decide(rule, given_facts, now).canonical()

    @given(st.integers(0, 10**9))
    def test_documents_are_canonical_and_lead_back_to_the_same_decision(self, seed: int) -> None:
        rule, given_facts, now = random_case(random.Random(seed))
        decision = decide(rule, given_facts, now)
        for text in (decision.canonical(), given_facts.canonical().encode()):
            assert rfc8785.dumps(json.loads(text)) == text
        again = facts_from(given_facts.canonical())
        assert again.canonical() == given_facts.canonical()
        kept = None if rule is None else terms_from(rule.canonical())
        assert kept == rule
        assert decide(kept, again, now).canonical() == decision.canonical()

    def test_other_processes_with_other_hash_seeds_give_the_same_bytes(self) -> None:
        program = (
            "import hashlib, random\n"
            "from operational_db.gates.rules import decide\n"
            "from tests.operational_db.gates.cases import random_case\n"
            "digest = hashlib.sha256()\n"
            "for seed in range(300):\n"
            "    digest.update(decide(*random_case(random.Random(seed))).canonical())\n"
            "print(digest.hexdigest())\n"
        )
        told = {
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
                capture_output=True, check=True, timeout=240, text=True,
            ).stdout
            for seed, zone in (("0", "UTC"), ("4711", "Pacific/Kiritimati"))
        }  # fmt: skip
        assert len(told) == 1


class TestTerms:
    @pytest.mark.parametrize(
        "requirement",
        [
            Requirement(COMPLETED, within_days=1),
            Requirement(COMPLETED, scope="a", track="operations/core", within_days=1),
            Requirement(COMPLETED, track="operations/expert", within_days=1),
            Requirement(COMPLETED, scope="a"),
            Requirement(COMPLETED, scope="a", within_days=0),
            Requirement(COMPLETED, scope="a", within_days=1, within_months=1),
            Requirement(COMPLETED, scope="a", within_months=1_201),
            Requirement(ProficiencyLevel.ENROLLED, scope="a", within_days=1),
        ],
    )
    def test_a_requirement_that_means_nothing_is_refused(self, requirement: Requirement) -> None:
        with pytest.raises(InvalidInputError):
            require_valid_terms(terms(requirement))

    def test_a_rule_needs_an_action_and_asks_once_for_each_thing(self) -> None:
        for wrong in (
            replace(terms(), action=" "),
            replace(terms(), requirements=()),
            terms(EXPORT, replace(EXPORT, within_months=1)),
        ):
            with pytest.raises(InvalidInputError):
                require_valid_terms(wrong)
        require_valid_terms(terms(Requirement(CERTIFIED, scope="a")))

    @pytest.mark.parametrize(
        "document",
        [
            {"scope": "a", "level": "completed", "whithin": {"days": 1}},
            {"scope": "a", "level": "completed", "within": {"weeks": 1}},
            {"scope": "a", "level": "completed", "within": {"days": "1"}},
            {"scope": "a", "level": "expert"},
            {"scope": "a"},
        ],
    )
    def test_a_misspelt_requirement_is_refused_not_widened(self, document: dict[str, object]) -> None:
        with pytest.raises(InvalidInputError):
            requirement_from(document)

    def test_requirements_come_back_as_they_were(self) -> None:
        for rule in SHIPPED_RULES:
            for requirement in rule.requirements:
                assert requirement_from(requirement.to_document()) == requirement
