"""Who is in the demo: companies, schools, manufacturers, owners, their teams and people, and when each joined.

All names are made up by putting syllables together; nobody in here exists.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from operational_db.compliance.rules import category_of_certification, category_of_course
from operational_db.demo.batch import Batch
from operational_db.demo.catalogue import (
    MANUFACTURER_MODELS,
    TRADES,
    Catalogue,
    CatalogueBuilder,
    DemoCertification,
    DemoCourse,
)
from operational_db.demo.chance import Chance
from operational_db.ledger.events import MembershipEnded, MembershipStarted, RequirementSet
from operational_db.tables.catalog import LearningPath, LearningPathCourse
from operational_db.tables.compliance import TrainingRequirement
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.types import CertificationCategory, CourseCategory, OrganizationKind, Persona, Role

COMPANY_COUNT = 106
# How many of a company's technicians have which persona; most have none and train for their trade only.
PERSONA_SHARES = (
    (Persona.OPERATIONS, 0.20),
    (Persona.ENGINEER, 0.10),
    (Persona.PARTNER_INTEGRATOR, 0.04),
    (Persona.SECURITY, 0.03),
    (Persona.COMPLIANCE_RISK, 0.03),
)
SCHOOL_COUNT = 12
OWNER_COUNT = 8
HISTORY_DAYS = 730

FIRST_SYLLABLES = ("Har", "Wel", "Bran", "Ash", "Cor", "Dun", "El", "Fen", "Gar", "Hol", "Kes", "Lor", "Mar", "Nor")
LAST_SYLLABLES = ("grove", "mere", "stead", "wick", "combe", "ford", "leigh", "thorpe", "bury", "holt", "shaw", "field")
GIVEN_NAMES = (
    "Ada", "Amir", "Ana", "Ben", "Bo", "Cara", "Chen", "Dana", "Dev", "Eli", "Elsa", "Finn", "Gia", "Hana", "Ivo",
    "Jana", "Jude", "Kai", "Kira", "Lena", "Leo", "Lin", "Luca", "Mara", "Max", "Mia", "Mina", "Nadia", "Nico", "Noor",
    "Omar", "Otto", "Paz", "Pia", "Ravi", "Remy", "Rosa", "Sami", "Sara", "Sven", "Tara", "Theo", "Uma", "Vera",
    "Wim", "Yara", "Yuki", "Zoe",
)  # fmt: skip
FAMILY_STARTS = ("Al", "Bar", "Cal", "Dor", "Er", "Fal", "Gan", "Hal", "Is", "Jor", "Kel", "Lan", "Mor", "Nel", "Or")
FAMILY_ENDS = ("dan", "ell", "ford", "gate", "hurst", "ick", "jen", "kova", "lund", "man", "nez", "ov", "quist", "sen")
REGIONS = ("north", "south", "east", "west", "central")
TIMEZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
COMPANY_WORDS = {"elevators": "Elevator Service", "hvac": "Heating & Cooling", "electrical": "Electrical Works"}
TEAM_NAMES = ("Maintenance", "Modernisation", "Repairs", "Installation", "Night crew")


@dataclass(slots=True)
class DemoRequirement:
    id: UUID
    certification: DemoCertification | None
    course: DemoCourse | None
    team_id: UUID | None
    role: Role
    due_within_days: int
    effective_from: date


@dataclass(slots=True)
class DemoPerson:
    """A technician or student; `ability` is the mean score, `diligence` how reliably required training is done."""

    id: UUID
    started_on: date
    ended_on: date | None
    team_id: UUID | None
    role: Role
    ability: float
    diligence: float
    appetite: float
    persona: Persona | None = None
    # Before that day the company does not train her; None from the first day on.
    trains_from: date | None = None

    @property
    def first_training_on(self) -> date:
        return self.trains_from or self.started_on


@dataclass(slots=True)
class DemoCompany:
    id: UUID
    name: str
    trade: str
    joined_on: date
    quality: float
    manager_id: UUID
    team_ids: list[UUID] = field(default_factory=list)
    people: list[DemoPerson] = field(default_factory=list)
    # Supervisors and auditors: they train for their persona, and take no technician's courses.
    staff: list[DemoPerson] = field(default_factory=list)
    requirements: list[DemoRequirement] = field(default_factory=list)


@dataclass(slots=True)
class DemoSchool:
    id: UUID
    name: str
    trade: str
    quality: float
    path_id: UUID
    courses: list[DemoCourse] = field(default_factory=list)


@dataclass(slots=True)
class DemoOwner:
    """A building owner and the person who acts for it."""

    id: UUID
    name: str
    person_id: UUID


@dataclass
class Industry:
    start: date
    today: date
    companies: list[DemoCompany] = field(default_factory=list)
    schools: list[DemoSchool] = field(default_factory=list)
    owners: list[DemoOwner] = field(default_factory=list)
    catalogue: Catalogue = field(default_factory=Catalogue)
    # Who reviews the platform's content.
    reviewer_id: UUID | None = None


def at_nine(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


class IndustryBuilder:
    """Draws the industry as of `today`, with two years of joiners and leavers behind it."""

    def __init__(self, chance: Chance, personas: Chance, batch: Batch, today: date) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = Industry(start=today - timedelta(days=HISTORY_DAYS), today=today)
        self._names: set[str] = set()
        self._person_names: dict[str, int] = {}
        # Drawn apart, so that personas change nothing else in the industry of a seed number.
        self._personas = personas

    def build(self) -> Industry:
        start = self.industry.start
        manufacturers = {
            name: self._add_organization(name, OrganizationKind.MANUFACTURER, start) for name in MANUFACTURER_MODELS
        }
        builder = CatalogueBuilder(self.chance, self.batch, at_nine(start))
        builder.add_public_courses(manufacturers)
        self.industry.catalogue = builder.catalogue
        self._add_platform()
        for index in range(SCHOOL_COUNT):
            self._add_school(TRADES[index % 3], builder)
        for index in range(COMPANY_COUNT):
            self._add_company(TRADES[index % 3], index, builder)
        for _ in range(OWNER_COUNT):
            name = self._place_name("Properties")
            owner_id = self._add_organization(name, OrganizationKind.BUILDING_OWNER, start)
            person_id = self.add_member(owner_id, Role.BUILDING_OWNER, start)
            self.industry.owners.append(DemoOwner(owner_id, name, person_id))
        return self.industry

    # People and organizations

    def _place_name(self, suffix: str) -> str:
        while True:
            name = f"{self.chance.choice(FIRST_SYLLABLES)}{self.chance.choice(LAST_SYLLABLES)} {suffix}"
            if name not in self._names:
                self._names.add(name)
                return name

    def person_name(self) -> str:
        chance = self.chance
        name = f"{chance.choice(GIVEN_NAMES)} {chance.choice(FAMILY_STARTS)}{chance.choice(FAMILY_ENDS)}"
        seen = self._person_names.get(name, 0)
        self._person_names[name] = seen + 1
        return f"{name} {'I' * (seen + 1)}" if 0 < seen < 3 else f"{name} {seen + 1}" if seen else name

    def _add_organization(self, name: str, kind: OrganizationKind, joined_on: date) -> UUID:
        organization_id = self.chance.new_id(at_nine(joined_on))
        slug = "-".join(name.lower().replace("&", "and").split())
        region = self.chance.choice(REGIONS)
        timezone = self.chance.choice(TIMEZONES)
        self.batch.add(Organization, organization_id, name, slug, kind, region, timezone, True)
        return organization_id

    def add_member(
        self,
        organization_id: UUID,
        role: Role,
        started_on: date,
        *,
        person_id: UUID | None = None,
        team_id: UUID | None = None,
        ended_on: date | None = None,
        persona: Persona | None = None,
    ) -> UUID:
        """A membership with its events; makes the person when none is given."""
        at = at_nine(started_on)
        if person_id is None:
            person_id = self.chance.new_id(at)
            self.batch.add(Person, person_id, self.person_name(), None, self.chance.choice(TIMEZONES), True)
        membership_id = self.chance.new_id(at)
        self.batch.add(
            Membership, membership_id, person_id, organization_id, team_id, role, persona, started_on, ended_on
        )
        self.batch.events.append(
            MembershipStarted(
                subject_id=person_id,
                organization_id=organization_id,
                occurred_at=at,
                membership_id=membership_id,
                role=role,
                team_id=team_id,
                persona=persona,
                started_on=started_on,
            )
        )
        if ended_on is not None:
            self.batch.events.append(
                MembershipEnded(
                    subject_id=person_id,
                    organization_id=organization_id,
                    occurred_at=at_nine(ended_on),
                    membership_id=membership_id,
                    ended_on=ended_on,
                )
            )
        return person_id

    def _add_platform(self) -> None:
        start = self.industry.start
        platform_id = self._add_organization("SiteSync platform", OrganizationKind.PLATFORM, start)
        for role in (Role.PLATFORM_ADMIN, Role.PRODUCT_TEAM, Role.PRODUCT_TEAM, Role.CONTENT_REVIEWER):
            self.industry.reviewer_id = self.add_member(platform_id, role, start, persona=Persona.ENGINEER)

    # Schools

    def _add_school(self, trade: str, builder: CatalogueBuilder) -> None:
        start = self.industry.start
        name = self._place_name("Trades College")
        school_id = self._add_organization(name, OrganizationKind.TRADE_SCHOOL, start)
        quality = self.chance.uniform(0.6, 0.95)
        courses = builder.add_school_courses(school_id, name, trade)
        self.add_member(school_id, Role.SCHOOL_ADMIN, start)
        for _ in range(3):
            self.add_member(school_id, Role.INSTRUCTOR, start)
        path_id = self.chance.new_id(at_nine(start))
        title = f"{trade.capitalize()} technician programme"
        self.batch.add(
            LearningPath, path_id, title, f"{trade}-programme-{path_id.hex[-6:]}", f"Three terms at {name}.", school_id,
            f"{trade}_technician", "entry", trade, 60, ["Apprentice technician"],
        )  # fmt: skip
        for index, course in enumerate(courses):
            self.batch.add(LearningPathCourse, self.chance.new_id(at_nine(start)), path_id, course.id, index + 1, True)
        self.industry.schools.append(DemoSchool(school_id, name, trade, quality, path_id, courses))

    # Companies

    def _add_company(self, trade: str, index: int, builder: CatalogueBuilder) -> None:
        chance, start, today = self.chance, self.industry.start, self.industry.today
        # Six in ten companies were there from the beginning, the others came one by one over twenty months.
        joined_on = chance.day_between(start, start + timedelta(days=60 if index % 10 < 6 else 600))
        name = self._place_name(COMPANY_WORDS[trade])
        company_id = self._add_organization(name, OrganizationKind.SERVICE_COMPANY, joined_on)
        manager_id = self.add_member(company_id, Role.COMPANY_MANAGER, joined_on)
        company = DemoCompany(company_id, name, trade, joined_on, chance.betavariate(4, 1.8), manager_id)
        size = chance.whole(34, low=7, high=150)
        for team_name in TEAM_NAMES[: max(2, min(5, size // 9))]:
            team_id = chance.new_id(at_nine(joined_on))
            self.batch.add(Team, team_id, company_id, team_name)
            company.team_ids.append(team_id)
            person_id = self.add_member(
                company_id, Role.SUPERVISOR, joined_on, team_id=team_id, persona=Persona.OPERATIONS
            )
            company.staff.append(self._staff(company, person_id, Role.SUPERVISOR, Persona.OPERATIONS, team_id))
        if index % 9 == 0:
            person_id = self.add_member(company_id, Role.AUDITOR, joined_on, persona=Persona.COMPLIANCE_RISK)
            company.staff.append(self._staff(company, person_id, Role.AUDITOR, Persona.COMPLIANCE_RISK, None))
        if index % 3 == 0:
            builder.add_company_course(company_id, name, trade)
        for _ in range(size):
            self._add_technician(company, today)
        self._add_requirements(company)
        self.industry.companies.append(company)

    def _staff(
        self, company: DemoCompany, person_id: UUID, role: Role, persona: Persona, team_id: UUID | None
    ) -> DemoPerson:
        ability = self._personas.gauss(86, 5)
        diligence = min(0.99, company.quality + 0.15)
        return DemoPerson(person_id, company.joined_on, None, team_id, role, ability, diligence, 1.0, persona)

    def _persona(self) -> Persona | None:
        drawn = self._personas.random()
        for persona, share in PERSONA_SHARES:
            if drawn < share:
                return persona
            drawn -= share
        return None

    def _add_technician(self, company: DemoCompany, today: date) -> None:
        chance = self.chance
        started_on = company.joined_on
        if chance.happens(0.22):
            started_on = chance.day_between(company.joined_on, today - timedelta(days=5))
        leaves_on = started_on + timedelta(days=round(chance.expovariate(0.11 / 365)))
        self.hire(company, started_on, ended_on=leaves_on if leaves_on < today else None)

    def hire(
        self, company: DemoCompany, started_on: date, *, ended_on: date | None = None, person_id: UUID | None = None
    ) -> DemoPerson:
        """A technician joins a company, as a new person or as one who was a student before."""
        chance = self.chance
        team_id = chance.choice(company.team_ids)
        persona = self._persona()
        person_id = self.add_member(
            company.id,
            Role.TECHNICIAN,
            started_on,
            team_id=team_id,
            ended_on=ended_on,
            person_id=person_id,
            persona=persona,
        )
        diligence = min(0.99, max(0.35, chance.gauss(0.42 + 0.56 * company.quality, 0.08)))
        person = DemoPerson(
            person_id,
            started_on,
            ended_on,
            team_id,
            Role.TECHNICIAN,
            ability=chance.gauss(81, 7),
            diligence=diligence,
            appetite=chance.lognormvariate(0, 0.6),
            persona=persona,
        )
        company.people.append(person)
        return person

    def _add_requirements(self, company: DemoCompany) -> None:
        chance, catalogue = self.chance, self.industry.catalogue
        safety = catalogue.required_kinds(company.trade, CertificationCategory.SAFETY)
        codes = catalogue.required_kinds(company.trade, CertificationCategory.COMPLIANCE)
        equipment = [
            c for c in catalogue.required_kinds(company.trade, CertificationCategory.EQUIPMENT) if c.trade != "all"
        ]
        for certification in chance.some(safety, 2 + chance.randrange(2)):
            self._require(company, certification=certification, due=30)
        self._require(company, certification=chance.choice(codes), due=60)
        for team_id in chance.some(company.team_ids, 1 + chance.randrange(2)):
            self._require(company, certification=chance.choice(equipment), team_id=team_id, due=90)
        electives = [c for c in catalogue.electives(company.trade) if c.category is CourseCategory.TECHNOLOGY]
        later = timedelta(days=chance.randrange(30, 300))
        effective_from = min(company.joined_on + later, self.industry.today - timedelta(days=20))
        self._require(company, course=chance.choice(electives), due=45, effective_from=effective_from)
        own = catalogue.company_courses.get(company.id)
        if own is not None:
            self._require(company, course=own, due=14)

    def _require(
        self,
        company: DemoCompany,
        *,
        due: int,
        certification: DemoCertification | None = None,
        course: DemoCourse | None = None,
        team_id: UUID | None = None,
        effective_from: date | None = None,
    ) -> None:
        since = effective_from or company.joined_on
        requirement = DemoRequirement(
            self.chance.new_id(at_nine(since)), certification, course, team_id, Role.TECHNICIAN, due, since
        )
        if certification is not None:
            category = category_of_certification(certification.category)
        elif course is not None:
            category = category_of_course(course.category)
        else:
            raise ValueError("A requirement names a certification or a course.")
        company.requirements.append(requirement)
        self.batch.add(
            TrainingRequirement,
            requirement.id,
            company.id,
            course.id if course else None,
            certification.id if certification else None,
            category,
            Role.TECHNICIAN,
            team_id,
            due,
            since,
            company.manager_id,
        )
        self.batch.events.append(
            RequirementSet(
                subject_id=None,
                organization_id=company.id,
                occurred_at=at_nine(since),
                requirement_id=requirement.id,
                course_id=course.id if course else None,
                certification_id=certification.id if certification else None,
                category=category,
                role=Role.TECHNICIAN,
                team_id=team_id,
                due_within_days=due,
                effective_from=since,
            )
        )
