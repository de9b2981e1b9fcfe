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
    OWNER = "owner"
    PRODUCT = "product"
    PLATFORM = "platform"
    SECURITY = "security"
    CONTENT = "content"
    EVIDENCE = "evidence"
    ME = "me"


# Content is one page: it stands with the other security pages for those who see both.
AREA_LABELS = {
    Area.COMPANY: "Company",
    Area.SCHOOL: "School",
    Area.OWNER: "Buildings",
    Area.PRODUCT: "Product",
    Area.PLATFORM: "Platform",
    Area.SECURITY: "Security",
    Area.CONTENT: "Security",
    Area.EVIDENCE: "Evidence",
    Area.ME: "Mine",
}
AUDIENCES = {
    Area.COMPANY: "company managers, supervisors and auditors",
    Area.SCHOOL: "school administrators, instructors and auditors",
    Area.OWNER: "building owners and auditors",
    Area.PRODUCT: "the product team",
    Area.PLATFORM: "the product team and platform administrators",
    Area.SECURITY: "company managers, supervisors and auditors",
    Area.CONTENT: "those who write, review or publish lessons, company managers, supervisors and auditors",
    Area.EVIDENCE: "auditors, company managers and school administrators",
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
    # Where an area has many pages: the heading some of them stand under.
    group: str | None = None

    @property
    def heading(self) -> str:
        """The name in the menu under which the page stands."""
        return self.group or AREA_LABELS[self.area]

    @property
    def path(self) -> str:
        """The file, relative to the entry script."""
        return f"app_pages/{self.area}/{self.file}.py"

    @property
    def address(self) -> str:
        return f"{self.area}-{self.file.replace('_', '-')}"


def _page(
    area: Area, file: str, title: str, icon: str, question: str, *, is_in_menu: bool = True, group: str | None = None
) -> PageEntry:
    return PageEntry(file, area, title, f":material/{icon}:", question, is_in_menu, group)


DEVELOPMENT = "Development"


COMPANY_OVERVIEW = _page(Area.COMPANY, "overview", "Overview", "speed", "Are we compliant, and where not?")
COMPANY_PEOPLE = _page(Area.COMPANY, "people", "People", "groups", "Who lacks what?")
COMPANY_PERSON = _page(
    Area.COMPANY, "person", "Person", "badge", "What does this person hold, need and do?", is_in_menu=False
)
COMPANY_CERTIFICATES = _page(Area.COMPANY, "certificates", "Certificates", "workspace_premium", "What lapses next?")
COMPANY_VISITS = _page(Area.COMPANY, "visits", "Visits", "event", "Which visits can none of us do?")
COMPANY_ASSIGNMENTS = _page(
    Area.COMPANY, "assignments", "Assignments", "assignment_ind", "Who must do what, and by when?"
)
COMPANY_SKILLS = _page(
    Area.COMPANY, "skills", "Skills", "grid_view", "Who holds what, and where does it hang on one?", group=DEVELOPMENT
)
COMPANY_VERIFICATION = _page(
    Area.COMPANY, "verification", "Verification", "fact_check", "Whose evidence waits to be checked?"
)
COMPANY_MENTORING = _page(
    Area.COMPANY,
    "mentoring",
    "Mentoring",
    "diversity_3",
    "Does mentoring work, and who should be matched?",
    group=DEVELOPMENT,
)
COMPANY_ROI = _page(
    Area.COMPANY,
    "roi",
    "Training return",
    "savings",
    "What did training cost, and what did it return?",
    group=DEVELOPMENT,
)
SCHOOL_OVERVIEW = _page(Area.SCHOOL, "overview", "Overview", "school", "Are our students on track?")
SCHOOL_PROGRAMMES = _page(Area.SCHOOL, "programmes", "Programmes", "menu_book", "Where do students fall behind?")
SCHOOL_COURSE = _page(Area.SCHOOL, "course", "Course", "menu_book", "How does this course go?", is_in_menu=False)
SCHOOL_STUDENTS = _page(Area.SCHOOL, "students", "Students", "groups", "Who is where in their courses?")
SCHOOL_STUDENT = _page(Area.SCHOOL, "student", "Student", "badge", "How does this student do?", is_in_menu=False)
SCHOOL_MENTORING = _page(
    Area.SCHOOL, "mentoring", "Mentoring", "diversity_3", "Do our students find mentors, and does it work?"
)
OWNER_CREW_CHECK = _page(
    Area.OWNER, "crew_check", "Crew check", "how_to_reg", "May these people work on this unit on this day?"
)
OWNER_BUILDINGS = _page(Area.OWNER, "buildings", "Buildings", "apartment", "Where are we uncovered?")
OWNER_BUILDING = _page(
    Area.OWNER, "building", "Building", "apartment", "What is needed here, and who may do it?", is_in_menu=False
)
OWNER_REQUIREMENTS = _page(Area.OWNER, "requirements", "Requirements", "rule", "What do we ask of a crew?")
OWNER_VISITS = _page(Area.OWNER, "visits", "Visits", "event", "Who comes when, and may they?")
OWNER_CONTRACTORS = _page(Area.OWNER, "contractors", "Contractors", "engineering", "Who is investing in their people?")
OWNER_CONTRACTOR = _page(
    Area.OWNER, "contractor", "Contractor", "engineering", "How does this contractor train?", is_in_menu=False
)
OWNER_EQUIPMENT = _page(
    Area.OWNER, "equipment", "Units and makers", "elevator", "Which units are on record, and whose make are they?"
)
PRODUCT_KPIS = _page(Area.PRODUCT, "kpis", "KPIs", "flag", "Are we reaching the targets?")
PRODUCT_TRENDS = _page(Area.PRODUCT, "trends", "Learning and certification", "trending_up", "What moves the targets?")
PLATFORM_IMPORTS = _page(Area.PLATFORM, "imports", "Imports", "upload_file", "What came in, and what was refused?")
PLATFORM_PIPELINE = _page(Area.PLATFORM, "pipeline", "Pipeline", "monitor_heart", "Is the machine healthy?")
PLATFORM_MODELS = _page(
    Area.PLATFORM, "models", "Learned models", "model_training", "Can the learned scores be trusted?"
)
SECURITY_COVERAGE = _page(Area.SECURITY, "coverage", "Coverage", "shield_person", "Who is trained for the tracks?")
SECURITY_EXCEPTIONS = _page(
    Area.SECURITY, "exceptions", "Exceptions", "gpp_maybe", "Who can do what they should not, and why?"
)
SECURITY_GATES = _page(Area.SECURITY, "gates", "Gates", "front_hand", "What do the gates let through, and what not?")
SECURITY_INCIDENTS = _page(
    Area.SECURITY, "incidents", "Incidents", "emergency_home", "Were those involved certified when it happened?"
)
SECURITY_INCIDENT = _page(
    Area.SECURITY, "incident", "Incident", "emergency_home", "Who was involved, and certified?", is_in_menu=False
)
CONTENT_LESSONS = _page(Area.CONTENT, "lessons", "Content", "library_books", "Is what we teach ready and up to date?")
CONTENT_VERSION = _page(
    Area.CONTENT, "version", "Lesson version", "library_books", "What is missing before it ships?", is_in_menu=False
)
CONTENT_DRAFT = _page(
    Area.CONTENT, "draft", "Draft a lesson", "edit_document", "What does the lesson say and ask?", is_in_menu=False
)
CONTENT_POLICIES = _page(
    Area.CONTENT, "policies", "Policies", "policy", "Which policies hold, and what does a change set off?"
)
EVIDENCE_EXPORT = _page(
    Area.EVIDENCE, "export", "Evidence", "inventory_2", "What can be handed to somebody who does not trust us?"
)
EVIDENCE_LEDGER = _page(Area.EVIDENCE, "ledger", "Ledger", "account_tree", "Is the record whole, and who says so?")
EVIDENCE_ACCESS_LOG = _page(
    Area.EVIDENCE, "access_log", "Access log", "manage_search", "Who was let in or past a rule, and who took evidence?"
)
EVIDENCE_VERIFY = _page(Area.EVIDENCE, "verify", "Verify", "fact_check", "Is this bundle or proof what it claims?")
MY_LESSON = _page(Area.ME, "lesson", "Lesson", "school", "What do I need to know before I do this?", is_in_menu=False)
PLATFORM_OUTBOX = _page(Area.PLATFORM, "outbox", "Reminders sent", "outbox", "Do reminders get through?")
MY_NOTIFICATIONS = _page(
    Area.ME, "notifications", "Reminders", "notifications", "What lapses or falls due, and where do I act on it?"
)
MY_TRAINING = _page(Area.ME, "training", "My training", "task_alt", "What must I do next?")
MY_CERTIFICATES = _page(Area.ME, "certificates", "My certificates", "workspace_premium", "What do I hold, until when?")
MY_CERTIFICATE = _page(
    Area.ME,
    "certificate",
    "Certificate",
    "workspace_premium",
    "Does this one hold, and what renews it?",
    is_in_menu=False,
)
MY_MENTORS = _page(Area.ME, "mentors", "Find a mentor", "person_search", "Who could help me get there, and why?")
MY_MENTORSHIPS = _page(
    Area.ME, "mentorships", "My mentorships", "diversity_3", "Who waits for my answer, and how do we get on?"
)
MY_MENTORSHIP = _page(
    Area.ME, "mentorship", "Mentorship", "diversity_3", "What did we agree, and what comes next?", is_in_menu=False
)
MY_MENTORING_PROFILE = _page(
    Area.ME, "mentoring_profile", "Mentoring profile", "contact_page", "What do others see of me?", is_in_menu=False
)

PAGES: tuple[PageEntry, ...] = (
    COMPANY_OVERVIEW,
    COMPANY_PEOPLE,
    COMPANY_PERSON,
    COMPANY_CERTIFICATES,
    COMPANY_VERIFICATION,
    COMPANY_ASSIGNMENTS,
    COMPANY_VISITS,
    COMPANY_SKILLS,
    COMPANY_MENTORING,
    COMPANY_ROI,
    SCHOOL_OVERVIEW,
    SCHOOL_PROGRAMMES,
    SCHOOL_COURSE,
    SCHOOL_STUDENTS,
    SCHOOL_STUDENT,
    SCHOOL_MENTORING,
    OWNER_CREW_CHECK,
    OWNER_BUILDINGS,
    OWNER_BUILDING,
    OWNER_REQUIREMENTS,
    OWNER_VISITS,
    OWNER_CONTRACTORS,
    OWNER_CONTRACTOR,
    OWNER_EQUIPMENT,
    PRODUCT_KPIS,
    PRODUCT_TRENDS,
    PLATFORM_IMPORTS,
    PLATFORM_PIPELINE,
    PLATFORM_OUTBOX,
    PLATFORM_MODELS,
    SECURITY_COVERAGE,
    SECURITY_EXCEPTIONS,
    SECURITY_GATES,
    SECURITY_INCIDENTS,
    SECURITY_INCIDENT,
    CONTENT_LESSONS,
    CONTENT_VERSION,
    CONTENT_DRAFT,
    CONTENT_POLICIES,
    EVIDENCE_EXPORT,
    EVIDENCE_LEDGER,
    EVIDENCE_VERIFY,
    EVIDENCE_ACCESS_LOG,
    MY_TRAINING,
    MY_LESSON,
    MY_CERTIFICATES,
    MY_CERTIFICATE,
    MY_MENTORS,
    MY_MENTORSHIPS,
    MY_MENTORSHIP,
    MY_MENTORING_PROFILE,
    MY_NOTIFICATIONS,
)

_COMPANY_ROLES = frozenset({Role.COMPANY_MANAGER, Role.SUPERVISOR})
_SCHOOL_ROLES = frozenset({Role.SCHOOL_ADMIN, Role.INSTRUCTOR})
_PLATFORM_ROLES = frozenset({Role.PLATFORM_ADMIN, Role.PRODUCT_TEAM})
WORK_ON_CONTENT = (Permission.AUTHOR_LESSONS, Permission.REVIEW_LESSONS, Permission.PUBLISH_LESSONS)


def areas_of(principal: Principal) -> tuple[Area, ...]:
    """The areas whose pages a principal may open, the most telling one first."""
    roles = {grant.role for grant in principal.grants}
    areas = []
    if roles & _COMPANY_ROLES or Role.AUDITOR in roles:
        areas.append(Area.COMPANY)
    if roles & _SCHOOL_ROLES or Role.AUDITOR in roles:
        areas.append(Area.SCHOOL)
    if Role.BUILDING_OWNER in roles or Role.AUDITOR in roles:
        areas.append(Area.OWNER)
    if Area.COMPANY in areas:
        areas.append(Area.SECURITY)
    if principal.can(Permission.VIEW_KPIS):
        areas.append(Area.PRODUCT)
    if principal.can(Permission.VIEW_PLATFORM):
        areas.append(Area.PLATFORM)
    if Area.SECURITY in areas or any(principal.can(permission) for permission in WORK_ON_CONTENT):
        areas.append(Area.CONTENT)
    if principal.can(Permission.EXPORT_EVIDENCE):
        areas.append(Area.EVIDENCE)
    if roles - _PLATFORM_ROLES or not areas:
        areas.append(Area.ME)
    return tuple(areas)


def home_of(principal: Principal) -> PageEntry:
    """The page a principal lands on."""
    first = areas_of(principal)[0]
    return next(page for page in PAGES if page.area is first and page.is_in_menu)
