"""Well-formed courses, prices, prerequisites and content, and who may find a course."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational_db.catalog import rules
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
    new_id,
)

IDS = [UUID(int=number) for number in range(1, 4)]
ID_SETS = st.frozensets(st.sampled_from(IDS))


@given(st.sampled_from(["course", "certification"]), st.uuids())
def test_a_prerequisite_reads_back_as_it_was_written(type_: str, id_: UUID) -> None:
    prerequisite = rules.Prerequisite(type_, id_)
    assert rules.to_prerequisite(prerequisite.to_json()) == prerequisite


@pytest.mark.parametrize(
    "entry",
    [None, "course", {}, {"type": "badge", "id": str(new_id())}, {"type": "course"}, {"type": "course", "id": 7}],
)
def test_anything_else_is_no_prerequisite(entry: object) -> None:
    with pytest.raises(InvalidInputError, match="A prerequisite names"):
        rules.to_prerequisite(entry)


@pytest.mark.parametrize(
    ("model", "price", "currency", "is_refused"),
    [
        (PricingModel.FREE, None, None, False),
        (PricingModel.FREE, Decimal(0), "USD", False),
        (PricingModel.FREE, Decimal(1), "USD", True),
        (PricingModel.PAID, None, None, True),
        (PricingModel.PAID, Decimal(10), None, True),
        (PricingModel.PAID, Decimal(10), "US", True),
        (PricingModel.PAID, Decimal(10), "U5D", True),
        (PricingModel.PAID, Decimal(-1), "USD", True),
        (PricingModel.PAID, Decimal(10), "USD", False),
        (PricingModel.EMPLOYER_PAID, None, None, False),
    ],
)
def test_price_model_and_currency_go_together(
    model: PricingModel, price: Decimal | None, currency: str | None, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(InvalidInputError):
            rules.require_price(model, price, currency)
    else:
        rules.require_price(model, price, currency)


@pytest.mark.parametrize("provider_type", list(ProviderType))
@pytest.mark.parametrize("kind", list(OrganizationKind))
def test_every_kind_of_organization_has_its_type_of_provider(
    provider_type: ProviderType, kind: OrganizationKind
) -> None:
    if provider_type in {rules.PROVIDER_OF_KIND[kind], ProviderType.THIRD_PARTY}:
        rules.require_provider_fits(provider_type, kind)
    else:
        with pytest.raises(InvalidInputError):
            rules.require_provider_fits(provider_type, kind)


@pytest.mark.parametrize(
    ("visibility", "provider_id", "team_id", "is_refused"),
    [
        (CourseVisibility.PUBLIC, None, None, False),
        (CourseVisibility.PUBLIC, IDS[0], IDS[1], True),
        (CourseVisibility.ORGANIZATION, None, None, True),
        (CourseVisibility.ORGANIZATION, IDS[0], None, False),
        (CourseVisibility.TEAM, IDS[0], None, True),
        (CourseVisibility.TEAM, IDS[0], IDS[1], False),
    ],
)
def test_what_is_not_public_belongs_to_somebody(
    visibility: CourseVisibility, provider_id: UUID | None, team_id: UUID | None, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(InvalidInputError):
            rules.require_visibility(visibility, provider_id, team_id)
    else:
        rules.require_visibility(visibility, provider_id, team_id)


@given(
    st.sampled_from(CourseStatus),
    st.sampled_from(CourseVisibility),
    st.one_of(st.none(), st.sampled_from(IDS)),
    st.one_of(st.none(), st.sampled_from(IDS)),
    ID_SETS,
    ID_SETS,
    ID_SETS,
)
def test_strangers_find_published_public_courses_only(
    status: CourseStatus,
    visibility: CourseVisibility,
    provider_id: UUID | None,
    team_id: UUID | None,
    member_of: frozenset[UUID],
    teams: frozenset[UUID],
    manages: frozenset[UUID],
) -> None:
    is_found = rules.is_visible(
        status=status,
        visibility=visibility,
        provider_id=provider_id,
        team_id=team_id,
        member_of=member_of,
        teams=teams,
        manages=manages,
    )
    is_insider = provider_id in member_of | manages or team_id in teams
    if not is_insider:
        assert is_found is (status is not CourseStatus.DRAFT and visibility is CourseVisibility.PUBLIC)
    if provider_id in manages:
        assert is_found


@pytest.mark.parametrize(
    ("method", "steps", "is_refused"),
    [
        (DeliveryMethod.ONLINE_SELF_PACED, 0, True),
        (DeliveryMethod.ONLINE_SELF_PACED, 1, False),
        (DeliveryMethod.IN_PERSON, 0, False),
    ],
)
def test_a_course_that_nobody_could_complete_is_not_published(
    method: DeliveryMethod, steps: int, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(InvalidInputError, match="Pit safety"):
            rules.require_publishable(CourseStatus.DRAFT, method, steps, "Pit safety")
    else:
        rules.require_publishable(CourseStatus.DRAFT, method, steps, "Pit safety")


@pytest.mark.parametrize(
    ("text", "url", "has_file", "is_refused"),
    [
        ("Read this", None, False, False),
        (None, "https://example.org/a.mp4", False, False),
        (None, None, True, False),
        (None, None, False, True),
        (" ", None, False, True),
        ("Read this", None, True, True),
        (None, "javascript:alert(1)", False, True),
        (None, "file:///etc/passwd", False, True),
    ],
)
def test_content_has_one_source(text: str | None, url: str | None, has_file: bool, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(InvalidInputError):
            rules.require_one_source(text, url, has_file)
    else:
        rules.require_one_source(text, url, has_file)


def test_a_modules_content_types_are_listed_once_in_the_seeds_order() -> None:
    found = rules.content_types_of_module(
        [ContentType.DOCUMENT, ContentType.TEXT, ContentType.VIDEO], [AssessmentType.PRACTICAL, AssessmentType.QUIZ]
    )
    assert found == ["video", "text", "quiz", "practical"]
    assert rules.content_types_of_module([], []) == []
