"""The row of finding a mentor: the whole call, from the database to the explained list that was kept as shown.

Beside ten thousand mentors with two mentorships each. A learned match serves; its file was read before.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, text

from app.learned.mentors import find_mentors
from models.matching.artifact import save_matcher
from models.matching.factors import FEATURES
from models.matching.matcher import Matcher, create_head
from operational_db.bulk import copy_rows
from operational_db.database import create_owner_engine, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learned.service import add_model, promote_model
from operational_db.settings import Settings
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.mentorship import MenteeProfile, MentorProfile, Mentorship, MentorshipFeedback
from operational_db.types import (
    LearnedModelKind,
    MeetingFormat,
    MenteeLevel,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
    OrganizationKind,
    Role,
    Specialization,
    new_id,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Detail, Figure, Row, percentile

WHAT = {"find_mentors": "find a mentor among 10,000 in the database: load, rank, explain 20, keep what was shown"}
ORGANIZATIONS, MENTORSHIPS_EACH = 40, 2
ZONES = ("America/Toronto", "Europe/Berlin", "America/Denver")


def measure_find_mentors(bench: Bench) -> Row:
    """Another mentee each time, in a transaction of her own; the first, which reads the model's file, is left out.

    No target is asked of the whole call: the ranking's own is that of `match_rank`.
    """
    count, repetitions = bench.effort.ranked_mentors, bench.effort.rank_repetitions
    bench.say(f"Filling an installation with {count:,} mentors …")
    installation = bench.new_installation("find-mentors")
    random = np.random.default_rng(3)
    mentees = _fill(installation.engine, random, count, repetitions + 1, bench.now)
    _serve_learned(installation.engine, installation.settings, random, bench.now)
    owner = create_owner_engine(installation.url)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    owner.dispose()
    bench.say(f"Finding mentors for {repetitions} mentees …")
    times, cpu_seconds, shown = [], 0.0, set()
    for mentee in mentees:
        started, cpu_started = time.perf_counter(), time.process_time()
        with unit_of_work(installation.engine) as session:
            found = find_mentors(session, installation.settings, mentee, now=bench.now)
        times.append((time.perf_counter() - started) * 1e3)
        cpu_seconds += time.process_time() - cpu_started
        shown.add(len(found.rows))
        if found.notice is not None:
            raise RuntimeError(found.notice)
    details: dict[str, Detail] = {
        "mentor_count": count,
        "shown": max(shown),
        "p95_ms": round(percentile(times[1:], 0.95), 3),
        "cpu_ms": round(cpu_seconds / len(times) * 1e3, 3),
    }
    return Row("find_mentors", WHAT["find_mentors"], (Figure("", "ms", tuple(times[1:])),), details=details)


def _serve_learned(engine: Engine, settings: Settings, random: np.random.Generator, now: datetime) -> None:
    features = random.random((2_000, len(FEATURES)))
    heads = (create_head().fit(features, (random.random(2_000) < features[:, each]).astype(int)) for each in (0, 1))
    saved = save_matcher(settings.models_path, Matcher(*heads), {})
    with unit_of_work(engine) as session:
        model = add_model(
            session,
            model_kind=LearnedModelKind.MENTOR_MATCHING,
            artifact=saved.path.name,
            sha256=saved.sha256,
            card={},
            trained_at=now,
        )
        promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=now)


def _fill(engine: Engine, random: np.random.Generator, count: int, mentee_count: int, now: datetime) -> list[Principal]:
    """Mentors of forty companies with what their mentorships came to, and mentees who look for one."""
    organizations = [new_id() for _ in range(ORGANIZATIONS)]
    people = [new_id() for _ in range(count + mentee_count)]
    mentors, mentees = people[:count], people[count:]
    with unit_of_work(engine) as session:
        session.add_all(
            Organization(id=each, slug=f"company-{at}", name=f"Company {at}", kind=OrganizationKind.SERVICE_COMPANY)
            for at, each in enumerate(organizations)
        )
        session.flush()
        copy_rows(session, Person, ("id", "display_name"), [(each, f"Person {at}") for at, each in enumerate(people)])
        copy_rows(
            session,
            Membership,
            ("id", "person_id", "organization_id", "role", "started_on"),
            [
                (new_id(), each, organizations[at % ORGANIZATIONS], Role.TECHNICIAN, now.date())
                for at, each in enumerate(people)
            ],
        )
        shared = ("person_id", "years_experience", "communication_preferences", "availability", "timezone", "latitude",
                  "longitude", "location_region", "is_remote_welcome", "consented_at")  # fmt: skip
        copy_rows(
            session,
            MentorProfile,
            (*shared, "specializations", "preferred_mentee_levels", "max_mentees", "about"),
            [
                (*_shared(random, each, now), _some(random, Specialization), _some(random, MenteeLevel), 3, "I help.")
                for each in mentors
            ],
        )
        copy_rows(
            session,
            MenteeProfile,
            (*shared, "specialization_interests", "current_level"),
            [(*_shared(random, each, now), _some(random, Specialization), MenteeLevel.APPRENTICE) for each in mentees],
        )
        pairs = list(_pairs(random, mentors))
        copy_rows(
            session,
            Mentorship,
            ("id", "mentor_id", "mentee_id", "mentorship_type", "status", "requested_at", "started_at", "ended_at"),
            [(*pair, MentorshipType.GENERAL, MentorshipStatus.COMPLETED, now, now, now) for pair in pairs],
        )
        copy_rows(
            session,
            MentorshipFeedback,
            ("id", "mentorship_id", "side", "rating", "given_at"),
            [(new_id(), pair[0], MentorshipSide.MENTEE, int(random.integers(1, 6)), now) for pair in pairs[::2]],
        )
    return [Principal(each, "Mentee", frozenset()) for each in mentees]


def _pairs(random: np.random.Generator, mentors: list[UUID]) -> Iterator[tuple[UUID, UUID, UUID]]:
    """Id, mentor and mentee; mentors were mentees themselves once."""
    for at, mentor in enumerate(mentors):
        for step in random.integers(1, len(mentors), MENTORSHIPS_EACH):
            yield new_id(), mentor, mentors[(at + int(step)) % len(mentors)]


def _shared(random: np.random.Generator, person_id: UUID, now: datetime) -> tuple[object, ...]:
    windows = [
        {"weekday": int(day), "from": f"{random.integers(6, 18):02}:00", "until": f"{random.integers(18, 24):02}:30"}
        for day in random.integers(0, 7, 4)
    ]
    formats = _some(random, MeetingFormat)
    return (
        person_id, float(random.uniform(0, 40)), formats, windows,
        ZONES[int(random.integers(len(ZONES)))], float(random.uniform(40, 50)), float(random.uniform(-120, -70)),
        "Ontario", formats != [MeetingFormat.IN_PERSON], now,
    )  # fmt: skip


def _some(random: np.random.Generator, names: type[Specialization | MeetingFormat | MenteeLevel]) -> list[str]:
    chosen = [str(name) for name in names if random.random() < 0.3]
    return chosen or [str(next(iter(names)))]
