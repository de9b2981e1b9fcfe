"""What makes a course, a price, a prerequisite and an upload well formed, and who may find a course.

Pure and without a clock. Source: training-platform seed 3.2.1.1 and 3.2.5.2.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from operational_db.errors import InvalidInputError
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    OrganizationKind,
    PricingModel,
    ProviderType,
)

# The kinds of organization a provider of each type may be; third parties may be anything.
KINDS_OF_PROVIDER: dict[ProviderType, frozenset[OrganizationKind]] = {
    ProviderType.MANUFACTURER: frozenset({OrganizationKind.MANUFACTURER}),
    ProviderType.SITESYNC: frozenset({OrganizationKind.PLATFORM}),
    ProviderType.COMPANY: frozenset({OrganizationKind.SERVICE_COMPANY, OrganizationKind.BUILDING_OWNER}),
    ProviderType.TRADE_SCHOOL: frozenset({OrganizationKind.TRADE_SCHOOL}),
    ProviderType.THIRD_PARTY: frozenset(OrganizationKind),
}
PROVIDER_OF_KIND: dict[OrganizationKind, ProviderType] = {
    OrganizationKind.MANUFACTURER: ProviderType.MANUFACTURER,
    OrganizationKind.PLATFORM: ProviderType.SITESYNC,
    OrganizationKind.SERVICE_COMPANY: ProviderType.COMPANY,
    OrganizationKind.BUILDING_OWNER: ProviderType.COMPANY,
    OrganizationKind.TRADE_SCHOOL: ProviderType.TRADE_SCHOOL,
}
# Courses somebody teaches on a day can be finished by the teacher's word; the others need steps to finish by.
NEEDS_STEPS = frozenset({DeliveryMethod.ONLINE_SELF_PACED})


@dataclass(frozen=True)
class Prerequisite:
    """A course or certification somebody needs before enrolling."""

    type: str
    id: UUID

    def to_json(self) -> dict[str, str]:
        return {"type": self.type, "id": str(self.id)}


def to_prerequisite(entry: object) -> Prerequisite:
    """Read `{"type": "course" | "certification", "id": "…"}`.

    Raises
    ------
    InvalidInputError
        When the type is another, or the id is none.
    """
    if isinstance(entry, dict) and entry.get("type") in {"course", "certification"}:
        try:
            return Prerequisite(str(entry["type"]), UUID(str(entry.get("id"))))
        except ValueError:
            pass
    raise InvalidInputError('A prerequisite names a type ("course" or "certification") and an id.')


def require_provider_fits(provider_type: ProviderType, kind: OrganizationKind) -> None:
    """Courses of a type of provider are given by organizations of the kind that goes with it.

    Raises
    ------
    InvalidInputError
        When they are not.
    """
    if kind not in KINDS_OF_PROVIDER[provider_type]:
        raise InvalidInputError(f"A {kind} is no provider of the type {provider_type}. Choose the type that fits it.")


def require_price(pricing_model: PricingModel, price: Decimal | None, currency: str | None) -> None:
    """A price goes with a currency (ISO 4217); paid courses have one, free courses have none.

    Raises
    ------
    InvalidInputError
        When the three do not go together.
    """
    if price is not None and price < 0:
        raise InvalidInputError("A price is 0 or more.")
    if price is not None and (currency is None or len(currency) != 3 or not currency.isalpha()):
        raise InvalidInputError("A price needs a currency of three letters, such as USD.")
    if pricing_model is PricingModel.PAID and price is None:
        raise InvalidInputError("A paid course needs a price.")
    if pricing_model is PricingModel.FREE and price:
        raise InvalidInputError("A free course has no price. Choose another pricing model or leave the price out.")


def require_visibility(visibility: CourseVisibility, provider_id: UUID | None, team_id: UUID | None) -> None:
    """Courses that are not public belong to an organization; those of a team name it.

    Raises
    ------
    InvalidInputError
        When either is missing, or a team is named for a course that is not for one.
    """
    if visibility is not CourseVisibility.PUBLIC and provider_id is None:
        raise InvalidInputError("A course that is not public needs the organization it belongs to.")
    if (visibility is CourseVisibility.TEAM) != (team_id is not None):
        raise InvalidInputError("Name the team when, and only when, the course is visible to one team.")


def require_publishable(
    status: CourseStatus, delivery_method: DeliveryMethod, required_step_count: int, title: str
) -> None:
    """A draft can be published once people can finish it.

    Raises
    ------
    InvalidInputError
        When a self-paced course has no required module or assessment, so that nobody could ever complete it.
    """
    if status is CourseStatus.DRAFT and delivery_method in NEEDS_STEPS and required_step_count == 0:
        raise InvalidInputError(f"'{title}' has no required module or assessment. Add one before publishing it.")


def require_one_source(text: str | None, url: str | None, has_file: bool) -> None:
    """Content has exactly one source: text, an address (http or https) or a file.

    Raises
    ------
    InvalidInputError
        When it has none or several, or the address is of another scheme.
    """
    if (bool(text and text.strip())) + (url is not None) + has_file != 1:
        raise InvalidInputError("Content is exactly one of a text, an address or a file.")
    if url is not None and not url.lower().startswith(("https://", "http://")):
        raise InvalidInputError("The address of a content starts with https:// or http://.")


def is_visible(
    *,
    status: CourseStatus,
    visibility: CourseVisibility,
    provider_id: UUID | None,
    team_id: UUID | None,
    member_of: Collection[UUID],
    teams: Collection[UUID],
    manages: Collection[UUID],
) -> bool:
    """Whether a viewer may find a course.

    Whoever manages the provider's courses sees all of them; others see what is not a draft and is public, or belongs
    to their organization or team.
    """
    if provider_id is not None and provider_id in manages:
        return True
    if status is CourseStatus.DRAFT:
        return False
    if visibility is CourseVisibility.PUBLIC:
        return True
    if visibility is CourseVisibility.TEAM:
        return team_id is not None and team_id in teams
    return provider_id is not None and provider_id in member_of


def content_types_of_module(
    content_types: Collection[ContentType], assessments: Collection[AssessmentType]
) -> list[str]:
    """What the syllabus lists for a module (seed: video, text, quiz, practical), each once, in that order."""
    found = {
        "video": ContentType.VIDEO in content_types,
        "text": bool({ContentType.TEXT, ContentType.DOCUMENT} & set(content_types)),
        "quiz": bool({AssessmentType.QUIZ, AssessmentType.EXAM} & set(assessments)),
        "practical": AssessmentType.PRACTICAL in assessments or ContentType.INTERACTIVE in content_types,
    }
    return [name for name, is_there in found.items() if is_there]
