"""Frames for whoever ranks mentors or mentees, what was shown to whom, and the history to learn from.

Who may be shown to whom is decided here; how well two suit each other is decided elsewhere. Availability leaves here as
windows in the profile's zone (`windows`, `timezone`), because the ranking wants them as of a day. Coordinates are for
the ranking alone: whoever shows a list to people leaves them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import MentorsShown
from operational_db.mentorship.matching_repository import MatchingRepository, Totals
from operational_db.mentorship.profile_repository import ProfileRepository
from operational_db.tables.mentorship import MentorDismissal, MentorShowing, ShownMentor
from operational_db.types import new_id

if TYPE_CHECKING:
    import polars as pl

NO_MENTEE_PROFILE = "Say first what you look for in a mentor: fill in your mentee profile."
NO_MENTOR_PROFILE = "Say first what you offer: fill in your mentor profile."
# The same list in the same order within these hours is one showing, however often the page is loaded.
SAME_SHOWING_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One mentor of a list as it was shown."""

    mentor_id: UUID
    rank: int
    score: float
    formula_score: float
    chance: float | None
    propensity: float
    is_explored: bool
    features: Mapping[str, float]


def candidate_mentors(session: Session, principal: Principal, *, on: date, now: datetime) -> "pl.DataFrame":
    """Everybody who may be shown to the principal as a mentor.

    They agreed to be shown, accept mentees, do not pause, have a place left, have fewer requests waiting than may wait
    (`rules.most_waiting`) and are not erased; not the principal herself, nobody she has something open with or was
    paired with before, nobody she dismissed, nobody with whom a request came to nothing within 90
    days, as `requests.lock_pair` has it; and every organization of both
    lets the two be matched.

    Returns
    -------
    pl.DataFrame
        The columns of the match but `availability`, for which there are `windows` (JSON) and `timezone`; and `name`,
        `waiting_count`. What else a list tells is in `mentors_told`.
    """
    return MatchingRepository(session).mentors(_own_id(principal), on=on, now=now)


def mentors_told(session: Session, mentor_ids: Sequence[UUID], *, on: date) -> "pl.DataFrame":
    """What a list tells of these mentors beside what ranks them, for whoever may be shown them.

    Returns
    -------
    pl.DataFrame
        mentor_id, city, organization_name, hours_per_month, about, equipment_expertise; in no order.
    """
    return MatchingRepository(session).mentors_told(mentor_ids, on=on)


def candidate_mentees(session: Session, principal: Principal, *, on: date, now: datetime) -> "pl.DataFrame":
    """Everybody who may be shown to the principal as a mentee.

    They agreed to be found, do not pause and have no mentor at present; else as for mentors.

    Raises
    ------
    ConflictError
        When the principal has no mentor profile.
    """
    person_id = _own_id(principal)
    if ProfileRepository(session).mentor_profile(person_id) is None:
        raise ConflictError(NO_MENTOR_PROFILE)
    return MatchingRepository(session).mentees(person_id, on=on, now=now)


def mentee_frame(session: Session, person_id: UUID, now: datetime) -> "pl.DataFrame":
    """One row with the person's own mentee profile, shown or not.

    Raises
    ------
    ConflictError
        When she has none.
    """
    frame = mentee_row(session, person_id, now)
    if frame.is_empty():
        raise ConflictError(NO_MENTEE_PROFILE)
    return frame


def mentor_frame(session: Session, person_id: UUID, now: datetime) -> "pl.DataFrame":
    """One row with the person's own mentor profile, shown or not.

    Raises
    ------
    ConflictError
        When she has none.
    """
    frame = mentor_row(session, person_id, now)
    if frame.is_empty():
        raise ConflictError(NO_MENTOR_PROFILE)
    return frame


def mentee_row(session: Session, person_id: UUID, now: datetime) -> "pl.DataFrame":
    """As `mentee_frame`, empty for who has no profile."""
    return MatchingRepository(session).mentee(person_id, on=now.date())


def mentor_row(session: Session, person_id: UUID, now: datetime) -> "pl.DataFrame":
    """As `mentor_frame`, empty for who has no profile."""
    return MatchingRepository(session).mentor(person_id, on=now.date())


def totals(session: Session) -> Totals:
    """What the ended mentorships of all mentors came to; what a mentor without a record stands for."""
    return MatchingRepository(session).totals()


def record_showing(
    session: Session,
    principal: Principal,
    *,
    mentee_id: UUID,
    rows: Sequence[ShownRow],
    candidate_count: int,
    model_version: int | None,
    now: datetime,
) -> UUID:
    """Keep what was shown, in which order, with which chances, and as what the pairs looked at that moment.

    The same mentors in the same order by the same model within a day are one showing.

    Raises
    ------
    NotAuthorizedError
        When it is shown to somebody else.
    InvalidInputError
        When the ranks are not 1, 2, 3 … or a propensity is no chance.
    """
    if not principal.is_person(mentee_id):
        raise NotAuthorizedError("A list of mentors is shown to the person who looks for one.")
    if [row.rank for row in rows] != list(range(1, len(rows) + 1)):
        raise InvalidInputError("rank: the rows of a list are counted from 1, in order.")
    if any(not 0 < row.propensity <= 1 for row in rows):
        raise InvalidInputError("propensity: give chances above 0 and up to 1.")
    repository = MatchingRepository(session)
    mentor_ids = [row.mentor_id for row in rows]
    last = repository.last_showing(mentee_id, since=now - SAME_SHOWING_WITHIN)
    if last is not None and last.model_version == model_version and repository.shown_ids(last.id) == mentor_ids:
        return last.id
    showing = MentorShowing(
        id=new_id(), mentee_id=mentee_id, shown_at=now, model_version=model_version, candidate_count=candidate_count
    )
    session.add(showing)
    session.flush()
    session.add_all(
        [
            ShownMentor(
                showing_id=showing.id,
                mentor_id=row.mentor_id,
                rank=row.rank,
                score=row.score,
                formula_score=row.formula_score,
                chance=row.chance,
                propensity=row.propensity,
                is_explored=row.is_explored,
                features={name: float(value) for name, value in row.features.items()},
            )
            for row in rows
        ]
    )
    session.flush()
    event = MentorsShown(
        subject_id=mentee_id,
        organization_id=ProfileRepository(session).organization_of(mentee_id, on=now.date()),
        occurred_at=now,
        showing_id=showing.id,
        candidate_count=candidate_count,
        mentor_ids=" ".join(str(mentor_id) for mentor_id in mentor_ids),
        model_version=model_version,
    )
    append_events(session, [event], now=now)
    return showing.id


def dismiss_mentor(session: Session, principal: Principal, *, mentor_id: UUID, now: datetime) -> None:
    """Not be shown this mentor again, nor her one's own profile; said again, it changes nothing.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    """
    mentee_id = _own_id(principal)
    if mentee_id == mentor_id:
        raise InvalidInputError("mentor_id: nobody is shown to herself.")
    profiles = ProfileRepository(session)
    profiles.lock_person(mentee_id)
    if profiles.mentor_profile(mentor_id) is None:
        raise NotFoundError("There is no mentor with this id. Choose somebody from the list.")
    if profiles.dismissal(mentee_id, mentor_id) is None:
        session.add(MentorDismissal(mentee_id=mentee_id, mentor_id=mentor_id, dismissed_at=now))
        session.flush()


def undo_dismissal(session: Session, principal: Principal, *, mentor_id: UUID) -> None:
    """Be shown a dismissed mentor again.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When she was not dismissed.
    """
    dismissal = ProfileRepository(session).dismissal(_own_id(principal), mentor_id)
    if dismissal is None:
        raise NotFoundError("You dismissed no mentor with this id.")
    session.delete(dismissal)
    session.flush()


def my_dismissals(session: Session, principal: Principal) -> list[tuple[UUID, str, datetime]]:
    """Mentors the principal does not want to be shown: id, name, and since when."""
    return MatchingRepository(session).dismissals(_own_id(principal))


def training_history(
    session: Session, *, until: datetime, feature_names: Sequence[str] | None = None
) -> "pl.DataFrame":
    """Every pair shown or requested before `until`, with what was known of it then, to learn from.

    Features are those kept at the request or else at the showing, never read from today's profiles. An answer, an end
    or a rating that came at `until` or later is null. Offers by mentors are left out, because nobody chose from a list
    or asked; so are requests from the time before features were kept.

    Parameters
    ----------
    feature_names
        The columns of features wanted; a feature not kept then is null. None gives all that were ever kept.

    Returns
    -------
    pl.DataFrame
        showing_id, mentee_id, mentor_id, shown_at, rank, propensity, is_requested, requested_at, is_accepted (false for
        declined and expired), is_completed, rating, mentor_rating, ended_at (of what began), and the features.
    """
    return MatchingRepository(session).history(until=until, feature_names=feature_names)


def _own_id(principal: Principal) -> UUID:
    person_id = principal.actor_id
    if person_id is None:
        raise NotAuthorizedError("Lists of mentors and mentees are a person's own. Sign in as that person.")
    return person_id
