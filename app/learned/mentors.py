"""Mentors for a mentee, mentees for a mentor, and a cohort's assignment: loads who may be shown, asks the matcher that
serves, keeps what was shown.

Used by the API, the pages and the command line. The written formula ranks wherever no learned model serves or its file
is missing or damaged, and the answer says so.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import polars as pl
from sqlalchemy.orm import Session

from models.matching.artifact import DamagedArtifactError, load_matcher
from models.matching.assignment import Assignment, Method, compare_assignments
from models.matching.explanation import Reason, explain
from models.matching.exploration import Bounds, explored_order
from models.matching.factors import FEATURE_NAMES, feature_block, pair_features
from models.matching.matcher import TOP, Matcher
from models.matching.profiles import (
    InvalidProfilesError,
    Mentees,
    Mentors,
    Population,
    mentee_problems,
    mentor_problems,
    weekly_slots,
)
from operational_db.errors import InvalidInputError
from operational_db.identity.rules import Principal
from operational_db.learned.service import serving_model
from operational_db.mentorship import cohorts, matching, requests
from operational_db.mentorship.profile_rules import minutes_of
from operational_db.settings import Settings
from operational_db.tables.mentorship import Mentorship
from operational_db.types import LearnedModelKind, MentorshipType

log = logging.getLogger(__name__)

# Only good pairs among the best thirty change places, and of them only a tenth of the lists.
BOUNDS = Bounds()
NO_MODEL = "No learned match serves here yet. The written formula ranks."
DAMAGED = (
    "The file of the learned match is damaged or missing, so the written formula ranks. "
    "Your administrator can go back to the former model or train it again."
)


@dataclass(frozen=True)
class Served:
    """The matcher that ranks now; `notice` says why it is not a learned one."""

    matcher: Matcher
    notice: str | None
    version: int | None = None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """How well a pair suits each other, and why; the points of the reasons add up to the score."""

    rank: int
    score: float
    formula_score: float
    # That she asks when shown, that the other accepts and it turns out well, and both together; None by the formula.
    chance: float | None
    chance_asks: float | None
    chance_succeeds: float | None
    reasons: tuple[Reason, ...]
    text: str
    is_explored: bool = False


@dataclass(frozen=True, slots=True)
class MentorRow:
    """One mentor of a list, without coordinates, address or anything she did not agree to show."""

    match: Match
    mentor_id: UUID
    name: str
    city: str | None
    region: str | None
    organization_name: str | None
    years_experience: float | None
    specializations: tuple[str, ...]
    equipment_expertise: tuple[str, ...]
    communication_preferences: tuple[str, ...]
    is_remote_welcome: bool
    hours_per_month: float | None
    places_left: int
    completed_count: int
    average_rating: float | None
    about: str


@dataclass(frozen=True)
class MentorList:
    """Mentors for one mentee, best first. `showing_id` goes with a request made from the list."""

    showing_id: UUID | None
    rows: tuple[MentorRow, ...]
    candidate_count: int
    served: Served

    @property
    def notice(self) -> str | None:
        return self.served.notice


@dataclass(frozen=True, slots=True)
class MenteeRow:
    """One mentee of a list."""

    match: Match
    mentee_id: UUID
    name: str
    city: str | None
    region: str | None
    organization_name: str | None
    current_level: str
    years_experience: float | None
    career_goal: str
    specialization_interests: tuple[str, ...]
    skills_to_develop: tuple[str, ...]
    communication_preferences: tuple[str, ...]
    is_remote_welcome: bool
    hours_per_month: float | None
    timeline_months: int | None


@dataclass(frozen=True)
class MenteeList:
    """Mentees for one mentor, best first."""

    rows: tuple[MenteeRow, ...]
    candidate_count: int
    served: Served

    @property
    def notice(self) -> str | None:
        return self.served.notice


@dataclass(frozen=True, slots=True)
class CohortPair:
    mentee_id: UUID
    mentee_name: str
    mentor_id: UUID
    mentor_name: str
    score: float


@dataclass(frozen=True)
class CohortComparison:
    """The ways to assign a cohort beside each other: a row of `methods` for each, and the `pairs` it would propose."""

    methods: pl.DataFrame
    pairs: Mapping[str, tuple[CohortPair, ...]]
    # Mentees nobody was found for, by method.
    unmatched: Mapping[str, tuple[str, ...]]
    mentee_count: int
    mentor_count: int
    place_count: int
    served: Served


def serving_matcher(settings: Settings, session: Session) -> Served:
    """The learned match in service; the written formula, and why, where there is none or its file cannot be trusted."""
    model = serving_model(session, LearnedModelKind.MENTOR_MATCHING)
    if model is None:
        return Served(Matcher(), NO_MODEL)
    path = settings.models_path / model.artifact
    try:
        stamp = path.stat()
        matcher = _loaded(path, model.sha256, model.version, stamp.st_mtime_ns, stamp.st_size)
    except (DamagedArtifactError, OSError) as error:
        log.warning("matcher_damaged", extra={"version": model.version, "problem": type(error).__name__})
        return Served(Matcher(), DAMAGED, is_damaged=True)
    return Served(matcher, None, model.version)


def find_mentors(
    session: Session, settings: Settings, principal: Principal, *, now: datetime, top: int = TOP, is_shown: bool = True
) -> MentorList:
    """Mentors for the principal, best first, a few of them tried out where that can do no harm; the list is kept.

    Within a day the order stays the same for the same person, so that the page does not shuffle.

    Parameters
    ----------
    is_shown
        False ranks without exploring and keeps nothing: for looking, not for showing.

    Raises
    ------
    NotAuthorizedError
    ConflictError
        When the principal has not said what she looks for.
    """
    served = serving_matcher(settings, session)
    mentee = mentee_of(session, principal.person_id, now)
    frame = matching.candidate_mentors(session, principal, on=now.date(), now=now)
    if frame.is_empty():
        return MentorList(None, (), 0, served)
    mentors, frame = _mentors(session, frame, now.date())
    ranking = served.matcher.rank(mentee, mentors, top=max(top, BOUNDS.depth) if is_shown else top)
    propensities, explored = [1.0] * ranking.height, [False] * ranking.height
    if is_shown:
        made = explored_order(
            ranking["score"].to_numpy(), random=_random_of(principal.person_id, now.date()), bounds=BOUNDS
        )
        places = made.order.tolist()[:top]
        ranking = ranking[places].with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"))
        propensities = made.propensities.tolist()[:top]
        explored = [made.is_explored and place != best for best, place in enumerate(places)]
    showing_id = None
    if is_shown:
        showing_id = matching.record_showing(
            session,
            principal,
            mentee_id=principal.person_id,
            rows=[
                matching.ShownRow(
                    mentor_id=UUID(row["mentor_id"]),
                    rank=row["rank"],
                    score=row["score"],
                    formula_score=row["formula_score"],
                    chance=row["chance"],
                    propensity=propensity,
                    is_explored=is_explored,
                    features={name: row[name] for name in FEATURE_NAMES},
                )
                for row, propensity, is_explored in zip(ranking.to_dicts(), propensities, explored, strict=True)
            ],
            candidate_count=frame.height,
            model_version=served.version,
            now=now,
        )
    people = _by_id(frame, "mentor_id", ranking["mentor_id"])
    told = matching.mentors_told(session, [UUID(each) for each in people], on=now.date())
    more = _by_id(told, "mentor_id", ranking["mentor_id"])
    rows = tuple(
        _to_mentor_row(row, people[row["mentor_id"]] | more[row["mentor_id"]], is_explored)
        for row, is_explored in zip(ranking.to_dicts(), explored, strict=True)
    )
    return MentorList(showing_id, rows, frame.height, served)


def find_mentees(
    session: Session, settings: Settings, principal: Principal, *, now: datetime, top: int = TOP
) -> MenteeList:
    """Mentees the principal would suit best as a mentor.

    Raises
    ------
    NotAuthorizedError
    ConflictError
        When the principal has no mentor profile.
    """
    served = serving_matcher(settings, session)
    frame = matching.candidate_mentees(session, principal, on=now.date(), now=now)
    if frame.is_empty():
        return MenteeList((), 0, served)
    mentors, _ = _mentors(session, matching.mentor_frame(session, principal.person_id, now), now.date())
    mentees, frame = _mentees(frame, now.date())
    ranking = served.matcher.rank_mentees(mentees, mentors, top=top)
    people = _by_id(frame, "mentee_id", ranking["mentee_id"])
    rows = tuple(_to_mentee_row(row, people[row["mentee_id"]]) for row in ranking.to_dicts())
    return MenteeList(rows, frame.height, served)


def request_mentor(
    session: Session, principal: Principal, *, mentor_id: UUID, now: datetime, **wish: Any
) -> Mentorship:
    """As `requests.request_mentorship`, with the features of the pair as they are now."""
    features = features_of_pair(session, mentee_id=principal.person_id, mentor_id=mentor_id, now=now)
    return requests.request_mentorship(session, principal, mentor_id=mentor_id, features=features, now=now, **wish)


def offer_to_mentee(
    session: Session, principal: Principal, *, mentee_id: UUID, now: datetime, **wish: Any
) -> Mentorship:
    """As `requests.offer_mentorship`, with the features of the pair as they are now."""
    features = features_of_pair(session, mentee_id=mentee_id, mentor_id=principal.person_id, now=now)
    return requests.offer_mentorship(session, principal, mentee_id=mentee_id, features=features, now=now, **wish)


def features_of_pair(session: Session, *, mentee_id: UUID, mentor_id: UUID, now: datetime) -> dict[str, float] | None:
    """What the match reads of a pair, by name; None while one of the two has no profile."""
    mentee = matching.mentee_row(session, mentee_id, now)
    mentor = matching.mentor_row(session, mentor_id, now)
    if mentee.is_empty() or mentor.is_empty():
        return None
    mentees, _ = _mentees(mentee, now.date())
    mentors, _ = _mentors(session, mentor, now.date())
    if not len(mentees) or not len(mentors):
        return None
    zero = np.zeros(1, dtype=np.int64)
    values = pair_features(mentees, mentors, zero, zero)[0]
    return {name: float(value) for name, value in zip(FEATURE_NAMES, values, strict=True)}


def compare_cohort(
    session: Session, settings: Settings, principal: Principal, organization_id: UUID, *, now: datetime
) -> CohortComparison:
    """Every way to assign the organization's mentees to its mentors, for its manager to choose from.

    A pair's value is its score. By a learned match mentees prefer whom they would rather ask, mentors whom they would
    rather accept and bring to a good end; by the formula both prefer the score, mentors halved for levels they did not
    name.

    Raises
    ------
    NotAuthorizedError, NotFoundError, ConflictError
    """
    return _compare(session, settings, principal, organization_id, now).comparison


def propose_cohort(
    session: Session,
    settings: Settings,
    principal: Principal,
    organization_id: UUID,
    *,
    method: str,
    leave_out: Collection[UUID] = (),
    mentorship_type: MentorshipType = MentorshipType.GENERAL,
    duration_months: int | None = None,
    now: datetime,
) -> cohorts.Proposal:
    """Make the requests of the chosen assignment, as it comes out now.

    Parameters
    ----------
    leave_out
        Mentees for whom nothing is proposed.

    Raises
    ------
    NotAuthorizedError, NotFoundError, ConflictError
    InvalidInputError
        When there is no such method.
    """
    if method not in {str(each) for each in Method}:
        raise InvalidInputError(f"method: choose among {', '.join(str(each) for each in Method)}.")
    made = _compare(session, settings, principal, organization_id, now)
    if made.mentees is None or made.mentors is None:
        return cohorts.Proposal((), ())
    assignment = made.assignments[Method(method)]
    mentee_index = np.flatnonzero(assignment.mentor_of >= 0)
    mentor_index = assignment.mentor_of[mentee_index]
    values = pair_features(made.mentees, made.mentors, mentee_index, mentor_index)
    pairs = [
        cohorts.ProposedPair(
            UUID(made.mentees.ids[mentee]),
            UUID(made.mentors.ids[mentor]),
            {name: float(value) for name, value in zip(FEATURE_NAMES, features, strict=True)},
        )
        for mentee, mentor, features in zip(mentee_index, mentor_index, values, strict=True)
    ]
    return cohorts.propose(
        session,
        principal,
        organization_id,
        pairs=[pair for pair in pairs if pair.mentee_id not in leave_out],
        mentorship_type=mentorship_type,
        duration_months=duration_months,
        now=now,
    )


def mentee_of(session: Session, person_id: UUID, now: datetime) -> Mentees:
    """The person as the match reads her.

    Raises
    ------
    ConflictError
        When she has no mentee profile.
    InvalidInputError
        When her profile holds what cannot be scored.
    """
    frame = _with_slots(matching.mentee_frame(session, person_id, now), now.date())
    try:
        return Mentees.from_frame(frame)
    except InvalidProfilesError as error:
        problem = error.problems[0]
        raise InvalidInputError(
            f"Your mentee profile cannot be matched. {problem.column}: {problem.remedy}."
        ) from error


@dataclass(frozen=True)
class _Compared:
    comparison: CohortComparison
    assignments: Mapping[Method, Assignment]
    mentees: Mentees | None
    mentors: Mentors | None


def _compare(
    session: Session, settings: Settings, principal: Principal, organization_id: UUID, now: datetime
) -> _Compared:
    served = serving_matcher(settings, session)
    found = cohorts.cohort(session, principal, organization_id, on=now.date(), now=now)
    if found.mentees.is_empty() or found.mentors.is_empty():
        empty, made = compare_assignments(np.empty((found.mentees.height, 0)), np.empty(0, dtype=np.int64))
        names = tuple(found.mentees["name"])
        comparison = CohortComparison(
            empty,
            {str(method): () for method in made},
            {str(method): names for method in made},
            found.mentees.height,
            found.mentors.height,
            int(found.mentors["capacity_left"].sum()),
            served,
        )
        return _Compared(comparison, made, None, None)
    mentees, mentee_rows = _mentees(found.mentees, now.date())
    mentors, mentor_rows = _mentors(session, found.mentors, now.date())
    values, asked, taken = _cohort_values(served.matcher, mentees, mentors)
    mentee_at = {person: index for index, person in enumerate(mentees.ids)}
    mentor_at = {person: index for index, person in enumerate(mentors.ids)}
    for mentee, mentor in found.apart:
        if mentee in mentee_at and mentor in mentor_at:
            values[mentee_at[mentee], mentor_at[mentor]] = np.nan
    methods, made = compare_assignments(values, mentor_rows["capacity_left"].to_numpy(), asked, taken)
    mentee_names, mentor_names = list(mentee_rows["name"]), list(mentor_rows["name"])
    pairs: dict[str, tuple[CohortPair, ...]] = {}
    unmatched: dict[str, tuple[str, ...]] = {}
    for method, assignment in made.items():
        pairs[str(method)] = tuple(
            CohortPair(
                UUID(mentees.ids[row]),
                mentee_names[row],
                UUID(mentors.ids[column]),
                mentor_names[column],
                round(float(values[row, column]), 1),
            )
            for row, column in enumerate(assignment.mentor_of.tolist())
            if column >= 0
        )
        unmatched[str(method)] = tuple(
            name for name, column in zip(mentee_names, assignment.mentor_of.tolist(), strict=True) if column < 0
        )
    comparison = CohortComparison(
        methods,
        pairs,
        unmatched,
        mentee_rows.height,
        mentor_rows.height,
        int(mentor_rows["capacity_left"].sum()),
        served,
    )
    return _Compared(comparison, made, mentees, mentors)


_BLOCK = 64


def _cohort_values(
    matcher: Matcher, mentees: Mentees, mentors: Mentors
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
    """(mentees, mentors): value, the mentees' preferences, the mentors' preferences."""
    shape = (len(mentees), len(mentors))
    values, asked, taken = np.empty(shape), np.empty(shape), np.empty(shape)
    level = FEATURE_NAMES.index("level_match")
    for start in range(0, len(mentees), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(mentees)))
        block = feature_block(mentees, mentors, rows)
        flat = block.reshape(-1, block.shape[-1])
        part = (rows.stop - rows.start, len(mentors))
        values[rows] = matcher.score(flat).reshape(part)
        chances = matcher.chances(flat)
        if chances is None:
            asked[rows] = values[rows]
            taken[rows] = values[rows] * (0.5 + block[:, :, level] / 2)
        else:
            asked[rows], taken[rows] = chances.asks.reshape(part), chances.succeeds.reshape(part)
    return values, asked, taken


def _with_slots(frame: pl.DataFrame, on: date) -> pl.DataFrame:
    slots = [_slots(windows, zone, on) for windows, zone in frame.select("windows", "timezone").iter_rows()]
    return frame.with_columns(pl.Series("availability", slots, pl.Binary))


@lru_cache(maxsize=100_000)
def _slots(windows: str, timezone: str, on: date) -> bytes | None:
    """The half hours of a profile's windows as of a day; kept, because it is the same for every list of the day."""
    kept = orjson.loads(windows)
    if not kept:
        return None
    try:
        return weekly_slots(minutes_of(kept), timezone, on)
    except InvalidProfilesError:
        # A zone the system no longer knows; the person counts as one who gave no times.
        return None


def _mentors(session: Session, frame: pl.DataFrame, on: date) -> tuple[Mentors, pl.DataFrame]:
    """The mentors that can be scored, and their rows; one odd profile keeps nobody from finding the others."""
    frame = _with_slots(frame, on)
    sums = matching.totals(session)
    population = Population.of(
        pl.DataFrame(
            {
                "completed_count": [sums.completed_count],
                "ended_count": [sums.ended_count],
                "rating_sum": [sums.rating_sum],
                "rating_count": [sums.rating_count],
            }
        )
    )
    try:
        return Mentors.from_frame(frame, population=population), frame
    except InvalidProfilesError:
        frame = _without(frame, {problem.row for problem in mentor_problems(frame)})
        return Mentors.from_frame(frame, population=population), frame


def _mentees(frame: pl.DataFrame, on: date) -> tuple[Mentees, pl.DataFrame]:
    frame = _with_slots(frame, on)
    try:
        return Mentees.from_frame(frame), frame
    except InvalidProfilesError:
        frame = _without(frame, {problem.row for problem in mentee_problems(frame)})
        return Mentees.from_frame(frame), frame


def _without(frame: pl.DataFrame, rows: set[int]) -> pl.DataFrame:
    """Without these rows, counted from 1."""
    log.warning("profiles_left_out", extra={"count": len(rows)})
    return frame.filter(~pl.int_range(1, pl.len() + 1).is_in(list(rows)))


def _random_of(person_id: UUID, on: date) -> np.random.Generator:
    digest = blake2b(person_id.bytes + on.isoformat().encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest))


def _by_id(frame: pl.DataFrame, column: str, ids: pl.Series) -> dict[str, dict[str, Any]]:
    return {row[column]: row for row in frame.filter(pl.col(column).is_in(ids.to_list())).to_dicts()}


def _match(row: dict[str, Any], is_explored: bool = False) -> Match:
    return Match(
        rank=row["rank"],
        score=row["score"],
        formula_score=row["formula_score"],
        chance=row["chance"],
        chance_asks=row["chance_asks"],
        chance_succeeds=row["chance_succeeds"],
        reasons=tuple(explain(row)),
        text=row["text"],
        is_explored=is_explored,
    )


def _to_mentor_row(row: dict[str, Any], person: dict[str, Any], is_explored: bool) -> MentorRow:
    return MentorRow(
        match=_match(row, is_explored),
        mentor_id=UUID(row["mentor_id"]),
        name=person["name"],
        city=person["city"],
        region=person["region"],
        organization_name=person["organization_name"],
        years_experience=person["years_experience"],
        specializations=tuple(person["specializations"]),
        equipment_expertise=tuple(person["equipment_expertise"]),
        communication_preferences=tuple(person["formats"]),
        is_remote_welcome=person["is_remote"],
        hours_per_month=person["hours_per_month"],
        places_left=person["capacity_left"],
        completed_count=person["completed_count"],
        average_rating=person["rating_sum"] / person["rating_count"] if person["rating_count"] else None,
        about=person["about"],
    )


def _to_mentee_row(row: dict[str, Any], person: dict[str, Any]) -> MenteeRow:
    return MenteeRow(
        match=_match(row),
        mentee_id=UUID(row["mentee_id"]),
        name=person["name"],
        city=person["city"],
        region=person["region"],
        organization_name=person["organization_name"],
        current_level=person["level"],
        years_experience=person["years_experience"],
        career_goal=person["career_goal"],
        specialization_interests=tuple(person["specializations"]),
        skills_to_develop=tuple(person["skills_to_develop"]),
        communication_preferences=tuple(person["formats"]),
        is_remote_welcome=person["is_remote"],
        hours_per_month=person["hours_per_month"],
        timeline_months=person["timeline_months"],
    )


@lru_cache(maxsize=4)
def _loaded(path: Path, sha256: str, version: int, changed_at: int, size: int) -> Matcher:
    """Read and checked once for each state of the file, so that one damaged later is noticed."""
    matcher = load_matcher(path, sha256)
    matcher.version = version
    return matcher
