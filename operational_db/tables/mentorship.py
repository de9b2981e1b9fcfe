"""Mentorships between two people. Source: training-platform seed 3.2.4."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import MentorshipStatus, MentorshipType


class Mentorship(HasId, HasTimes, Base):
    """Life cycle: pending -> active | declined; active -> completed | cancelled; pending -> cancelled."""

    __tablename__ = "mentorships"
    __table_args__ = (
        CheckConstraint("mentor_id <> mentee_id", name="two_people"),
        Index(
            "uq_mentorships_open_pair",
            "mentor_id",
            "mentee_id",
            unique=True,
            postgresql_where=text("status in ('pending', 'active')"),
        ),
        Index("ix_mentorships_mentee_id", "mentee_id"),
    )

    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    mentee_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    mentorship_type: Mapped[MentorshipType]
    status: Mapped[MentorshipStatus] = mapped_column(default=MentorshipStatus.PENDING, server_default="pending")
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    expected_end_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
