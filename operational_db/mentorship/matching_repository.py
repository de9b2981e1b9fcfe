"""Statements on candidates, showings and history, as text: they go over thousands of people at once.

Every statement is put together from constants of this module; values come in as parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.mentorship.rules import AGAIN_AFTER, MOST_WAITING_REQUESTS
from operational_db.tables.identity import Person
from operational_db.tables.mentorship import MentorDismissal, MentorShowing, ShownMentor

if TYPE_CHECKING:
    import polars as pl


# Between the entries of a list on its way here; nobody can type it into a profile.
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Totals:
    completed_count: int
    ended_count: int
    rating_sum: float
    rating_count: int


# What the mentorships of each mentor came to: ended are those that began and are over, rated by the mentee.
_RECORDS = """
select pair.mentor_id,
    count(*) filter (where pair.status = 'active') as active_count,
    count(*) filter (where pair.status = 'pending') as waiting_count,
    count(*) filter (where pair.status = 'completed') as completed_count,
    count(*) filter (where pair.status in ('completed', 'cancelled') and pair.started_at is not null) as ended_count,
    coalesce(sum(given.rating), 0) as rating_sum, count(given.rating) as rating_count
from mentorships as pair
left join mentorship_feedback as given on given.mentorship_id = pair.id and given.side = 'mentee'
group by pair.mentor_id
"""

# Where each person works or learns today: of several the one joined first, the platform last.
_HOMES = """
select distinct on (held.person_id) held.person_id, home.name
from memberships as held
join organizations as home on home.id = held.organization_id
where held.started_on <= %(on)s and (held.ended_on is null or held.ended_on > %(on)s)
order by held.person_id, home.kind = 'platform', held.started_on, held.organization_id
"""

# People an organization keeps from being matched with the asker, by one of theirs or one of the asker's.
_OUT_OF_REACH = """
mine as materialized (
    select held.organization_id, coalesce(policy.reach, 'everyone') as reach
    from memberships as held
    left join mentoring_policies as policy on policy.organization_id = held.organization_id
    where held.person_id = %(me)s and held.started_on <= %(on)s and (held.ended_on is null or held.ended_on > %(on)s)
),
kept as materialized (
    select held.person_id
    from memberships as held
    join mentoring_policies as policy on policy.organization_id = held.organization_id and policy.reach <> 'everyone'
    where held.started_on <= %(on)s and (held.ended_on is null or held.ended_on > %(on)s)
        and (policy.reach = 'nobody' or held.organization_id not in (select organization_id from mine))
),
ours as materialized (
    select held.person_id
    from memberships as held
    join mine on mine.organization_id = held.organization_id and mine.reach = 'own_people'
    where held.started_on <= %(on)s and (held.ended_on is null or held.ended_on > %(on)s)
    group by held.person_id
    having count(distinct held.organization_id) = (select count(*) from mine where reach = 'own_people')
)
"""
_WITHIN_REACH = """
    who.id not in (select person_id from kept)
    and not exists (select from mine where reach = 'nobody')
    and (not exists (select from mine where reach = 'own_people') or who.id in (select person_id from ours))
"""

# Anything open or begun between the two keeps them apart, whoever mentored; what came to nothing does for a while.
_APART = """
apart as materialized (
    select case when mentor_id = %(me)s then mentee_id else mentor_id end as person_id
    from mentorships
    where (mentor_id = %(me)s or mentee_id = %(me)s)
        and (status in ('pending', 'active') or started_at is not null or ended_at > %(forgotten_at)s)
)
"""

_MENTOR_COLUMNS = """
    cast(who.id as text) as mentor_id, profile.years_experience, profile.specializations,
    profile.communication_preferences as formats, cast(profile.availability as text) as windows, profile.timezone,
    profile.latitude, profile.longitude, profile.location_region as region, profile.is_remote_welcome as is_remote,
    profile.preferred_mentee_levels as levels,
    greatest(profile.max_mentees - coalesce(record.active_count, 0), 0) as capacity_left,
    coalesce(record.waiting_count, 0) as waiting_count,
    coalesce(record.completed_count, 0) as completed_count, coalesce(record.ended_count, 0) as ended_count,
    cast(coalesce(record.rating_sum, 0) as double precision) as rating_sum,
    coalesce(record.rating_count, 0) as rating_count, who.display_name as name
"""
_MENTEE_COLUMNS = """
    cast(who.id as text) as mentee_id, profile.years_experience, profile.specialization_interests as specializations,
    profile.communication_preferences as formats, cast(profile.availability as text) as windows, profile.timezone,
    profile.hours_per_month, profile.latitude, profile.longitude, profile.location_region as region,
    profile.is_remote_welcome as is_remote, profile.current_level as level,
    who.display_name as name, profile.location_city as city, home.name as organization_name, profile.career_goal,
    profile.skills_to_develop, profile.timeline_months
"""
_MENTORS = f"""
select {_MENTOR_COLUMNS}
from mentor_profiles as profile
join people as who on who.id = profile.person_id and who.erased_at is null
left join ({_RECORDS}) as record on record.mentor_id = who.id
"""  # noqa: S608 - constants of this module
_MENTEES = f"""
select {_MENTEE_COLUMNS}
from mentee_profiles as profile
join people as who on who.id = profile.person_id and who.erased_at is null
left join ({_HOMES}) as home on home.person_id = who.id
"""  # noqa: S608 - constants of this module
_IS_SHOWN = "profile.consented_at is not null and (profile.paused_until is null or profile.paused_until <= %(on)s)"
# The second as `rules.most_waiting` counts them.
_HAS_PLACE = f"""
    profile.is_accepting_mentees and profile.max_mentees > coalesce(record.active_count, 0)
    and coalesce(record.waiting_count, 0) < greatest({MOST_WAITING_REQUESTS}, 2 * profile.max_mentees)
"""
_IS_FREE = "not exists (select from mentorships as had where had.mentee_id = who.id and had.status = 'active')"

CANDIDATE_MENTORS = f"""
    with {_OUT_OF_REACH}, {_APART}
    {_MENTORS}
    where {_IS_SHOWN} and {_HAS_PLACE} and who.id <> %(me)s
        and who.id not in (select person_id from apart)
        and not exists (select from mentor_dismissals as gone where gone.mentee_id = %(me)s and gone.mentor_id = who.id)
        and {_WITHIN_REACH}
    order by who.id
    """  # noqa: S608 - constants of this module
CANDIDATE_MENTEES = f"""
    with {_OUT_OF_REACH}, {_APART}
    {_MENTEES}
    where {_IS_SHOWN} and {_IS_FREE} and who.id <> %(me)s
        and who.id not in (select person_id from apart)
        and not exists (select from mentor_dismissals as gone where gone.mentor_id = %(me)s and gone.mentee_id = who.id)
        and {_WITHIN_REACH}
    order by who.id
    """  # noqa: S608 - constants of this module
ONE_MENTOR = f"{_MENTORS} where who.id = %(me)s"
ONE_MENTEE = f"{_MENTEES} where who.id = %(me)s"
# What a list says of a mentor beyond what ranks her; read for those listed alone.
MENTORS_TOLD = f"""
    select cast(profile.person_id as text) as mentor_id, profile.location_city as city,
        home.name as organization_name, profile.hours_per_month, profile.about, profile.equipment_expertise
    from mentor_profiles as profile
    left join ({_HOMES}) as home on home.person_id = profile.person_id
    where profile.person_id = any(%(people)s)
    """  # noqa: S608 - constants of this module

# People of one organization who take part in its programme.
_IS_OURS = """
    exists (
        select from memberships as held
        where held.person_id = who.id and held.organization_id = %(organization)s
            and held.started_on <= %(on)s and (held.ended_on is null or held.ended_on > %(on)s)
    )
"""
COHORT_MENTORS = f"{_MENTORS} where {_IS_SHOWN} and {_HAS_PLACE} and {_IS_OURS} order by who.id"
COHORT_MENTEES = f"""
    {_MENTEES}
    where {_IS_SHOWN} and {_IS_OURS}
        and not exists (
            select from mentorships as had where had.mentee_id = who.id and had.status in ('pending', 'active')
        )
    order by who.id
    """
# Pairs of a cohort that may not be proposed.
COHORT_APART = text(
    """
    select cast(mentee_id as text) as mentee_id, cast(mentor_id as text) as mentor_id from mentorships
    where mentor_id = any(:mentors) and mentee_id = any(:mentees)
        and (status in ('pending', 'active') or started_at is not null or ended_at > :forgotten_at)
    union
    select cast(mentor_id as text), cast(mentee_id as text) from mentorships
    where mentor_id = any(:mentees) and mentee_id = any(:mentors)
        and (status in ('pending', 'active') or started_at is not null or ended_at > :forgotten_at)
    union
    select cast(mentee_id as text), cast(mentor_id as text) from mentor_dismissals
    where mentor_id = any(:mentors) and mentee_id = any(:mentees)
    """
)
# Who also belongs to an organization whose reach does not allow the programme's own pairs is left out of it.
COHORT_KEPT = text(
    """
    select held.person_id, held.organization_id, policy.reach
    from memberships as held
    join mentoring_policies as policy on policy.organization_id = held.organization_id and policy.reach <> 'everyone'
    where held.person_id = any(:people) and held.started_on <= :on and (held.ended_on is null or held.ended_on > :on)
    """
)

TOTALS = text(
    """
    select count(*) filter (where pair.status = 'completed') as completed_count,
        count(*) filter (
            where pair.status in ('completed', 'cancelled') and pair.started_at is not null
        ) as ended_count,
        coalesce(sum(given.rating), 0) as rating_sum, count(given.rating) as rating_count
    from mentorships as pair
    left join mentorship_feedback as given on given.mentorship_id = pair.id and given.side = 'mentee'
    """
)

# One row a pair shown, and one a request that came from no list. What came at :until or later is not known.
HISTORY = """
    with asked as (
        select pair.*,
            case
                when pair.started_at < %(until)s then true
                when pair.status in ('declined', 'expired') and pair.ended_at < %(until)s then false
            end as was_accepted,
            pair.started_at is not null and pair.ended_at < %(until)s as has_ended
        from mentorships as pair
        where pair.requested_at < %(until)s and pair.proposed_by_id is distinct from pair.mentor_id
    ),
    pairs as (
        select shown.showing_id, list.mentee_id, shown.mentor_id, list.shown_at, shown.rank, shown.propensity,
            asked.id as mentorship_id, coalesce(asked.features, shown.features) as features
        from shown_mentors as shown
        join mentor_showings as list on list.id = shown.showing_id and list.shown_at < %(until)s
        left join asked on asked.showing_id = shown.showing_id and asked.mentor_id = shown.mentor_id
            and asked.mentee_id = list.mentee_id
        union all
        select null, asked.mentee_id, asked.mentor_id, null, null, null, asked.id, asked.features
        from asked
        where asked.showing_id is null and asked.features is not null
    )
    select cast(pairs.showing_id as text) as showing_id, cast(pairs.mentee_id as text) as mentee_id,
        cast(pairs.mentor_id as text) as mentor_id, pairs.shown_at, pairs.rank, pairs.propensity,
        asked.id is not null as is_requested, asked.requested_at, asked.was_accepted as is_accepted,
        case when asked.has_ended then asked.status = 'completed' end as is_completed,
        mentee_said.rating, mentor_said.rating as mentor_rating,
        case when asked.has_ended then asked.ended_at end as ended_at, cast(pairs.features as text) as features
    from pairs
    left join asked on asked.id = pairs.mentorship_id
    left join mentorship_feedback as mentee_said on mentee_said.mentorship_id = asked.id and asked.has_ended
        and mentee_said.side = 'mentee' and mentee_said.given_at < %(until)s
    left join mentorship_feedback as mentor_said on mentor_said.mentorship_id = asked.id and asked.has_ended
        and mentor_said.side = 'mentor' and mentor_said.given_at < %(until)s
    order by coalesce(pairs.shown_at, asked.requested_at), pairs.showing_id, pairs.rank, pairs.mentor_id
    """
FEATURES_KEPT = text(
    """
    select distinct jsonb_object_keys(features) as name from (
        select features from shown_mentors union all select features from mentorships where features is not null
    ) as kept
    order by 1
    """
)


class MatchingRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def mentors(self, person_id: UUID, *, on: date, now: datetime) -> "pl.DataFrame":
        parameters = {"me": person_id, "on": on, "forgotten_at": now - AGAIN_AFTER}
        return self._frame(CANDIDATE_MENTORS, parameters, _mentor_schema())

    def mentors_told(self, person_ids: Sequence[UUID], *, on: date) -> "pl.DataFrame":
        return self._frame(MENTORS_TOLD, {"people": list(person_ids), "on": on}, _told_schema())

    def mentees(self, person_id: UUID, *, on: date, now: datetime) -> "pl.DataFrame":
        parameters = {"me": person_id, "on": on, "forgotten_at": now - AGAIN_AFTER}
        return self._frame(CANDIDATE_MENTEES, parameters, _mentee_schema())

    def mentor(self, person_id: UUID, *, on: date) -> "pl.DataFrame":
        return self._frame(ONE_MENTOR, {"me": person_id, "on": on}, _mentor_schema())

    def mentee(self, person_id: UUID, *, on: date) -> "pl.DataFrame":
        return self._frame(ONE_MENTEE, {"me": person_id, "on": on}, _mentee_schema())

    def cohort_mentors(self, organization_id: UUID, *, on: date) -> "pl.DataFrame":
        return self._frame(COHORT_MENTORS, {"organization": organization_id, "on": on}, _mentor_schema())

    def cohort_mentees(self, organization_id: UUID, *, on: date) -> "pl.DataFrame":
        return self._frame(COHORT_MENTEES, {"organization": organization_id, "on": on}, _mentee_schema())

    def cohort_apart(
        self, mentee_ids: Sequence[UUID], mentor_ids: Sequence[UUID], *, now: datetime
    ) -> set[tuple[str, str]]:
        """(mentee, mentor) pairs that were together, are, dismissed each other or came to nothing lately."""
        parameters = {
            "mentors": list(mentor_ids),
            "mentees": list(mentee_ids),
            "forgotten_at": now - AGAIN_AFTER,
        }
        return {(row.mentee_id, row.mentor_id) for row in self.session.execute(COHORT_APART, parameters)}

    def kept_people(self, person_ids: Sequence[UUID], *, on: date) -> list[tuple[UUID, UUID, str]]:
        """(person, organization, reach) of every membership whose organization restricts matching."""
        rows = self.session.execute(COHORT_KEPT, {"people": list(person_ids), "on": on})
        return [(row.person_id, row.organization_id, row.reach) for row in rows]

    def totals(self) -> Totals:
        row = self.session.execute(TOTALS).one()
        return Totals(int(row.completed_count), int(row.ended_count), float(row.rating_sum), int(row.rating_count))

    def last_showing(self, mentee_id: UUID, *, since: datetime) -> MentorShowing | None:
        statement = select(MentorShowing).where(MentorShowing.mentee_id == mentee_id, MentorShowing.shown_at >= since)
        return self.session.scalar(statement.order_by(MentorShowing.shown_at.desc()).limit(1))

    def shown_ids(self, showing_id: UUID) -> list[UUID]:
        """The mentors of a list in the order shown."""
        statement = select(ShownMentor.mentor_id).where(ShownMentor.showing_id == showing_id)
        return list(self.session.scalars(statement.order_by(ShownMentor.rank)))

    def dismissals(self, mentee_id: UUID) -> list[tuple[UUID, str, datetime]]:
        statement = (
            select(MentorDismissal.mentor_id, Person.display_name, MentorDismissal.dismissed_at)
            .join(Person, Person.id == MentorDismissal.mentor_id)
            .where(MentorDismissal.mentee_id == mentee_id)
            .order_by(MentorDismissal.dismissed_at.desc(), MentorDismissal.mentor_id)
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(statement)]

    def history(self, *, until: datetime, feature_names: Sequence[str] | None) -> "pl.DataFrame":
        import polars as pl

        names = feature_names
        if names is None:
            names = list(self.session.scalars(FEATURES_KEPT))
        frame = self._frame(HISTORY, {"until": until}, _history_schema())
        kept = frame["features"].str.json_decode(pl.Struct(dict.fromkeys(names, pl.Float32())))
        features = [kept.struct.field(name).cast(pl.Float32).alias(name) for name in names]
        return frame.drop("features").with_columns(features)

    def _frame(self, statement: str, parameters: dict[str, Any], schema: "dict[str, pl.DataType]") -> "pl.DataFrame":
        """The rows of a statement as a frame, by COPY: thousands of people are too many to make objects of."""
        import polars as pl

        self.session.flush()
        columns = ", ".join(_written(name, dtype) for name, dtype in schema.items())
        copied = f"copy (select {columns} from ({statement}) as found) to stdout (format csv)"  # noqa: S608 - as above
        connection = psycopg_connection(self.session.connection())
        with connection.cursor() as cursor, cursor.copy(copied.encode(), parameters) as blocks:
            content = b"".join(bytes(block) for block in blocks)
        if not content:
            return pl.DataFrame(schema=schema)
        frame = pl.read_csv(content, has_header=False, schema=_plain(schema))
        return frame.select(_read(name, dtype) for name, dtype in schema.items())


def _written(name: str, dtype: "pl.DataType") -> str:
    """How a column leaves PostgreSQL: lists joined, instants in microseconds, flags as 0 and 1."""
    match type(dtype).__name__:
        case "List":
            return f"array_to_string({name}, chr({ord(SEPARATOR)}))"
        case "Datetime":
            return f"cast(extract(epoch from {name}) * 1000000 as bigint)"
        case "Boolean":
            return f"cast({name} as int)"
        case _:
            return name


def _plain(schema: "dict[str, pl.DataType]") -> "dict[str, pl.DataType]":
    """What the columns are in the text that PostgreSQL writes."""
    import polars as pl

    plain = {pl.List: pl.String(), pl.Datetime: pl.Int64(), pl.Boolean: pl.Int64()}
    return {name: plain.get(type(dtype), dtype) for name, dtype in schema.items()}


def _read(name: str, dtype: "pl.DataType") -> "pl.Expr":
    import polars as pl

    column = pl.col(name)
    if isinstance(dtype, pl.List):
        # An empty text is a list without entries; without a value it stays so.
        return pl.when(column == "").then(pl.lit([], dtype)).otherwise(column.str.split(SEPARATOR)).alias(name)
    return column.cast(dtype) if isinstance(dtype, pl.Datetime | pl.Boolean) else column


def _mentor_schema() -> "dict[str, pl.DataType]":
    import polars as pl

    return {
        "mentor_id": pl.String(),
        "years_experience": pl.Float64(),
        "specializations": pl.List(pl.String()),
        "formats": pl.List(pl.String()),
        "windows": pl.String(),
        "timezone": pl.String(),
        "latitude": pl.Float64(),
        "longitude": pl.Float64(),
        "region": pl.String(),
        "is_remote": pl.Boolean(),
        "levels": pl.List(pl.String()),
        "capacity_left": pl.Int64(),
        "waiting_count": pl.Int64(),
        "completed_count": pl.Int64(),
        "ended_count": pl.Int64(),
        "rating_sum": pl.Float64(),
        "rating_count": pl.Int64(),
        "name": pl.String(),
    }


def _told_schema() -> "dict[str, pl.DataType]":
    import polars as pl

    return {
        "mentor_id": pl.String(),
        "city": pl.String(),
        "organization_name": pl.String(),
        "hours_per_month": pl.Float64(),
        "about": pl.String(),
        "equipment_expertise": pl.List(pl.String()),
    }


def _mentee_schema() -> "dict[str, pl.DataType]":
    import polars as pl

    return {
        "mentee_id": pl.String(),
        "years_experience": pl.Float64(),
        "specializations": pl.List(pl.String()),
        "formats": pl.List(pl.String()),
        "windows": pl.String(),
        "timezone": pl.String(),
        "hours_per_month": pl.Float64(),
        "latitude": pl.Float64(),
        "longitude": pl.Float64(),
        "region": pl.String(),
        "is_remote": pl.Boolean(),
        "level": pl.String(),
        "name": pl.String(),
        "city": pl.String(),
        "organization_name": pl.String(),
        "career_goal": pl.String(),
        "skills_to_develop": pl.List(pl.String()),
        "timeline_months": pl.Int64(),
    }


def _history_schema() -> "dict[str, pl.DataType]":
    import polars as pl

    return {
        "showing_id": pl.String(),
        "mentee_id": pl.String(),
        "mentor_id": pl.String(),
        "shown_at": pl.Datetime("us", "UTC"),
        "rank": pl.Int64(),
        "propensity": pl.Float64(),
        "is_requested": pl.Boolean(),
        "requested_at": pl.Datetime("us", "UTC"),
        "is_accepted": pl.Boolean(),
        "is_completed": pl.Boolean(),
        "rating": pl.Int64(),
        "mentor_rating": pl.Int64(),
        "ended_at": pl.Datetime("us", "UTC"),
        "features": pl.String(),
    }
