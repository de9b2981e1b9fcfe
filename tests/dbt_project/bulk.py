"""Landing folders with many random entries, made column-wise: ten million in a minute or so.

Serves benchmarks and tests of size; histories whose every date matters are in `histories`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from tests.dbt_project.landing import (
    DIMENSION_SCHEMAS,
    ENTRY_SCHEMA,
    Landing,
    write_dimensions,
    write_schemas,
    write_segment,
)

TextColumn = npt.NDArray[np.uint8]
_HYPHENS = (8, 13, 18, 23)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def _random_ids(rng: np.random.Generator, count: int) -> TextColumn:
    """`count` random version 4 UUIDs as a (count, 36) matrix of characters."""
    raw = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    digits = np.empty((count, 32), dtype=np.uint8)
    digits[:, 0::2] = _HEX[raw >> 4]
    digits[:, 1::2] = _HEX[raw & 0x0F]
    text = np.empty((count, 36), dtype=np.uint8)
    text[:, list(_HYPHENS)] = ord("-")
    positions = [index for index in range(36) if index not in _HYPHENS]
    text[:, positions] = digits
    return text


def _series(text: TextColumn) -> pl.Series:
    """The rows of a character matrix as a string column."""
    count, width = text.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int64)
    characters = np.ascontiguousarray(text)
    array = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(characters.tobytes()))
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series


@dataclass(frozen=True)
class BulkSize:
    """Shape of a bulk history: how many entries, about how many people, over how many days before `as_of`."""

    entry_count: int
    people_count: int
    organization_count: int = 200
    course_count: int = 300
    certification_count: int = 60
    school_count: int = 15
    seed: int = 7
    days: int = 730
    segment_size: int = 1_000_000


class _Bulk:
    """Entities of a bulk history, and the entries that tell of them, kind by kind."""

    def __init__(self, size: BulkSize, as_of: datetime) -> None:
        self.size = size
        self.as_of = as_of
        self.rng = np.random.default_rng(size.seed)
        self.start = as_of - timedelta(days=size.days)
        self.seconds = size.days * 86_400 - 3_600
        rng = self.rng
        self.people = _random_ids(rng, size.people_count)
        self.organizations = _random_ids(rng, size.organization_count)
        self.courses = _random_ids(rng, size.course_count)
        self.assessments = _random_ids(rng, size.course_count * 4)
        self.modules = _random_ids(rng, size.course_count * 8)
        self.certifications = _random_ids(rng, size.certification_count)
        self.teams = _random_ids(rng, size.organization_count * 5)
        self.person_organization = rng.integers(0, size.organization_count, size.people_count)
        # Three certifications and two courses that each organization requires; most learning is about those.
        self.required_kinds = rng.integers(0, size.certification_count, (size.organization_count, 3))
        self.required_courses = rng.integers(0, size.course_count, (size.organization_count, 2))
        self.frames: dict[str, tuple[npt.NDArray[np.int64], pl.DataFrame]] = {}

    def count(self, share: float) -> int:
        return max(1, int(self.size.entry_count * share))

    def days_text(self, seconds: npt.NDArray[np.int64], plus_days: int = 0) -> pl.Expr:
        days = (seconds // 86_400 + plus_days).astype(np.int32)
        first = (self.start.date() - date(1970, 1, 1)).days
        return pl.lit(pl.Series(days + np.int32(first))).cast(pl.Date).dt.strftime("%Y-%m-%d")

    def add(
        self,
        kind: str,
        seconds: npt.NDArray[np.int64],
        subject: npt.NDArray[np.int64],
        body: Sequence[pl.Expr],
        columns: Mapping[str, pl.Series],
        organization: npt.NDArray[np.int64] | None = None,
    ) -> None:
        organization = self.person_organization[subject] if organization is None else organization
        frame = pl.DataFrame(
            {
                "subject_id": _series(self.people[subject]),
                "organization_id": _series(self.organizations[organization]),
                **columns,
            }
        )
        frame = frame.select("subject_id", "organization_id", pl.concat_str(body).alias("body"))
        self.frames[kind] = (seconds, frame)

    def make(self) -> None:
        self._learning()
        self._certificates()
        self._memberships()
        self._requirements()
        self._assignments()
        self._mentorships()
        self._attempts()

    def _learning(self) -> None:
        rng, size = self.rng, self.size
        enrollments = self.count(0.12)
        ids = _random_ids(rng, enrollments)
        person = rng.integers(0, size.people_count, enrollments)
        course = rng.integers(0, size.course_count, enrollments)
        wanted = self.required_courses[self.person_organization[person], rng.integers(0, 2, enrollments)]
        course = np.where(rng.random(enrollments) < 0.15, wanted, course)
        opened = rng.integers(0, int(self.seconds * 0.9), enrollments)
        self.enrollments = (ids, person, course, opened)
        left = self.seconds - opened
        order = np.lexsort((opened, course, person))
        same = np.concatenate(
            ([False], (person[order][1:] == person[order][:-1]) & (course[order][1:] == course[order][:-1]))
        )
        cycle = np.ones(enrollments, dtype=np.int64)
        run = np.arange(enrollments) - np.maximum.accumulate(np.where(same, 0, np.arange(enrollments)))
        cycle[order] = run + 1
        course_text = self.courses[course]
        lit = pl.lit
        self.add(
            "enrollment.opened", opened, person,
            [lit('{"course_id":"'), pl.col("c"), lit('","cycle_number":'), pl.col("n"), lit(',"enrollment_id":"'),
             pl.col("e"), lit('"}')],
            {"c": _series(course_text), "e": _series(ids), "n": pl.Series(cycle)},
        )  # fmt: skip
        count = self.count(0.20)
        which = rng.integers(0, enrollments, count)
        seconds = opened[which] + 60 + (rng.random(count) * (left[which] - 120) * 0.5).astype(np.int64)
        module = course[which] * 8 + rng.integers(0, 8, count)
        self.add(
            "module.completed", seconds, person[which],
            [lit('{"course_id":"'), pl.col("c"), lit('","enrollment_id":"'), pl.col("e"), lit('","module_id":"'),
             pl.col("m"), lit('","time_spent_minutes":'), pl.col("t"), lit("}")],
            {"c": _series(course_text[which]), "e": _series(ids[which]), "m": _series(self.modules[module]),
             "t": pl.Series(rng.integers(5, 90, count))},
        )  # fmt: skip
        ended = self.count(0.10)
        which = rng.permutation(enrollments)[:ended]
        seconds = opened[which] + 120 + ((0.6 + rng.random(ended) * 0.39) * (left[which] - 240)).astype(np.int64)
        outcome = rng.choice(3, ended, p=[0.75, 0.15, 0.10])
        for index, kind in enumerate(("enrollment.completed", "enrollment.dropped", "enrollment.failed")):
            chosen = outcome == index
            rows = which[chosen]
            columns = {"c": _series(course_text[rows]), "e": _series(ids[rows])}
            body = [lit('"course_id":"'), pl.col("c"), lit('","enrollment_id":"'), pl.col("e"), lit('"')]
            if index == 0:
                columns["s"] = pl.Series(rng.integers(50, 101, rows.size))
                body = [lit('{"ce_credits":"1.5",'), *body, lit(',"final_score":"'), pl.col("s"), lit('"}')]
            else:
                body = [lit("{"), *body, lit("}")]
            self.add(kind, seconds[chosen], person[rows], body, columns)

    def _attempts(self) -> None:
        """What is left of the entry count, about 46 in a hundred: graded attempts."""
        rng, lit = self.rng, pl.lit
        ids, person, course, opened = self.enrollments
        left, course_text = self.seconds - opened, self.courses[course]
        count = max(1, self.size.entry_count - sum(frame.height for _, frame in self.frames.values()))
        which = rng.integers(0, ids.shape[0], count)
        seconds = opened[which] + 60 + (rng.random(count) * (left[which] - 120) * 0.6).astype(np.int64)
        assessment = course[which] * 4 + rng.integers(0, 4, count)
        score = rng.integers(20, 101, count)
        banked = rng.random(count) < 0.01
        unscored = rng.random(count) < 0.001
        result = pl.DataFrame({"s": score, "u": unscored}).select(
            passed=pl.when(pl.col("u")).then(lit("")).when(pl.col("s") >= 70).then(lit(',"passed":true'))
            .otherwise(lit(',"passed":false')),
            score=pl.when(pl.col("u")).then(lit("")).otherwise(pl.format(',"score":"{}"', pl.col("s"))),
        )  # fmt: skip
        self.add(
            "attempt.graded", seconds, person[which],
            [lit('{"assessment_id":"'), pl.col("a"), lit('","attempt_id":"'), pl.col("i"), lit('","attempt_number":1,'),
             lit('"course_id":"'), pl.col("c"), lit('","enrollment_id":"'), pl.col("e"),
             lit('","is_banked":'), pl.col("b"), pl.col("passed"), pl.col("score"), lit("}")],
            {"a": _series(self.assessments[assessment]), "i": _series(_random_ids(rng, count)),
             "c": _series(course_text[which]), "e": _series(ids[which]),
             "b": pl.Series(np.where(banked, "true", "false")),
             "passed": result["passed"], "score": result["score"]},
        )  # fmt: skip

    def _certificates(self) -> None:
        rng, size, lit = self.rng, self.size, pl.lit
        issued = self.count(0.04)
        ids = _random_ids(rng, issued)
        person = rng.integers(0, size.people_count, issued)
        kind = rng.integers(0, size.certification_count, issued)
        wanted = self.required_kinds[self.person_organization[person], rng.integers(0, 3, issued)]
        kind = np.where(rng.random(issued) < 0.7, wanted, kind)
        seconds = rng.integers(0, int(self.seconds * 0.8), issued)

        def dates(at: npt.NDArray[np.int64]) -> dict[str, pl.Series]:
            return {
                "on": pl.select(self.days_text(at)).to_series(),
                "until": pl.select(self.days_text(at, 365)).to_series(),
            }

        tail = [lit('","earned_through":"external","expires_on":"'), pl.col("until"),
                lit('","is_verified":true,"issued_on":"'), pl.col("on")]  # fmt: skip
        self.add(
            "certificate.issued", seconds, person,
            [lit('{"certificate_id":"'), pl.col("i"), lit('","certification_id":"'), pl.col("k"), *tail, lit('"}')],
            {"i": _series(ids), "k": _series(self.certifications[kind]), **dates(seconds)},
        )  # fmt: skip
        renewed = self.count(0.008)
        which = rng.permutation(issued)[:renewed]
        at = seconds[which] + 60 + (rng.random(renewed) * (self.seconds - seconds[which] - 120)).astype(np.int64)
        self.add(
            "certificate.renewed", at, person[which],
            [lit('{"certificate_id":"'), pl.col("i"), lit('","certification_id":"'), pl.col("k"), *tail,
             lit('","renews_id":"'), pl.col("r"), lit('"}')],
            {"i": _series(_random_ids(rng, renewed)), "r": _series(ids[which]),
             "k": _series(self.certifications[kind[which]]), **dates(at)},
        )  # fmt: skip
        revoked = self.count(0.001)
        which = rng.permutation(issued)[:revoked]
        at = seconds[which] + 60 + (rng.random(revoked) * (self.seconds - seconds[which] - 120)).astype(np.int64)
        self.add(
            "certificate.revoked", at, person[which],
            [lit('{"certificate_id":"'), pl.col("i"), lit('","certification_id":"'), pl.col("k"),
             lit('","revoked_from":"'), pl.col("on"), lit('"}')],
            {"i": _series(ids[which]), "k": _series(self.certifications[kind[which]]), "on": dates(at)["on"]},
        )  # fmt: skip

    def _memberships(self) -> None:
        rng, size, lit = self.rng, self.size, pl.lit
        person = np.arange(size.people_count)
        organization = self.person_organization
        team = organization * 5 + rng.integers(0, 5, size.people_count)
        started = rng.integers(0, int(self.seconds * 0.3), size.people_count)
        ids = _random_ids(rng, size.people_count)
        role = np.array(["technician", "technician", "technician", "supervisor"])[person % 4]
        self.add(
            "membership.started", started, person,
            [lit('{"membership_id":"'), pl.col("i"), lit('","role":"'), pl.col("r"), lit('","started_on":"'),
             pl.col("on"), lit('","team_id":"'), pl.col("t"), lit('"}')],
            {"i": _series(ids), "r": pl.Series(role), "t": _series(self.teams[team]),
             "on": pl.select(self.days_text(started)).to_series()},
        )  # fmt: skip
        ended = rng.permutation(size.people_count)[: size.people_count // 10]
        at = (
            started[ended]
            + 86_400
            + (rng.random(ended.size) * (self.seconds - started[ended] - 90_000)).astype(np.int64)
        )
        self.add(
            "membership.ended", at, ended,
            [lit('{"ended_on":"'), pl.col("on"), lit('","membership_id":"'), pl.col("i"), lit('"}')],
            {"i": _series(ids[ended]), "on": pl.select(self.days_text(at)).to_series()},
        )  # fmt: skip

    def _requirements(self) -> None:
        rng, size, lit = self.rng, self.size, pl.lit
        count = size.organization_count * 5
        organization = np.repeat(np.arange(size.organization_count), 5)
        self.requirements = _random_ids(rng, count)
        seconds = rng.integers(0, int(self.seconds * 0.5), count)
        number = np.arange(count) % 5
        on_course = number >= 3
        course = self.required_courses[organization, np.clip(number - 3, 0, 1)]
        kind = self.required_kinds[organization, np.clip(number, 0, 2)]
        subject = np.where(on_course[:, None], self.courses[course], self.certifications[kind])
        category = np.array(["safety", "equipment", "compliance", "management", "general"])[number]
        columns = {
            "g": pl.Series(category), "i": _series(self.requirements), "k": _series(subject),
            "name": pl.Series(np.where(on_course, "course_id", "certification_id")),
            "on": pl.select(self.days_text(seconds)).to_series(),
        }  # fmt: skip
        frame_subject = np.zeros(count, dtype=np.int64)
        self.add(
            "requirement.set", seconds, frame_subject,
            [lit('{"category":"'), pl.col("g"), lit('","'), pl.col("name"), lit('":"'), pl.col("k"),
             lit('","due_within_days":30,"effective_from":"'), pl.col("on"), lit('","requirement_id":"'), pl.col("i"),
             lit('"}')],
            columns, organization,
        )  # fmt: skip

    def _assignments(self) -> None:
        rng, size, lit = self.rng, self.size, pl.lit
        count = self.count(0.03)
        person = rng.integers(0, size.people_count, count)
        course = rng.integers(0, size.course_count, count)
        seconds = rng.integers(0, int(self.seconds * 0.95), count)
        recipients, assignments = _random_ids(rng, count), _random_ids(rng, count)
        category = np.array(["safety", "equipment", "compliance", "management", "general"])[rng.integers(0, 5, count)]
        self.add(
            "training.assigned", seconds, person,
            [lit('{"assignment_id":"'), pl.col("a"), lit('","category":"'), pl.col("g"), lit('","course_id":"'),
             pl.col("c"), lit('","due_on":"'), pl.col("due"), lit('","is_mandatory":true,"recipient_id":"'),
             pl.col("r"), lit('"}')],
            {"a": _series(assignments), "r": _series(recipients), "g": pl.Series(category),
             "c": _series(self.courses[course]), "due": pl.select(self.days_text(seconds, 45)).to_series()},
        )  # fmt: skip
        exempted = self.count(0.002)
        which = rng.permutation(count)[:exempted]
        at = seconds[which] + 60
        self.add(
            "exemption.granted", at, person[which],
            [lit('{"approver_id":"'), pl.col("p"), lit('","ends_on":"'), pl.col("until"), lit('","exemption_id":"'),
             pl.col("x"), lit('","recipient_id":"'), pl.col("r"), lit('","starts_on":"'), pl.col("on"), lit('"}')],
            {"p": _series(self.people[rng.integers(0, size.people_count, exempted)]),
             "x": _series(_random_ids(rng, exempted)), "r": _series(recipients[which]),
             "on": pl.select(self.days_text(at)).to_series(),
             "until": pl.select(self.days_text(at, 90)).to_series()},
        )  # fmt: skip

    def _mentorships(self) -> None:
        rng, size, lit = self.rng, self.size, pl.lit
        count = self.count(0.008)
        mentee = rng.integers(0, size.people_count, count)
        mentor = (mentee + 1 + rng.integers(0, size.people_count - 1, count)) % size.people_count
        seconds = rng.integers(0, int(self.seconds * 0.9), count)
        ids = _random_ids(rng, count)
        columns = {"i": _series(ids), "m": _series(self.people[mentor])}
        body = [lit('{"mentor_id":"'), pl.col("m"), lit('","mentorship_id":"'), pl.col("i")]
        self.add("mentorship.requested", seconds, mentee, [*body, lit('","mentorship_type":"general"}')], columns)
        self.add("mentorship.accepted", seconds + 3_600, mentee, [*body, lit('"}')], columns)

    def dimensions(self) -> dict[str, pl.DataFrame]:
        size = self.size
        index = np.arange(size.course_count)
        school = index % size.school_count
        is_school = index % 2 == 0
        organizations = pl.DataFrame(
            {
                "organization_id": _series(self.organizations),
                "name": [f"Organization {number}" for number in range(size.organization_count)],
                "kind": ["trade_school" if number < size.school_count else "service_company"
                         for number in range(size.organization_count)],
            }
        ).with_columns(region=pl.lit(None, pl.String), timezone=pl.lit("UTC"), is_simulated=pl.lit(True))  # fmt: skip
        people = pl.DataFrame({"person_id": _series(self.people)}).with_columns(
            display_name=pl.lit("Person"), is_simulated=pl.lit(True), timezone=pl.lit("UTC"), erased=pl.lit(False)
        )
        teams = pl.DataFrame(
            {
                "team_id": _series(self.teams),
                "organization_id": _series(self.organizations[np.arange(len(self.teams)) // 5]),
                "name": [f"Team {number}" for number in range(len(self.teams))],
            }
        )
        leads = index % 5 == 0
        courses = pl.DataFrame(
            {
                "course_id": _series(self.courses),
                "title": [f"Course {number}" for number in index],
                "slug": [f"course-{number}" for number in index],
                "provider_type": np.where(is_school, "trade_school", "sitesync"),
                "provider_id": _series(self.organizations[school]),
                "provider_name": [f"Organization {number}" for number in school],
                "category": np.array(["safety_certification", "code_compliance", "management"])[index % 3],
                "trade": ["elevators"] * size.course_count,
                "level": ["beginner"] * size.course_count,
                "delivery_method": ["online_self_paced"] * size.course_count,
                "estimated_hours": [4.0] * size.course_count,
                "leads_to_certification": leads,
                "certification_id": _series(self.certifications[index % size.certification_count]),
                "ce_credits": [1.5] * size.course_count,
                "session_starts_on": pl.Series([None] * size.course_count, dtype=pl.Date()),
                "status": ["published"] * size.course_count,
                "published_at": pl.Series([self.start] * size.course_count, dtype=pl.Datetime("us", "UTC")),
                "price": [0.0] * size.course_count,
                "currency": ["USD"] * size.course_count,
            },
            schema_overrides=DIMENSION_SCHEMAS["courses"],
        ).with_columns(
            provider_id=pl.when(pl.Series(is_school)).then(pl.col("provider_id")),
            certification_id=pl.when(pl.col("leads_to_certification")).then(pl.col("certification_id")),
        )
        modules = pl.DataFrame({"course_id": _series(self.courses)}).with_columns(
            module_count=pl.lit(8, pl.Int64), required_module_count=pl.lit(8, pl.Int64)
        )
        assessments = pl.DataFrame(
            {
                "assessment_id": _series(self.assessments),
                "course_id": _series(self.courses[np.arange(len(self.assessments)) // 4]),
            }
        ).with_columns(title=pl.lit("Quiz"), assessment_type=pl.lit("quiz"), passing_score=pl.lit(70, pl.Int32))
        certifications = pl.DataFrame(
            {
                "certification_id": _series(self.certifications),
                "name": [f"Certification {number}" for number in range(size.certification_count)],
                "code": [f"C-{number}" for number in range(size.certification_count)],
            }
        ).with_columns(
            source=pl.lit("industry_body"), issuing_organization=pl.lit("Board"), category=pl.lit("safety"),
            trade=pl.lit("elevators"), validity_period_months=pl.lit(12, pl.Int32),
        )  # fmt: skip
        return {
            "people": people, "organizations": organizations, "teams": teams, "courses": courses,
            "course_modules": modules, "assessments": assessments, "certifications": certifications,
        }  # fmt: skip


def write_bulk(root: Path, size: BulkSize, as_of: datetime, last_segment: int = 1_000) -> Landing:
    """`size.entry_count` random entries in ledger order; the last `last_segment` are a segment of their own.

    Most kinds are a share of the entries, memberships follow the people, requirements the organizations, and attempts
    fill up the rest.
    """
    bulk = _Bulk(size, as_of)
    bulk.make()
    kinds = list(bulk.frames)
    seconds = np.concatenate([bulk.frames[kind][0] for kind in kinds])
    leaf = np.empty(seconds.size, dtype=np.int64)
    leaf[np.argsort(seconds, kind="stable")] = np.arange(seconds.size)
    total = int(seconds.size)
    landing = Landing(root, total)
    write_schemas(landing)
    write_dimensions(landing, bulk.dimensions())
    cuts = [*range(0, total - last_segment, size.segment_size), total - last_segment, total]
    offset = 0
    ready: dict[str, pl.DataFrame] = {}
    for kind in kinds:
        kind_seconds, frame = bulk.frames.pop(kind)
        rows = kind_seconds.size
        microseconds = (kind_seconds + int(bulk.start.timestamp())) * 1_000_000
        occurred = pl.Series(microseconds).cast(pl.Datetime("us", "UTC"))
        ready[kind] = frame.with_columns(
            leaf_index=pl.Series(leaf[offset : offset + rows]),
            event_id=_series(_random_ids(bulk.rng, rows)),
            kind_version=pl.lit(1, pl.Int16),
            occurred_at=occurred,
            recorded_at=occurred,
        ).select(list(ENTRY_SCHEMA)).sort("leaf_index")  # fmt: skip
        offset += rows
    for start, end in pairwise(cuts):
        parts = {
            kind: part
            for kind, frame in ready.items()
            if (part := frame.filter(pl.col("leaf_index").is_between(start, end - 1))).height
        }
        write_segment(landing, parts, start, end)
    return landing
