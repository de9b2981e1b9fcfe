"""Who looks at which pages: people of every role from the release, and every page their roles open.

The pages come from the dashboards' own list, so a new page is measured without being named here. A record page, one
that is not in the menu, is opened for records of the viewer's organization: its query parameter is its file's name.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import duckdb
from sqlalchemy.orm import Session

from app.dashboards.navigation import PAGES, Area, PageEntry, areas_of
from operational_db.identity.service import principal_for
from operational_db.releases.manifest import current_manifest
from operational_db.types import Role
from tests.benchmarks.installation import Installation
from tests.benchmarks.viewing import ViewerPlan, Visit

RECORDS_VISITED = 3
# One record page visited by nobody would make the row incomplete: these say where its records are found.
RECORD_QUERIES = {
    "person": "select person_id, count(*) as weight from marts.fct_required_training "
    "where organization_id = $organization group by all",
    "course": "select course_id, sum(enrolled_count) as weight from marts.school_progress "
    "where organization_id = $organization group by all",
    "incident": "select incident_id, count(*) as weight from marts.fct_incident_person "
    "where organization_id = $organization group by all",
    "version": "select lesson_version_id, 1 as weight from marts.content_lifecycle "
    "where organization_id = $organization",
    # A draft may be of any version, or of a new lesson.
    "draft": "select lesson_version_id, 1 as weight from marts.content_lifecycle where organization_id = $organization",
    "building": "select building_id, count(*) as weight from marts.dim_equipment where owner_id = $organization "
    "group by all",
    "contractor": "select contractor_id, 1 as weight from marts.contractor_scorecard where owner_id = $organization",
    "student": "select person_id, count(*) as weight from marts.fct_enrollment where course_id in "
    "(select course_id from marts.dim_course where provider_id = $organization) group by all",
}
# Of twenty viewers, how many have which role; companies and schools are where most of them work.
VIEWERS_BY_ROLE = {
    Role.COMPANY_MANAGER: 6,
    Role.SUPERVISOR: 3,
    Role.SCHOOL_ADMIN: 2,
    Role.INSTRUCTOR: 2,
    Role.PRODUCT_TEAM: 2,
    Role.PLATFORM_ADMIN: 1,
    Role.AUDITOR: 1,
    Role.TECHNICIAN: 2,
    Role.STUDENT: 1,
}


@dataclass(frozen=True)
class Member:
    """Somebody with a role, and how many people their organization has."""

    person_id: UUID
    organization_id: UUID
    role: Role
    organization_size: int


class Audience:
    """The people of an installation's current release."""

    def __init__(self, installation: Installation, today: date) -> None:
        self._installation = installation
        self._today = today
        self._path = current_manifest(installation.settings).path
        self._members = self._read_members()

    def _read_members(self) -> dict[Role, list[Member]]:
        """Of each role one person per organization, the largest organization first."""
        with duckdb.connect(self._path, read_only=True, config={"threads": 2}) as release:
            rows = release.execute(
                "select min(person_id), organization_id, role, any_value(size) from ("
                "  select *, count(*) over (partition by organization_id) as size from marts.dim_membership"
                "  where is_current"
                ") group by organization_id, role order by 4 desc, 2"
            ).fetchall()
        members: dict[Role, list[Member]] = {}
        for person_id, organization_id, role, size in rows:
            members.setdefault(Role(role), []).append(Member(person_id, organization_id, Role(role), size))
        return members

    def largest(self) -> list[ViewerPlan]:
        """One viewer of each role, in the largest organization that has the role, and all their pages."""
        return [self._plan(members[0]) for _, members in sorted(self._members.items())]

    def crowd(self, count: int) -> list[ViewerPlan]:
        """`count` viewers, the roles mixed as in a working day, spread over organizations of all sizes."""
        roles = [role for role, number in VIEWERS_BY_ROLE.items() for _ in range(number) if role in self._members]
        chosen = [roles[number % len(roles)] for number in range(count)]
        plans = []
        for number, role in enumerate(chosen):
            members = self._members[role]
            same = chosen[: number + 1].count(role) - 1
            plans.append(self._plan(members[same * len(members) // chosen.count(role)], number))
        return plans

    def _plan(self, member: Member, number: int = 0) -> ViewerPlan:
        with Session(self._installation.engine) as session:
            areas = areas_of(principal_for(session, member.person_id, on=self._today))
        visits = [visit for page in PAGES if page.area in areas for visit in self._visits(page, member)]
        return ViewerPlan(str(member.person_id), f"{member.role} {number}", tuple(visits))

    def _visits(self, page: PageEntry, member: Member) -> list[Visit]:
        if page.is_in_menu or page.area is Area.ME:
            return [Visit(page.address)]
        query = RECORD_QUERIES.get(page.file)
        if query is None:
            raise LookupError(f"Say in RECORD_QUERIES which records the page {page.address} shows.")
        with duckdb.connect(self._path, read_only=True, config={"threads": 2}) as release:
            found = release.execute(
                f"select * from ({query}) order by weight desc, 1 limit {RECORDS_VISITED}",
                {"organization": member.organization_id},
            ).fetchall()
        return [Visit(page.address, f"{page.file}={record_id}") for record_id, _ in found]
