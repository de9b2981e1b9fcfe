"""A simulated programme of `models.matching.generators` written into the database as the product keeps it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.matching.factors import FEATURE_NAMES
from models.matching.generators import Programme
from operational_db.bulk import copy_rows
from operational_db.database import unit_of_work
from operational_db.tables.identity import Person
from operational_db.tables.mentorship import MenteeProfile, Mentorship, MentorshipFeedback, MentorShowing, ShownMentor
from operational_db.types import MenteeLevel, MentorshipSide, MentorshipStatus, MentorshipType

Change = Callable[[pl.DataFrame], pl.DataFrame]


def id_of(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


def write_programme(engine: Engine, programme: Programme, change: Change = lambda frame: frame) -> None:
    """Everything shown, asked, answered and rated; `change` may alter the history before it is written."""
    with unit_of_work(engine) as session:
        _write(session, change(programme.history))


def _write(session: Session, history: pl.DataFrame) -> None:
    rows = history.to_dicts()
    names = sorted({row[key] for row in rows for key in ("mentee_id", "mentor_id")})
    copy_rows(session, Person, ("id", "display_name", "timezone"), [(id_of(name), name, "UTC") for name in names])
    regions = {row["mentee_id"]: row["mentee_region"] for row in rows}
    copy_rows(
        session,
        MenteeProfile,
        ("person_id", "current_level", "location_region"),
        [(id_of(name), MenteeLevel.JUNIOR, region) for name, region in regions.items()],
    )
    lists = {row["showing_id"]: row for row in rows if row["showing_id"] is not None}
    copy_rows(
        session,
        MentorShowing,
        ("id", "mentee_id", "shown_at", "candidate_count"),
        [(id_of(key), id_of(row["mentee_id"]), row["shown_at"], 40) for key, row in lists.items()],
    )
    copy_rows(
        session,
        ShownMentor,
        ("showing_id", "mentor_id", "rank", "score", "formula_score", "propensity", "features"),
        [
            (
                id_of(row["showing_id"]),
                id_of(row["mentor_id"]),
                row["rank"],
                50.0,
                50.0,
                row["propensity"],
                features(row),
            )
            for row in rows
            if row["showing_id"] is not None
        ],
    )
    # Of a pair one is open at a time; the generator lets people ask the same mentor again.
    asked = list({(row["mentee_id"], row["mentor_id"]): row for row in reversed(rows) if row["is_requested"]}.values())
    columns = (
        "id", "mentor_id", "mentee_id", "mentorship_type", "status", "requested_at", "answered_at", "started_at",
        "ended_at", "showing_id", "features",
    )  # fmt: skip
    copy_rows(session, Mentorship, columns, [_mentorship(number, row) for number, row in enumerate(asked)])
    copy_rows(
        session,
        MentorshipFeedback,
        ("id", "mentorship_id", "side", "rating", "given_at"),
        [
            (id_of(f"feedback {number}"), _mentorship_id(number), MentorshipSide.MENTEE, row["rating"], row["ended_at"])
            for number, row in enumerate(asked)
            if row["rating"] is not None
        ],
    )


def features(row: dict[str, float]) -> dict[str, float]:
    return {name: float(row[name]) for name in FEATURE_NAMES}


def _mentorship_id(number: int) -> UUID:
    return id_of(f"mentorship {number}")


def _mentorship(number: int, row: dict) -> tuple[object, ...]:  # type: ignore[type-arg]
    at: datetime = row["requested_at"]
    answered_at, ended_at = at + timedelta(hours=30), row["ended_at"]
    status = MentorshipStatus.PENDING
    if row["is_accepted"] is False:
        status, ended_at = MentorshipStatus.DECLINED, answered_at
    elif row["is_accepted"]:
        status = MentorshipStatus.ACTIVE
        if ended_at is not None:
            status = MentorshipStatus.COMPLETED if row["is_completed"] else MentorshipStatus.CANCELLED
    is_open = status is MentorshipStatus.PENDING
    return (
        _mentorship_id(number), id_of(row["mentor_id"]), id_of(row["mentee_id"]), MentorshipType.GENERAL, status, at,
        None if is_open else answered_at, answered_at if row["is_accepted"] else None, ended_at,
        None if row["showing_id"] is None else id_of(row["showing_id"]), features(row),
    )  # fmt: skip
