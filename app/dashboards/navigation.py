"""Which pages there are, whom they are for and where they lie. The entry builds the menu from this list.

What a person may see on a page is decided by the scope of the figures and by the services, not here.
"""

from dataclasses import dataclass
from enum import StrEnum

from operational_db.identity.rules import Permission, Principal
from operational_db.types import Role


class Area(StrEnum):
    """Pages that answer one audience's questions; each opens the figures cut to that audience."""

    COMPANY = "company"
    SCHOOL = "school"
    PRODUCT = "product"
    PLATFORM = "platform"
    ME = "me"


AREA_LABELS = {
    Area.COMPANY: "Company",
    Area.SCHOOL: "School",
    Area.PRODUCT: "Product",
    Area.PLATFORM: "Platform",
    Area.ME: "Mine",
}
AUDIENCES = {
    Area.COMPANY: "company managers, supervisors and auditors",
    Area.SCHOOL: "school administrators, instructors and auditors",
    Area.PRODUCT: "the product team",
    Area.PLATFORM: "the product team and platform administrators",
    Area.ME: "everybody who is signed in",
}


@dataclass(frozen=True)
class PageEntry:
    """One page: its file under `app_pages`, title and icon; record pages are opened from a list, not from the menu."""

    file: str
    area: Area
    title: str
    icon: str
    question: str
    is_in_menu: bool = True

    @property
    def path(self) -> str:
        """The file, relative to the entry script."""
        return f"app_pages/{self.area}/{self.file}.py"

    @property
    def address(self) -> str:
        return f"{self.area}-{self.file.replace('_', '-')}"


def _page(area: Area, file: str, title: str, icon: str, question: str, *, is_in_menu: bool = True) -> PageEntry:
    return PageEntry(file, area, title, f":material/{icon}:", question, is_in_menu)


COMPANY_OVERVIEW = _page(Area.COMPANY, "overview", "Overview", "speed", "Are we compliant, and where not?")
COMPANY_PEOPLE = _page(Area.COMPANY, "people", "People", "groups", "Who lacks what?")
COMPANY_PERSON = _page(
    Area.COMPANY, "person", "Person", "badge", "What does this person hold, need and do?", is_in_menu=False
)
COMPANY_CERTIFICATES = _page(Area.COMPANY, "certificates", "Certificates", "workspace_premium", "What lapses next?")
COMPANY_ASSIGNMENTS = _page(
    Area.COMPANY, "assignments", "Assignments", "assignment_ind", "Who must do what, and by when?"
)
SCHOOL_OVERVIEW = _page(Area.SCHOOL, "overview", "Overview", "school", "Are our students on track?")
SCHOOL_PROGRAMMES = _page(Area.SCHOOL, "programmes", "Programmes", "menu_book", "Where do students fall behind?")
SCHOOL_COURSE = _page(Area.SCHOOL, "course", "Course", "menu_book", "How does this course go?", is_in_menu=False)
SCHOOL_STUDENTS = _page(Area.SCHOOL, "students", "Students", "groups", "Who is where in their courses?")
SCHOOL_STUDENT = _page(Area.SCHOOL, "student", "Student", "badge", "How does this student do?", is_in_menu=False)
PRODUCT_KPIS = _page(Area.PRODUCT, "kpis", "KPIs", "flag", "Are we reaching the targets?")
PRODUCT_TRENDS = _page(Area.PRODUCT, "trends", "Learning and certification", "trending_up", "What moves the targets?")
PLATFORM_IMPORTS = _page(Area.PLATFORM, "imports", "Imports", "upload_file", "What came in, and what was refused?")
PLATFORM_PIPELINE = _page(Area.PLATFORM, "pipeline", "Pipeline", "monitor_heart", "Is the machine healthy?")
MY_TRAINING = _page(Area.ME, "training", "My training", "task_alt", "What must I do next?")
MY_CERTIFICATES = _page(Area.ME, "certificates", "My certificates", "workspace_premium", "What do I hold, until when?")

PAGES: tuple[PageEntry, ...] = (
    COMPANY_OVERVIEW,
    COMPANY_PEOPLE,
    COMPANY_PERSON,
    COMPANY_CERTIFICATES,
    COMPANY_ASSIGNMENTS,
    SCHOOL_OVERVIEW,
    SCHOOL_PROGRAMMES,
    SCHOOL_COURSE,
    SCHOOL_STUDENTS,
    SCHOOL_STUDENT,
    PRODUCT_KPIS,
    PRODUCT_TRENDS,
    PLATFORM_IMPORTS,
    PLATFORM_PIPELINE,
    MY_TRAINING,
    MY_CERTIFICATES,
)

_COMPANY_ROLES = frozenset({Role.COMPANY_MANAGER, Role.SUPERVISOR})
_SCHOOL_ROLES = frozenset({Role.SCHOOL_ADMIN, Role.INSTRUCTOR})
_PLATFORM_ROLES = frozenset({Role.PLATFORM_ADMIN, Role.PRODUCT_TEAM})


def areas_of(principal: Principal) -> tuple[Area, ...]:
    """The areas whose pages a principal may open, the most telling one first."""
    roles = {grant.role for grant in principal.grants}
    areas = []
    if roles & _COMPANY_ROLES or Role.AUDITOR in roles:
        areas.append(Area.COMPANY)
    if roles & _SCHOOL_ROLES or Role.AUDITOR in roles:
        areas.append(Area.SCHOOL)
    if principal.can(Permission.VIEW_KPIS):
        areas.append(Area.PRODUCT)
    if principal.can(Permission.VIEW_PLATFORM):
        areas.append(Area.PLATFORM)
    if roles - _PLATFORM_ROLES or not areas:
        areas.append(Area.ME)
    return tuple(areas)


def home_of(principal: Principal) -> PageEntry:
    """The page a principal lands on."""
    first = areas_of(principal)[0]
    return next(page for page in PAGES if page.area is first and page.is_in_menu)
