"""What one may ask the catalogue for: filters and orders of LMS-01. Answering is in `repository` and `views`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.errors import InvalidInputError
from operational_db.types import (
    CourseCategory,
    CourseLevel,
    CourseStatus,
    DeliveryMethod,
    PricingModel,
    ProviderType,
)


class CourseSort(StrEnum):
    """Orders of the catalogue; `relevance` needs a text and is `newest` without one."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    TITLE = "title"
    PRICE = "price"
    HOURS = "hours"
    RATING = "rating"
    POPULARITY = "popularity"


@dataclass(frozen=True, kw_only=True)
class CourseFilters:
    """Every filter that is set must hold. A course without a price counts as 0 in a range of prices.

    Raises
    ------
    InvalidInputError
        When the range of prices is upside down.
    """

    category: CourseCategory | None = None
    trade: str | None = None
    level: CourseLevel | None = None
    delivery_method: DeliveryMethod | None = None
    provider_type: ProviderType | None = None
    provider_id: UUID | None = None
    equipment_type: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    pricing_model: PricingModel | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    tag: str | None = None
    # Words in the language of a search engine: quotes for phrases, "or", a minus before what must not occur.
    text: str | None = None
    # Other states than published are shown to those who manage the provider's courses only, except archived ones.
    status: CourseStatus = CourseStatus.PUBLISHED

    def __post_init__(self) -> None:
        if self.price_from is not None and self.price_to is not None and self.price_from > self.price_to:
            raise InvalidInputError("The lowest price is above the highest. Swap them.")


@dataclass(frozen=True)
class Viewer:
    """Who looks at the catalogue, as far as it decides what she finds."""

    person_id: UUID | None
    member_of: frozenset[UUID]
    teams: frozenset[UUID]
    manages: frozenset[UUID]
    is_unrestricted: bool
