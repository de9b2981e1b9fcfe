"""The demo's certifications and courses: titles, categories, hours and what leads to what. Invented throughout."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.tables.catalog import Course, CourseAssessment, CourseModule, ModuleContent
from operational_db.tables.credentials import Certification
from operational_db.types import (
    AssessmentType,
    CertificationCategory,
    CertificationSource,
    ContentType,
    CourseCategory,
    CourseLevel,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    PricingModel,
    ProviderType,
)

TRADES = ("elevators", "hvac", "electrical")
PASSING_SCORE = 70

MANUFACTURER_MODELS = {
    "Aldervane Lifts": ("elevators", ("AV-200 gearless drive", "AV-7 door operator", "Orbit group controller")),
    "Brightmoor Elevating": ("elevators", ("BM hydraulic unit", "Pathway escalator", "BM-X traction machine")),
    "Castellane Climate": ("hvac", ("CC rooftop unit", "Polar chiller", "VR-4 refrigerant system")),
    "Dunmarrow Air": ("hvac", ("DA air handler", "Heatwell boiler", "DA-9 control panel")),
    "Eastvale Switchgear": ("electrical", ("EV low-voltage board", "Sentry breaker", "EV-5 transfer switch")),
    "Fenwyck Drives": ("electrical", ("FD frequency drive", "Motorwatch relay", "FD-2 soft starter")),
}

# (code, name, category, trade, months valid, source, issuer)
GENERAL_CERTIFICATIONS = (
    ("SAFE-FALL", "Work at height and fall protection", "safety", "all", 12, "sitesync"),
    ("SAFE-LOTO", "Lockout and tagout", "safety", "all", 12, "sitesync"),
    ("SAFE-CONF", "Confined space entry", "safety", "all", 12, "third_party"),
    ("SAFE-AID", "First aid on site", "safety", "all", 24, "third_party"),
    ("SAFE-ARC", "Arc flash awareness", "safety", "electrical", 12, "sitesync"),
    ("SAFE-REFR", "Refrigerant handling", "safety", "hvac", 24, "government"),
    ("SAFE-PIT", "Pit and hoistway safety", "safety", "elevators", 12, "sitesync"),
    ("CODE-ELEV", "Elevator safety code", "compliance", "elevators", 24, "industry_body"),
    ("CODE-HVAC", "Mechanical code", "compliance", "hvac", 24, "industry_body"),
    ("CODE-ELEC", "Electrical code", "compliance", "electrical", 24, "industry_body"),
    ("CODE-ACCESS", "Accessibility of lifting platforms", "compliance", "elevators", 36, "industry_body"),
    ("CODE-ENERGY", "Building energy code", "compliance", "hvac", 36, "industry_body"),
    ("MGMT-LEAD", "Crew leadership", "management", "all", None, "sitesync"),
)

# Credits a cycle asks for, how many of those beyond go into the next, and from which last months.
CE_TERMS: dict[str, tuple[Decimal, Decimal, int | None]] = {
    "CODE-ELEV": (Decimal(8), Decimal(2), 6),
    "CODE-HVAC": (Decimal(8), Decimal(2), 6),
    "CODE-ELEC": (Decimal(8), Decimal(2), 6),
    "CODE-ACCESS": (Decimal(6), Decimal(0), None),
}

TOPICS: dict[CourseCategory, tuple[tuple[str, str], ...]] = {
    CourseCategory.SOFT_SKILLS: (
        ("all", "Explaining a repair to a tenant"),
        ("all", "Calm conversations on a callback"),
        ("all", "Writing a job report others can use"),
        ("all", "Working with building managers"),
        ("all", "Handing over a shift"),
        ("all", "Coaching an apprentice on the job"),
        ("all", "Clear radio and phone calls"),
        ("all", "Estimating time and saying so"),
    ),
    CourseCategory.MANAGEMENT: (
        ("all", "Planning a maintenance route"),
        ("all", "Managing spare parts"),
        ("all", "Leading a small crew"),
        ("all", "Reading a service contract"),
        ("all", "Running a toolbox talk"),
        ("all", "Budgeting a modernisation"),
        ("all", "Reviewing near misses"),
        ("all", "Hiring and onboarding technicians"),
    ),
    CourseCategory.TECHNOLOGY: (
        ("all", "Reading remote monitoring alarms"),
        ("all", "Digital job sheets"),
        ("elevators", "Controller diagnostics with a laptop"),
        ("hvac", "Building automation basics"),
        ("electrical", "Thermal imaging of boards"),
        ("all", "Protecting customer data in the field"),
        ("hvac", "Trend logs and fault finding"),
        ("electrical", "Configuring a frequency drive"),
        ("elevators", "Vibration and ride quality measurement"),
        ("all", "Using the parts catalogue"),
    ),
    CourseCategory.APPRENTICESHIP: (
        ("elevators", "Apprentice year one: elevators"),
        ("elevators", "Apprentice year two: elevators"),
        ("hvac", "Apprentice year one: heating and cooling"),
        ("hvac", "Apprentice year two: heating and cooling"),
        ("electrical", "Apprentice year one: electrical"),
        ("electrical", "Apprentice year two: electrical"),
    ),
    CourseCategory.CONTINUING_EDUCATION: (
        ("elevators", "Code changes for elevator mechanics"),
        ("hvac", "New refrigerants in practice"),
        ("electrical", "Code changes for electricians"),
        ("elevators", "Rope inspection refresher"),
        ("hvac", "Combustion analysis refresher"),
        ("electrical", "Grounding and bonding refresher"),
        ("elevators", "Escalator step chain care"),
        ("hvac", "Airflow measurement refresher"),
        ("electrical", "Emergency power systems"),
        ("all", "Ergonomics for service work"),
        ("all", "Asbestos and lead awareness"),
        ("all", "Driving between jobs"),
    ),
    CourseCategory.CODE_COMPLIANCE: (
        ("elevators", "Acceptance inspection of a new elevator"),
        ("elevators", "Periodic test records"),
        ("hvac", "Ventilation rates and records"),
        ("hvac", "Pressure equipment inspection"),
        ("electrical", "Inspection of fixed installations"),
        ("electrical", "Labelling and documentation"),
        ("all", "Permits and notices on site"),
    ),
    CourseCategory.SAFETY_CERTIFICATION: (
        ("all", "Ladders and steps"),
        ("all", "Manual handling"),
        ("all", "Fire watch and hot work"),
        ("elevators", "Barricades at landing doors"),
        ("hvac", "Working on roofs"),
        ("electrical", "Proving dead"),
    ),
}

SCHOOL_COURSES: dict[str, tuple[str, ...]] = {
    "elevators": ("Hoistway fundamentals", "Traction machines", "Door systems", "Controllers I", "Hydraulics", "Code"),
    "hvac": ("Thermodynamics", "Refrigeration circuits", "Air distribution", "Controls I", "Boilers", "Load sizing"),
    "electrical": ("Circuits", "Wiring methods", "Motors", "Protection", "Low-voltage systems", "Code practice"),
}

MODULE_NAMES = ("What can go wrong", "How it works", "Step by step", "On the job", "Checks and records")


@dataclass(frozen=True, slots=True)
class DemoCertification:
    id: UUID
    code: str
    category: CertificationCategory
    trade: str
    validity_months: int | None


@dataclass(frozen=True, slots=True)
class DemoCourse:
    id: UUID
    category: CourseCategory
    trade: str
    module_ids: tuple[UUID, ...]
    module_minutes: tuple[int, ...]
    assessment_id: UUID
    certification: DemoCertification | None
    ce_credits: Decimal
    provider_id: UUID | None


@dataclass
class Catalogue:
    """Everything that can be taken and earned; `leading_to` finds the course that renews a certification."""

    certifications: dict[str, DemoCertification] = field(default_factory=dict)
    courses: list[DemoCourse] = field(default_factory=list)
    school_courses: dict[UUID, list[DemoCourse]] = field(default_factory=dict)
    company_courses: dict[UUID, DemoCourse] = field(default_factory=dict)

    def leading_to(self, certification: DemoCertification) -> DemoCourse:
        return next(c for c in self.courses if c.certification is not None and c.certification.id == certification.id)

    def electives(self, trade: str) -> list[DemoCourse]:
        """Courses a technician of the trade takes by choice: no certification, open to everybody."""
        return [c for c in self.courses if c.certification is None and c.trade in {trade, "all"}]

    def required_kinds(self, trade: str, category: CertificationCategory) -> list[DemoCertification]:
        return [c for c in self.certifications.values() if c.category is category and c.trade in {trade, "all"}]


def _slug(text: str) -> str:
    return "-".join("".join(ch if ch.isalnum() else " " for ch in text.lower()).split())


class CatalogueBuilder:
    """Draws the catalogue; `published` is the day from which everything in it is open."""

    def __init__(self, chance: Chance, batch: Batch, published: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.published = published
        self.catalogue = Catalogue()

    def add_certification(
        self,
        code: str,
        name: str,
        category: CertificationCategory,
        trade: str,
        months: int | None,
        source: CertificationSource,
        issuer: tuple[str, UUID | None],
    ) -> DemoCertification:
        certification = DemoCertification(self.chance.new_id(self.published), code, category, trade, months)
        renewal = "Take the course that leads to it again before the last valid day." if months else None
        description = f"Shows that the holder is trained in {name[0].lower()}{name[1:]}."
        recognition = self.chance.choice(("high", "medium", "low"))
        self.batch.add(
            Certification,
            certification.id,
            name,
            code,
            description,
            source,
            issuer[0],
            issuer[1],
            category,
            trade,
            None,
            True,
            months,
            renewal,
            months is not None,
            recognition,
            *CE_TERMS.get(code, (Decimal(0), Decimal(0), None)),
        )
        self.catalogue.certifications[code] = certification
        return certification

    def add_course(
        self,
        title: str,
        category: CourseCategory,
        trade: str,
        provider: tuple[ProviderType, UUID | None, str],
        *,
        certification: DemoCertification | None = None,
        models: tuple[str, ...] = (),
        visibility: CourseVisibility = CourseVisibility.PUBLIC,
    ) -> DemoCourse:
        chance, batch = self.chance, self.batch
        course_id = chance.new_id(self.published)
        module_count = chance.choice((1, 2, 2, 3, 3, 4))
        minutes = tuple(chance.choice((15, 20, 25, 30, 45, 60)) for _ in range(module_count))
        hours = Decimal(sum(minutes)) / 60
        is_online = category not in {CourseCategory.MANUFACTURER_EQUIPMENT, CourseCategory.APPRENTICESHIP}
        delivery = DeliveryMethod.ONLINE_SELF_PACED if is_online else DeliveryMethod.BLENDED
        price = Decimal(chance.choice((40, 60, 90, 120, 180))) if provider[0] is ProviderType.THIRD_PARTY else None
        credits = Decimal(chance.choice((1, 1, 2))) if category is CourseCategory.CONTINUING_EDUCATION else Decimal(0)
        if certification is not None:
            credits = Decimal("0.5")
        published = self.published + timedelta(days=chance.randrange(20))
        batch.add(
            Course,
            course_id,
            title,
            f"{_slug(title)}-{course_id.hex[-6:]}",
            f"{title}: what to know, how to do it safely, and how to show that it was done.",
            f"{title} in {sum(minutes)} minutes",
            [
                f"Explain {title[0].lower()}{title[1:]}",
                "Do it safely on site",
                "Record it so that others can rely on it",
            ],
            provider[0],
            provider[1],
            provider[2],
            visibility,
            category,
            [trade, category.replace("_", " ")],
            "general" if trade == "all" else trade,
            chance.choice(tuple(CourseLevel)[:3]),
            delivery,
            round(hours, 2),
            True,
            [trade] if models else [],
            [provider[2]] if models else [],
            list(models),
            certification is not None,
            certification.id if certification else None,
            credits,
            PricingModel.PAID if price else PricingModel.FREE,
            price,
            "USD" if price else None,
            CourseStatus.PUBLISHED,
            published,
        )
        module_ids = tuple(self._add_module(course_id, title, i, minutes[i]) for i in range(module_count))
        assessment_id = chance.new_id(self.published)
        batch.add(
            CourseAssessment,
            assessment_id,
            course_id,
            f"{title}: final check",
            AssessmentType.EXAM if certification else AssessmentType.QUIZ,
            chance.choice((5, 8, 10, 20)),
            PASSING_SCORE,
        )
        return DemoCourse(
            course_id, category, trade, module_ids, minutes, assessment_id, certification, credits, provider[1]
        )

    def _add_module(self, course_id: UUID, title: str, index: int, minutes: int) -> UUID:
        module_id = self.chance.new_id(self.published)
        name = MODULE_NAMES[index % len(MODULE_NAMES)]
        text = f"{name} when it comes to {title[0].lower()}{title[1:]}: read this before you start."
        self.batch.add(CourseModule, module_id, course_id, name, text, index + 1, minutes, True, index == 0)
        self.batch.add(
            ModuleContent,
            self.chance.new_id(self.published),
            module_id,
            name,
            ContentType.TEXT,
            1,
            f"# {name}\n\n{text}",
        )
        return module_id

    def add_public_courses(self, manufacturers: dict[str, UUID]) -> None:
        """The courses of the platform, of the manufacturers and of other providers, with what they lead to."""
        sitesync = (ProviderType.SITESYNC, None, "SiteSync")
        academy = (ProviderType.THIRD_PARTY, None, "Keystone Trades Academy")
        for code, name, category, trade, months, source in GENERAL_CERTIFICATIONS:
            provider = academy if source == "third_party" else sitesync
            kind = CertificationCategory(category)
            certification = self.add_certification(
                code, name, kind, trade, months, CertificationSource(source), (provider[2], None)
            )
            course_category = {
                CertificationCategory.SAFETY: CourseCategory.SAFETY_CERTIFICATION,
                CertificationCategory.COMPLIANCE: CourseCategory.CODE_COMPLIANCE,
                CertificationCategory.MANAGEMENT: CourseCategory.MANAGEMENT,
                CertificationCategory.EQUIPMENT: CourseCategory.MANUFACTURER_EQUIPMENT,
            }[kind]
            self.catalogue.courses.append(
                self.add_course(name, course_category, trade, provider, certification=certification)
            )
        for maker, (trade, models) in MANUFACTURER_MODELS.items():
            self._add_manufacturer(maker, manufacturers[maker], trade, models)
        for category, topics in TOPICS.items():
            for index, (trade, title) in enumerate(topics):
                provider = academy if index % 4 == 3 else sitesync
                self.catalogue.courses.append(self.add_course(title, category, trade, provider))

    def _add_manufacturer(self, maker: str, maker_id: UUID, trade: str, models: tuple[str, ...]) -> None:
        provider = (ProviderType.MANUFACTURER, maker_id, maker)
        for index, model in enumerate(models):
            certification = self.add_certification(
                f"EQ-{maker[:2].upper()}-{index + 1}",
                f"{maker} {model}",
                CertificationCategory.EQUIPMENT,
                trade,
                36,
                CertificationSource.MANUFACTURER,
                (maker, maker_id),
            )
            equipment = CourseCategory.MANUFACTURER_EQUIPMENT
            self.catalogue.courses.append(
                self.add_course(
                    f"{maker} {model}: certified service", equipment, trade, provider,
                    certification=certification, models=(model,),
                )
            )  # fmt: skip
            for title in (f"{model}: installation", f"{model}: fault finding"):
                self.catalogue.courses.append(self.add_course(title, equipment, trade, provider, models=(model,)))

    def add_school_courses(self, school_id: UUID, name: str, trade: str) -> list[DemoCourse]:
        """The six courses of a school's programme."""
        provider = (ProviderType.TRADE_SCHOOL, school_id, name)
        courses = [
            self.add_course(title, CourseCategory.APPRENTICESHIP, trade, provider) for title in SCHOOL_COURSES[trade]
        ]
        self.catalogue.school_courses[school_id] = courses
        return courses

    def add_company_course(self, company_id: UUID, name: str, trade: str) -> None:
        """A company's own onboarding course, visible to its members only."""
        provider = (ProviderType.COMPANY, company_id, name)
        self.catalogue.company_courses[company_id] = self.add_course(
            f"Starting at {name}", CourseCategory.SOFT_SKILLS, trade, provider, visibility=CourseVisibility.ORGANIZATION
        )
