"""The operational records the hand-made figures stand for, with the same ids, so that pages can sign in and write."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from operational_db.tables.catalog import Course
from operational_db.tables.compliance import TrainingRequirement
from operational_db.tables.credentials import Certification
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    CourseCategory,
    CourseStatus,
    DeliveryMethod,
    OrganizationKind,
    ProviderType,
    Role,
)
from tests.app.dashboards import release_fixture as figures

LONG_AGO = datetime(2024, 1, 1, 8, tzinfo=UTC)


def write_operational_records(session: Session) -> None:
    """Insert people, organizations, teams, memberships, courses, certifications and requirements of the figures."""
    marts = figures.rows_of_marts()
    times = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
    for row in marts["dim_organization"]:
        session.add(
            Organization(
                id=row["organization_id"],
                name=row["name"],
                slug=str(row["name"]).lower().replace(" ", "-"),
                kind=OrganizationKind(str(row["kind"])),
                is_simulated=True,
                **times,
            )
        )
    session.flush()
    session.add_all(
        Person(
            id=row["person_id"],
            display_name=row["display_name"],
            timezone="America/New_York",
            is_simulated=True,
            **times,
        )
        for row in marts["dim_person"]
    )
    session.add_all(
        Team(id=row["team_id"], organization_id=row["organization_id"], name=row["name"], **times)
        for row in marts["dim_team"]
    )
    session.flush()
    session.add_all(
        Membership(
            id=row["membership_id"],
            person_id=row["person_id"],
            organization_id=row["organization_id"],
            team_id=row["team_id"],
            role=Role(str(row["role"])),
            started_on=row["started_on"],
            **times,
        )
        for row in marts["dim_membership"]
    )
    session.add_all(
        Certification(
            id=row["certification_id"],
            name=row["name"],
            code=row["code"],
            source=CertificationSource.INDUSTRY_BODY,
            issuing_organization=row["issuing_organization"],
            category=CertificationCategory(str(row["category"])),
            trade=row["trade"],
            validity_period_months=24,
            **times,
        )
        for row in marts["dim_certification"]
    )
    session.flush()
    for row in marts["dim_course"]:
        session.add(
            Course(
                id=row["course_id"],
                title=row["title"],
                slug=row["slug"],
                provider_type=ProviderType(str(row["provider_type"])),
                provider_id=row["provider_id"],
                provider_name=row["provider_name"],
                category=CourseCategory(str(row["category"])),
                trade=row["trade"],
                delivery_method=DeliveryMethod.ONLINE_SELF_PACED,
                certification_id=row["certification_id"],
                leads_to_certification=row["certification_id"] is not None,
                status=CourseStatus.PUBLISHED,
                published_at=LONG_AGO,
                **times,
            )
        )
    session.flush()
    needs = {row["required_training_id"]: row for row in marts["fct_required_training"]}
    session.add_all(
        TrainingRequirement(
            id=key,
            organization_id=row["organization_id"],
            course_id=row["course_id"],
            certification_id=row["certification_id"],
            category=row["category"],
            effective_from=LONG_AGO.date(),
            **times,
        )
        for key, row in needs.items()
    )
    session.flush()
