"""Two years of mentoring in the demo: lists shown by the written formula, requests, answers, what became of them.

Mentees come back until they have somebody. A day has two halves: before `CHANGES_FROM` (UTC) lists are shown and
requests made, after it come answers and ends, so that a whole morning sees one state of every mentor's record. Features
are what the given scorer computes from profiles and that state; without a scorer people ask without a list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.industry import Industry
from operational_db.demo.mentoring_people import CITIES, DemoMentee, DemoMentor, MentoringPeople, Profiled
from operational_db.demo.mentoring_story import Course, MentorshipIds, StoryTeller
from operational_db.demo.mentoring_truth import HiddenTruth, Pair
from operational_db.ledger.events import (
    MentorshipAccepted,
    MentorshipCancelled,
    MentorshipDeclined,
    MentorshipExpired,
    MentorshipRequested,
    MentorsShown,
)
from operational_db.mentorship.matching_repository import Totals
from operational_db.mentorship.rules import ANSWER_WITHIN
from operational_db.tables.mentorship import MentorDismissal, Mentorship, MentorShowing, ShownMentor
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MeetingFormat,
    MentoringReach,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
)

# Lists are shown from 06:00 on; answers, ends and ratings come from then on.
CHANGES_FROM = time(13, 30)
SHOWN_COUNT = 10
# The programme reminds people on Mondays and Thursdays.
VISIT_WEEKDAYS = (0, 3)
# So many lists have their first places in random order.
EXPLORED_SHARE = 0.3
DECLINES = (
    DeclineReason.NO_TIME, DeclineReason.NO_TIME, DeclineReason.ENOUGH_MENTEES, DeclineReason.OTHER_SPECIALIZATION,
    DeclineReason.OTHER_LEVEL, DeclineReason.OTHER,
)  # fmt: skip
MESSAGES = (
    "I would like to learn how you plan your jobs.",
    "Could you help me get ready for the exam?",
    "I work alone on hydraulic units now and have many questions.",
    "",
)
GOALS = ("Pass the exam", "Work on my own", "Find faults faster", "Lead a job", "Know the code")


class Scores(NamedTuple):
    """Of mentees x mentors: features by name (last axis) and the written score 0..100."""

    feature_names: Sequence[str]
    features: NDArray[np.float32]
    score: NDArray[np.float64]


@dataclass(frozen=True)
class MatchScorer:
    """What the composition root lends the demo: a week's windows as bytes, and the score of frames of profiles.

    The frames are those of `mentorship.matching` with the week in UTC (`availability`), mentees, then mentors; the
    totals those of all mentors, for which a new mentor stands.
    """

    weekly_slots: Callable[[Sequence[tuple[int, int, int]], str, date], bytes]
    score: Callable[[pl.DataFrame, pl.DataFrame, Totals], Scores]


@dataclass(slots=True)
class _Record:
    """What is known of a mentor at an instant."""

    active: int = 0
    completed: int = 0
    ended: int = 0
    rating_sum: int = 0
    rating_count: int = 0


@dataclass(frozen=True, slots=True)
class _Request:
    mentee: DemoMentee
    mentor: DemoMentor
    pair: Pair
    at: datetime
    showing_id: UUID | None
    rank: int | None
    features: dict[str, float] | None


@dataclass(slots=True)
class _Days:
    """What happens on which day, in the order it was put there."""

    visits: dict[date, list[DemoMentee]] = field(default_factory=dict)
    changes: dict[date, list[tuple[datetime, int, Callable[[], None]]]] = field(default_factory=dict)

    def visit(self, day: date, mentee: DemoMentee) -> None:
        while day.weekday() not in VISIT_WEEKDAYS:
            day += timedelta(days=1)
        self.visits.setdefault(day, []).append(mentee)

    def visitors_of(self, day: date, settled: set[UUID]) -> list[DemoMentee]:
        """Who looks for a mentor on a day, each once; whoever has one stays away."""
        visitors = {each.person.id: each for each in self.visits.pop(day, ())}
        return [each for person_id, each in visitors.items() if person_id not in settled]

    def change(self, at: datetime, step: Callable[[], None]) -> None:
        steps = self.changes.setdefault(at.date(), [])
        steps.append((at, len(steps), step))

    def changes_of(self, day: date) -> list[Callable[[], None]]:
        """In the order of their time."""
        return [step for _, _, step in sorted(self.changes.pop(day, []), key=lambda each: each[:2])]


class MentorshipBuilder:
    """Lives the programme day by day."""

    def __init__(
        self, chance: Chance, batch: Batch, industry: Industry, now: datetime, scorer: MatchScorer | None
    ) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.now = now
        self.scorer = scorer
        self.people = MentoringPeople(chance, batch, industry, now)
        self.truth = HiddenTruth(chance)
        self.story = StoryTeller(chance, batch, now)
        self._days = _Days()
        self._records: dict[UUID, _Record] = {}
        self._met: dict[UUID, set[UUID]] = {}
        self._settled: set[UUID] = set()
        self._visit_counts: dict[UUID, int] = {}
        self._place_of: dict[UUID, int] = {}
        self._frames: dict[tuple[timedelta | None, ...], tuple[pl.DataFrame, pl.DataFrame]] = {}

    def build(self) -> None:
        """Profiles and everything that came of them."""
        self.people.build()
        self.people.mentors.sort(key=lambda mentor: mentor.person.id)
        self._place_of = {each.person.id: place for place, each in enumerate(self.people.mentors)}
        self._place_of |= {each.person.id: place for place, each in enumerate(self.people.mentees)}
        self._records = {mentor.person.id: _Record() for mentor in self.people.mentors}
        for mentee in self.people.mentees:
            first = mentee.joined_at.date() + timedelta(days=self.chance.randrange(1, 60))
            self._days.visit(first, mentee)
        day = self.industry.start
        while day <= self.industry.today:
            self._morning(day, self._days.visitors_of(day, self._settled))
            for step in self._days.changes_of(day):
                step()
            day += timedelta(days=1)

    # Lists

    def _morning(self, day: date, mentees: list[DemoMentee]) -> None:
        mentors = [each for each in self.people.mentors if self._is_offered(each, day)]
        if not mentees or not mentors:
            return
        scores = self._score(day, mentees, mentors)
        for index, mentee in enumerate(mentees):
            shown_at = datetime.combine(day, time(6), UTC) + timedelta(seconds=self.chance.randrange(25_000))
            if shown_at >= self.now:
                continue
            places = self._places(mentee, mentors)
            if len(places) >= SHOWN_COUNT:
                self._look(mentee, mentors, places, shown_at, scores, index)

    def _is_offered(self, mentor: DemoMentor, day: date) -> bool:
        has_joined = mentor.joined_at.date() < day
        has_stopped = mentor.stops_at is not None and mentor.stops_at.date() <= day
        return has_joined and not has_stopped and self._room(mentor) > 0

    def _room(self, mentor: DemoMentor) -> int:
        return mentor.capacity - self._records[mentor.person.id].active

    def _places(self, mentee: DemoMentee, mentors: list[DemoMentor]) -> list[int]:
        """Positions of those both organizations let her meet, and whom she neither knew nor dismissed."""
        if mentee.reach is MentoringReach.NOBODY:
            return []
        met = self._met.get(mentee.person.id, ())
        is_at_home = mentee.reach is MentoringReach.OWN_PEOPLE
        return [
            place
            for place, mentor in enumerate(mentors)
            if mentor.person.id not in met
            and (
                mentor.company is mentee.company
                if is_at_home or mentor.reach is MentoringReach.OWN_PEOPLE
                else mentor.reach is MentoringReach.EVERYONE
            )
        ]

    def _look(
        self,
        mentee: DemoMentee,
        mentors: list[DemoMentor],
        places: list[int],
        shown_at: datetime,
        scores: Scores | None,
        index: int,
    ) -> None:
        """The mentee sees a list and asks nobody, one, or two of those on it."""
        if scores is None:
            order = self.chance.some(places, SHOWN_COUNT)
            self._ask(mentee, [(mentors[place], None) for place in order], shown_at, None)
            return
        values = scores.score[index]
        # Equal scores in the order of the mentors' ids.
        best = [places[at] for at in np.argsort(-values[places], kind="stable")[:SHOWN_COUNT]]
        is_explored = self.chance.happens(EXPLORED_SHARE)
        order = self.chance.sample(best, len(best)) if is_explored else best
        showing_id = self.chance.new_id(shown_at)
        self.batch.add(MentorShowing, showing_id, mentee.person.id, shown_at, None, len(places))
        listed: list[tuple[DemoMentor, dict[str, float] | None]] = []
        for rank, place in enumerate(order, start=1):
            features = {
                name: round(float(value), 6)
                for name, value in zip(scores.feature_names, scores.features[index, place], strict=True)
            }
            stays = best[rank - 1] == place
            self.batch.add(
                ShownMentor,
                showing_id,
                mentors[place].person.id,
                rank,
                round(float(values[place]), 4),
                round(float(values[place]), 4),
                None,
                round(EXPLORED_SHARE / len(best) + (1 - EXPLORED_SHARE) * stays, 6),
                not stays,
                features,
            )
            listed.append((mentors[place], features))
        self.batch.events.append(
            MentorsShown(
                subject_id=mentee.person.id,
                organization_id=mentee.company.id,
                occurred_at=shown_at,
                showing_id=showing_id,
                candidate_count=len(places),
                mentor_ids=" ".join(str(mentor.person.id) for mentor, _ in listed),
            )
        )
        self._ask(mentee, listed, shown_at, showing_id)

    def _ask(
        self,
        mentee: DemoMentee,
        listed: Sequence[tuple[DemoMentor, dict[str, float] | None]],
        shown_at: datetime,
        showing_id: UUID | None,
    ) -> None:
        chance = self.chance
        asked = 0
        at = shown_at
        for rank, (mentor, features) in enumerate(listed, start=1):
            pair = self.truth.pair(mentee, mentor)
            if not self.truth.is_asked(pair, rank):
                if chance.happens(0.004):
                    self._met.setdefault(mentee.person.id, set()).add(mentor.person.id)
                    self.batch.add(MentorDismissal, mentee.person.id, mentor.person.id, shown_at)
                continue
            at += timedelta(seconds=chance.randrange(40, 900))
            if at < self.now:
                seen = rank if showing_id is not None else None
                self._request(_Request(mentee, mentor, pair, at, showing_id, seen, features))
                asked += 1
            if asked == 2 or chance.happens(0.8):
                break
        count = self._visit_counts[mentee.person.id] = self._visit_counts.get(mentee.person.id, 0) + 1
        if count < 6 and chance.happens(0.85):
            self._come_back(mentee, shown_at.date(), *((16, 45) if asked else (4, 30)))

    def _come_back(self, mentee: DemoMentee, day: date, soonest: int, latest: int) -> None:
        self._days.visit(day + timedelta(days=self.chance.randrange(soonest, latest)), mentee)

    # Requests

    def _request(self, request: _Request) -> None:
        chance = self.chance
        mentee, mentor = request.mentee, request.mentor
        self._met.setdefault(mentee.person.id, set()).add(mentor.person.id)
        ids = MentorshipIds(mentee.person.id, mentee.company.id, chance.new_id(request.at), mentor.person.id)
        kind = chance.choice(tuple(MentorshipType))
        self.batch.events.append(
            ids.event(
                MentorshipRequested,
                request.at,
                mentorship_type=kind,
                showing_id=request.showing_id,
                shown_rank=request.rank,
            )
        )
        expires_at = request.at + ANSWER_WITHIN
        if chance.happens(0.06):
            # On the sweep's round after the fourteen days.
            expired_at = self._afternoon(expires_at.date() + timedelta(days=1))
            if expired_at < self.now:
                self.batch.events.append(ids.event(MentorshipExpired, expired_at))
                self._write(request, ids, kind, MentorshipStatus.EXPIRED, answered_at=None, ended_at=expired_at)
            else:
                self._write(request, ids, kind, MentorshipStatus.PENDING)
            return
        answer_on = request.at.date() + timedelta(days=chance.randrange(1, 10))
        answered_at = self._afternoon(answer_on)
        if answered_at >= self.now:
            self._write(request, ids, kind, MentorshipStatus.PENDING)
            return
        if chance.happens(0.03):
            self.batch.events.append(
                ids.event(
                    MentorshipCancelled,
                    answered_at,
                    end_reason=EarlyEndReason.GOALS_CHANGED,
                    ended_by=MentorshipSide.MENTEE,
                )
            )
            self._write(
                request,
                ids,
                kind,
                MentorshipStatus.CANCELLED,
                ended_at=answered_at,
                reason=EarlyEndReason.GOALS_CHANGED,
            )
            return
        self._days.change(answered_at, lambda: self._answer(request, ids, kind, answered_at))

    def _answer(self, request: _Request, ids: MentorshipIds, kind: MentorshipType, at: datetime) -> None:
        mentor = request.mentor
        room = self._room(mentor)
        if room > 0 and self.truth.is_accepted(request.pair, room / mentor.capacity):
            self._begin(request, ids, kind, at)
            return
        pair = request.pair
        reason = DeclineReason.ENOUGH_MENTEES if room <= 0 else self.chance.choice(DECLINES)
        if room > 0 and not pair.is_remote and pair.closeness < 0.2 and self.chance.happens(0.6):
            reason = DeclineReason.TOO_FAR
        self.batch.events.append(ids.event(MentorshipDeclined, at, decline_reason=reason))
        self._write(
            request, ids, kind, MentorshipStatus.DECLINED, answered_at=at, ended_at=at, decline_reason=reason
        )  # fmt: skip

    def _begin(self, request: _Request, ids: MentorshipIds, kind: MentorshipType, at: datetime) -> None:
        """From the acceptance to the end; the mentor's record changes on the day of the end."""
        chance = self.chance
        record = self._records[ids.mentor_id]
        record.active += 1
        self._settled.add(ids.mentee_id)
        self.batch.events.append(ids.event(MentorshipAccepted, at))
        months = chance.choice((3, 6, 6, 6, 9))
        merit = self.truth.merit(request.pair)
        is_completed = self.truth.is_completed(merit)
        share = chance.uniform(0.9, 1.1) if is_completed else chance.uniform(0.12, 0.75)
        ends_at = self._afternoon(at.date() + timedelta(days=max(12, round(months * 30.4 * share))))
        common = [MeetingFormat(each) for each in request.mentee.formats if each in request.mentor.formats]
        course = Course(
            at,
            ends_at,
            is_completed,
            self.truth.rating(merit, is_completed=is_completed),
            self.truth.rating(merit, is_completed=is_completed),
            tuple(common) or (MeetingFormat.PHONE,),
        )
        told = self.story.tell(ids, course)
        status, ended_at = MentorshipStatus.ACTIVE, None
        if ends_at < self.now:
            status, ended_at = MentorshipStatus.COMPLETED if is_completed else MentorshipStatus.CANCELLED, ends_at
        self._write(
            request,
            ids,
            kind,
            status,
            answered_at=at,
            started_at=at,
            ended_at=ended_at,
            months=months,
            reason=told.reason,
        )
        if ends_at < self.now:
            self._days.change(ends_at, lambda: self._end(request.mentee, record, is_completed, told.rating, ends_at))

    def _end(
        self, mentee: DemoMentee, record: _Record, is_completed: bool, rating: int | None, ends_at: datetime
    ) -> None:
        record.active -= 1
        record.ended += 1
        record.completed += is_completed
        if rating is not None:
            record.rating_sum += rating
            record.rating_count += 1
        if self.chance.happens(0.5):
            self._settled.discard(mentee.person.id)
            self._come_back(mentee, ends_at.date(), 10, 60)

    def _afternoon(self, day: date) -> datetime:
        return datetime.combine(day, CHANGES_FROM, UTC) + timedelta(seconds=self.chance.randrange(20_000))

    def _write(
        self,
        request: _Request,
        ids: MentorshipIds,
        kind: MentorshipType,
        status: MentorshipStatus,
        *,
        answered_at: datetime | None = None,
        started_at: datetime | None = None,
        ended_at: datetime | None = None,
        months: int | None = None,
        decline_reason: DeclineReason | None = None,
        reason: EarlyEndReason | None = None,
    ) -> None:
        chance = self.chance
        months = months or chance.choice((3, 6, 9))
        next_session_at = None
        if status is MentorshipStatus.ACTIVE and chance.happens(0.5):
            next_session_at = chance.after_lunch(self.industry.today + timedelta(days=chance.randrange(2, 25)))
        self.batch.add(
            Mentorship,
            ids.mentorship_id,
            ids.mentor_id,
            ids.mentee_id,
            kind,
            status,
            chance.some(GOALS, chance.randrange(1, 3)),
            months,
            chance.choice(MESSAGES),
            request.at,
            request.at + ANSWER_WITHIN,
            answered_at,
            decline_reason,
            started_at,
            None if started_at is None else started_at.date() + timedelta(days=round(months * 30.4)),
            next_session_at,
            ended_at,
            reason,
            request.showing_id,
            request.features,
            request.at,
        )

    # Scores

    def _score(self, day: date, mentees: list[DemoMentee], mentors: list[DemoMentor]) -> Scores | None:
        if self.scorer is None:
            return None
        mentor_profiles, mentee_profiles = self._profiles(day)
        records = [self._records[mentor.person.id] for mentor in mentors]
        mentor_frame = mentor_profiles[[self._place_of[each.person.id] for each in mentors]].with_columns(
            pl.Series("capacity_left", [self._room(mentor) for mentor in mentors], dtype=pl.Int64),
            pl.Series("completed_count", [each.completed for each in records], dtype=pl.Int64),
            pl.Series("ended_count", [each.ended for each in records], dtype=pl.Int64),
            pl.Series("rating_sum", [each.rating_sum for each in records], dtype=pl.Float64),
            pl.Series("rating_count", [each.rating_count for each in records], dtype=pl.Int64),
        )
        mentee_frame = mentee_profiles[[self._place_of[each.person.id] for each in mentees]]
        return self.scorer.score(mentee_frame, mentor_frame, self._totals())

    def _totals(self) -> Totals:
        records = self._records.values()
        return Totals(
            sum(each.completed for each in records),
            sum(each.ended for each in records),
            float(sum(each.rating_sum for each in records)),
            sum(each.rating_count for each in records),
        )

    def _profiles(self, day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Everybody's profile with the week in UTC as of the day: one pair of frames for each state of the clocks."""
        state = tuple(_offset(city.timezone, day) for city in CITIES)
        found = self._frames.get(state)
        if found is None:
            mentors = [
                {
                    "mentor_id": str(each.person.id),
                    **self._common(each, day),
                    "levels": each.levels,
                }
                for each in self.people.mentors
            ]
            mentees = [
                {
                    "mentee_id": str(each.person.id),
                    **self._common(each, day),
                    "hours_per_month": None if each.hours_per_month is None else float(each.hours_per_month),
                    "level": str(each.level),
                }
                for each in self.people.mentees
            ]
            found = self._frames[state] = (
                pl.DataFrame(mentors, infer_schema_length=None),
                pl.DataFrame(mentees, infer_schema_length=None),
            )
        return found

    def _common(self, profile: Profiled, day: date) -> dict[str, object]:
        slots = b"" if self.scorer is None else self.scorer.weekly_slots(profile.windows, profile.city.timezone, day)
        return {
            "years_experience": profile.years,
            "specializations": profile.fields,
            "formats": profile.formats,
            "availability": slots,
            "latitude": profile.latitude,
            "longitude": profile.longitude,
            "region": profile.city.region,
            "is_remote": profile.is_remote,
        }


def _offset(timezone: str, day: date) -> timedelta | None:
    return datetime.combine(day, time(12), ZoneInfo(timezone)).utcoffset()
