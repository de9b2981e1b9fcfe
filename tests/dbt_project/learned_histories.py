"""Random histories with what mentors and mentees do, what training costs and what jobs yield among the other entries.

As there: dates are drawn freely and corrections happen, as do steps no service would take. Estimates of what training
changed are dimensions and stay as they are; entries about them come again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import product
from uuid import UUID

from operational_db.ledger.events import (
    Event,
    MentoringReachSet,
    MentorProfileSet,
    MentorshipAccepted,
    MentorshipCancelled,
    MentorshipCompleted,
    MentorshipDeclined,
    MentorshipExpired,
    MentorshipMilestoneReached,
    MentorshipRated,
    MentorshipRequested,
    MentorshipSessionLogged,
    MentorsShown,
    ModelPromoted,
    ModelRetired,
    OutcomeMonthRecorded,
    OutcomeValued,
    RoiEstimated,
    TrainingCostRecorded,
    TrainingCostWithdrawn,
)
from operational_db.types import (
    CostKind,
    DeclineReason,
    EarlyEndReason,
    EffectState,
    LearnedModelKind,
    MeetingFormat,
    MentoringReach,
    MentorshipSide,
    MentorshipType,
    OutcomeKind,
)
from tests.dbt_project.credential_histories import CredentialHistory, credential_dimensions
from tests.dbt_project.histories import AS_OF, COURSES, ORGANIZATIONS, PEOPLE, uid
from tests.dbt_project.landing import Dimensions

COMPANIES = ORGANIZATIONS[:2]
VALUED = (OutcomeKind.CALLBACK_RATE, OutcomeKind.INCIDENTS, OutcomeKind.UNITS_MAINTAINED)
ESTIMATES: dict[UUID, tuple[UUID, UUID | None, OutcomeKind]] = {
    uid(30, n): about for n, about in enumerate(product(COMPANIES, (None, COURSES[0]), VALUED))
}


def learned_dimensions() -> Dimensions:
    """The dimensions of `credential_histories`, and estimates for the first two organizations."""
    base = credential_dimensions()
    base.roi_estimates = [
        {
            "estimate_id": str(estimate),
            "organization_id": str(organization),
            "course_id": None if course is None else str(course),
            "outcome_kind": kind,
            "exposure": 100.0 + n,
            "half_width": 0.02,
            "trained_count": 12,
            "compared_count": 15,
            "month_count": 9,
            "pre_trend_p": 0.4,
            "estimated_at": AS_OF,
        }
        for n, (estimate, (organization, course, kind)) in enumerate(ESTIMATES.items())
    ]
    base.roi_event_months = [
        {"estimate_id": str(estimate), "month_offset": offset, "effect": 0.1, "low": 0.0, "high": 0.2}
        for estimate in ESTIMATES
        for offset in (-1, 0, 1)
    ]
    # Without one pair, so that its company falls back to the widest interval.
    base.roi_covariances = [
        {"estimate_id": str(estimate), "other_kind": other, "covariance": 1e-4 if other is kind else 2e-5}
        for estimate, (organization, _, kind) in ESTIMATES.items()
        for other in VALUED
        if (organization, kind, other) != (COMPANIES[0], VALUED[0], VALUED[1])
    ]
    base.learned_models = [
        {
            "model_id": str(uid(31, 0)),
            "model_kind": LearnedModelKind.MENTOR_MATCHING,
            "model_version": 1,
            "ledger_size": 10,
            "trained_at": AS_OF,
        }
    ]
    return base


@dataclass
class LearnedHistory(CredentialHistory):
    """A history with mentorships from list to stars, money spent on training, jobs and estimates."""

    showings: list[MentorsShown] = field(default_factory=list)
    sessions: list[MentorshipSessionLogged] = field(default_factory=list)
    costs: list[TrainingCostRecorded] = field(default_factory=list)

    def makers(self) -> list[tuple[int, Callable[[], Event | None]]]:
        return [
            *super().makers(),
            (3, self._set_profile), (1, self._set_reach), (4, self._show), (3, self._request_mentor),
            (4, self._decide_mentor), (5, self._meet), (5, self._rate), (1, self._reach_milestone),
            (5, self._cost), (1, self._withdraw_cost), (3, self._value), (12, self._month), (4, self._estimate),
            (1, self._serve),
        ]  # fmt: skip

    def _set_profile(self) -> Event:
        return MentorProfileSet(
            **self._common(self.random.choice(PEOPLE), None),  # type: ignore[arg-type]
            max_mentees=self.random.choice([0, 1, 3]),
            is_accepting=self.random.random() < 0.8,
            paused_until=self.random.choice([None, self.day()]),
        )

    def _set_reach(self) -> Event:
        return MentoringReachSet(
            **self._common(None, self.random.choice(ORGANIZATIONS)),  # type: ignore[arg-type]
            reach=self.random.choice(list(MentoringReach)),
        )

    def _show(self) -> Event:
        mentee, *mentors = self.random.sample(PEOPLE, self.random.choice([1, 2, 4]))
        event = MentorsShown(
            **self._common(mentee, self.random.choice([None, *ORGANIZATIONS])),  # type: ignore[arg-type]
            showing_id=self.new(),
            candidate_count=len(mentors),
            mentor_ids=" ".join(map(str, mentors)),
            model_version=self.random.choice([None, 1]),
        )
        self.showings.append(event)
        return event

    def _request_mentor(self) -> Event:
        mentee, mentor = self.random.sample(PEOPLE, 2)
        chosen = self.random.choice(self.showings) if self.showings and self.random.random() < 0.5 else None
        event = MentorshipRequested(
            **self._common(mentee, self.random.choice([None, None, *ORGANIZATIONS])),  # type: ignore[arg-type]
            mentorship_id=self.new(),
            mentor_id=mentor,
            mentorship_type=self.random.choice(list(MentorshipType)),
            showing_id=None if chosen is None else chosen.showing_id,
            shown_rank=None if chosen is None else self.random.choice([1, 2]),
        )
        self.mentorships.append(event)
        return event

    def _about_mentorship(self) -> dict[str, object] | None:
        if not self.mentorships:
            return None
        asked = self.random.choice(self.mentorships)
        return {**self._common(asked.subject_id, None), "mentorship_id": asked.mentorship_id}

    def _decide_mentor(self) -> Event | None:
        if not self.mentorships:
            return None
        asked = self.random.choice(self.mentorships)
        about = {**self._common(asked.subject_id, None), "mentorship_id": asked.mentorship_id}
        about["mentor_id"] = asked.mentor_id
        chance = self.random.random()
        if chance < 0.4:
            return MentorshipAccepted(**about)  # type: ignore[arg-type]
        if chance < 0.55:
            reason = self.random.choice([None, *DeclineReason])
            return MentorshipDeclined(**about, decline_reason=reason)  # type: ignore[arg-type]
        if chance < 0.65:
            return MentorshipExpired(**about)  # type: ignore[arg-type]
        if chance < 0.85:
            return MentorshipCompleted(**about)  # type: ignore[arg-type]
        return MentorshipCancelled(
            **about,  # type: ignore[arg-type]
            end_reason=self.random.choice([None, *EarlyEndReason]),
            ended_by=self.random.choice(list(MentorshipSide)),
        )

    def _meet(self) -> Event | None:
        about = self._about_mentorship()
        if about is None:
            return None
        event = MentorshipSessionLogged(
            **about,  # type: ignore[arg-type]
            session_id=self.new(),
            held_on=self.day(),
            minutes=self.random.choice([30, 60]),
            meeting_format=self.random.choice(list(MeetingFormat)),
        )
        self.sessions.append(event)
        return event

    def _rate(self) -> Event | None:
        about = self._about_mentorship()
        if about is None:
            return None
        of_session = self.random.choice(self.sessions) if self.sessions and self.random.random() < 0.2 else None
        return MentorshipRated(
            **about,  # type: ignore[arg-type]
            side=self.random.choice(list(MentorshipSide)),
            rating=self.random.randint(1, 5),
            session_id=None if of_session is None else of_session.session_id,
        )

    def _reach_milestone(self) -> Event | None:
        about = self._about_mentorship()
        return None if about is None else MentorshipMilestoneReached(**about, milestone_id=self.new())  # type: ignore[arg-type]

    def _cost(self) -> Event:
        corrected = self.random.choice(self.costs) if self.costs and self.random.random() < 0.1 else None
        organization = self.random.choice(COMPANIES) if corrected is None else corrected.organization_id
        event = TrainingCostRecorded(
            **self._common(self.random.choice([None, *PEOPLE]), organization),  # type: ignore[arg-type]
            cost_id=self.new() if corrected is None else corrected.cost_id,
            cost_kind=self.random.choice(list(CostKind)),
            course_id=self.random.choice([None, *COURSES]),
            incurred_on=self.day(latest=AS_OF.date()),
            amount=Decimal(self.random.randrange(0, 50_000)) / 100,
            currency=self.random.choices(["USD", "CAD"], [60, 1])[0],
        )
        self.costs.append(event)
        return event

    def _withdraw_cost(self) -> Event | None:
        if not self.costs:
            return None
        cost = self.random.choice(self.costs)
        return TrainingCostWithdrawn(
            **self._common(cost.subject_id, cost.organization_id),  # type: ignore[arg-type]
            cost_id=cost.cost_id,
        )

    def _value(self) -> Event:
        return OutcomeValued(
            **self._common(None, self.random.choice(COMPANIES)),  # type: ignore[arg-type]
            outcome_kind=self.random.choice(VALUED),
            starts_on=self.day(),
            amount=self.random.choice([Decimal(0), Decimal(120), Decimal("80.5")]),
            currency="USD",
        )

    def _month(self) -> Event:
        month = date(2025, self.random.choice([1, 6, 9, 12]), 1)
        count = self.random.choice([0, 4, 10])
        known = [self.random.randint(0, count) for _ in range(4)]
        event = OutcomeMonthRecorded(
            **self._common(self.random.choice(PEOPLE), self.random.choice(COMPANIES)),  # type: ignore[arg-type]
            month=month,
            month_version=self.random.randint(1, 3),
            job_count=count,
            first_time_fix_count=self.random.randint(0, known[0]),
            first_time_fix_known_count=known[0],
            callback_count=self.random.randint(0, known[1]),
            callback_known_count=known[1],
            rework_count=self.random.randint(0, known[2]),
            rework_known_count=known[2],
            incident_count=self.random.choice([0, 0, 1]),
            hours=Decimal(2 * known[3]),
            hours_known_count=known[3],
            units_maintained=count,
            jobs_sha256="00",
        )
        return event

    def _estimate(self) -> Event:
        estimate, (organization, course, kind) = self.random.choice(list(ESTIMATES.items()))
        state = self.random.choices(list(EffectState), [5, 2, 1, 1])[0]
        is_told = state is not EffectState.NOT_ENOUGH_DATA
        effect = Decimal(self.random.randint(-90, 90)) / 1000
        return RoiEstimated(
            **self._common(None, organization),  # type: ignore[arg-type]
            estimate_id=estimate,
            outcome_kind=kind,
            course_id=course,
            state=state,
            effect=effect if is_told else None,
            low=effect - Decimal("0.02") if is_told else None,
            high=effect + Decimal("0.02") if is_told else None,
            panel_sha256="00",
            ledger_size=10,
        )

    def _serve(self) -> Event:
        about = {"model_kind": LearnedModelKind.MENTOR_MATCHING, "model_version": self.random.randint(1, 3)}
        envelope = self._common(None, None)
        if self.random.random() < 0.7:
            return ModelPromoted(**envelope, **about, artifact_sha256="00", ledger_size=5)  # type: ignore[arg-type]
        return ModelRetired(**envelope, **about)  # type: ignore[arg-type]
