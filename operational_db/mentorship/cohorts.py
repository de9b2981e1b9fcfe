"""A manager's cohort: who of one organization looks for a mentor, who could be one, and proposing the chosen pairs.

Which pairs are best is worked out elsewhere. A proposal is a request on the mentee's behalf: the mentor answers it, the
mentee can take it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, DomainError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.mentorship.matching_repository import MatchingRepository
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.mentorship.requests import create_request, lock_pair, plan_of_request
from operational_db.tables.mentorship import Mentorship
from operational_db.types import MentoringReach, MentorshipType

if TYPE_CHECKING:
    import polars as pl

LARGEST_COHORT = 5_000


@dataclass(frozen=True)
class Cohort:
    """People of one organization. `apart` holds (mentee, mentor) pairs that may not be proposed.

    `mentors.capacity_left` is already less the requests that wait for an answer.
    """

    organization_id: UUID
    mentees: "pl.DataFrame"
    mentors: "pl.DataFrame"
    apart: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ProposedPair:
    mentee_id: UUID
    mentor_id: UUID
    features: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What became of proposing: the requests made, and for the other pairs why not."""

    mentorships: Sequence[Mentorship]
    refused: Sequence[tuple[ProposedPair, str]]


def cohort(session: Session, principal: Principal, organization_id: UUID, *, on: date, now: datetime) -> Cohort:
    """Everybody of the organization who agreed to be shown and looks for a mentor, or has a place for a mentee.

    Raises
    ------
    NotAuthorizedError
        When the principal does not manage mentoring in that very organization.
    NotFoundError
    ConflictError
        When the cohort is larger than 5,000 people on one side.
    """
    principal.require(Permission.MANAGE_MENTORING, organization_id)
    if ProfileRepository(session).organization_name(organization_id) is None:
        raise NotFoundError("There is no organization with this id. Check the id.")
    import polars as pl

    repository = MatchingRepository(session)
    mentees = repository.cohort_mentees(organization_id, on=on)
    mentors = repository.cohort_mentors(organization_id, on=on)
    if max(mentees.height, mentors.height) > LARGEST_COHORT:
        raise ConflictError(f"A cohort has up to {LARGEST_COHORT:,} mentees and mentors; pair by request instead.")
    mentors = mentors.with_columns((pl.col("capacity_left") - pl.col("waiting_count")).clip(0).alias("capacity_left"))
    everybody = {*_ids(mentees, "mentee_id"), *_ids(mentors, "mentor_id")}
    # Own people of this organization may be matched here; what another organization of theirs forbids still counts.
    kept = {
        str(person_id)
        for person_id, restricting_id, reach in repository.kept_people(sorted(everybody), on=on)
        if reach == MentoringReach.NOBODY or restricting_id != organization_id
    }
    mentees = mentees.filter(~pl.col("mentee_id").is_in(list(kept)))
    mentors = mentors.filter(~pl.col("mentor_id").is_in(list(kept)) & (pl.col("capacity_left") > 0))
    apart = repository.cohort_apart(_ids(mentees, "mentee_id"), _ids(mentors, "mentor_id"), now=now)
    both = set(mentees["mentee_id"]) & set(mentors["mentor_id"])
    return Cohort(organization_id, mentees, mentors, frozenset(apart | {(person, person) for person in both}))


def propose(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    pairs: Sequence[ProposedPair],
    mentorship_type: MentorshipType = MentorshipType.GENERAL,
    duration_months: int | None = None,
    now: datetime,
) -> Proposal:
    """Make a request of every pair, on behalf of the mentees; a pair that cannot be is left out and told why.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    InvalidInputError
        When a mentee is named twice.
    """
    if len({pair.mentee_id for pair in pairs}) != len(pairs):
        raise InvalidInputError("pairs: name each mentee once.")
    people = cohort(session, principal, organization_id, on=now.date(), now=now)
    mentees, mentors = set(people.mentees["mentee_id"]), set(people.mentors["mentor_id"])
    left = dict(people.mentors.select("mentor_id", "capacity_left").rows())
    plan = plan_of_request(mentorship_type, duration_months=duration_months, now=now)
    made: list[Mentorship] = []
    refused: list[tuple[ProposedPair, str]] = []
    # In one order of mentors for everybody who locks several.
    for pair in sorted(pairs, key=lambda pair: (pair.mentor_id, pair.mentee_id)):
        mentee, mentor = str(pair.mentee_id), str(pair.mentor_id)
        if mentee not in mentees or mentor not in mentors:
            refused.append((pair, "One of the two does not take part in the programme at present."))
            continue
        if (mentee, mentor) in people.apart:
            refused.append((pair, "The two were paired before, or one of them does not want it."))
            continue
        if left[mentor] < 1:
            refused.append((pair, "All places of this mentor are taken or asked for."))
            continue
        try:
            lock_pair(session, mentor_id=pair.mentor_id, mentee_id=pair.mentee_id, now=now)
        except DomainError as error:
            refused.append((pair, error.message))
            continue
        left[mentor] -= 1
        made.append(
            create_request(
                session,
                plan,
                mentor_id=pair.mentor_id,
                mentee_id=pair.mentee_id,
                shown=None,
                features=pair.features,
                proposed_by_id=principal.actor_id,
            )
        )
    return Proposal(made, refused)


def _ids(frame: "pl.DataFrame", column: str) -> list[UUID]:
    return [UUID(value) for value in frame[column]]
