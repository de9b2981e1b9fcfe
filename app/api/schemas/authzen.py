"""Bodies of the OpenID AuthZEN Authorization API 1.0: the information model, evaluations, searches, metadata.

Unknown members are passed over, as the specification lets callers send more than one understands.
"""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

LONGEST_ID = 512
LONGEST_ACTION = 200
MOST_EVALUATIONS = 1_000
LARGEST_PAGE = 200


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("A name has printable characters only.")
    return text


# What is named ends up in a record that is never changed: no control characters, no endless names.
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]+$")]
ActionName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ACTION), AfterValidator(_printable)]
Properties = dict[str, Any]  # Any: the caller's own


class AuthZenBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class SubjectBody(AuthZenBody):
    """Who wants to act: type `user`, id the person's id here or her account at the identity provider."""

    type: Name
    id: Name
    properties: Properties | None = None


class ResourceBody(AuthZenBody):
    """What is acted on; its id is the asking product's own, opaque to us and kept in the record of the decision."""

    type: Name
    id: Name
    properties: Properties | None = None


class ActionBody(AuthZenBody):
    """The gate's action, such as `data-export`."""

    name: ActionName
    properties: Properties | None = None


class EvaluationRequest(AuthZenBody):
    """`context.organization_id` names the organization; needed only by callers that may ask for several."""

    subject: SubjectBody
    action: ActionBody
    resource: ResourceBody
    context: Properties | None = None


class EvaluationsSemantic(StrEnum):
    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


class EvaluationsOptions(AuthZenBody):
    # Arrives as text, which the strict mode would not take for an enumeration.
    evaluations_semantic: Annotated[EvaluationsSemantic, Field(strict=False)] = EvaluationsSemantic.EXECUTE_ALL


class PartialEvaluation(AuthZenBody):
    """One of several evaluations; what it leaves out comes from the request's own members."""

    subject: SubjectBody | None = None
    action: ActionBody | None = None
    resource: ResourceBody | None = None
    context: Properties | None = None


class EvaluationsRequest(PartialEvaluation):
    """Several evaluations, or a single one when `evaluations` is absent or empty (section 7.1)."""

    evaluations: Annotated[list[PartialEvaluation], Field(max_length=MOST_EVALUATIONS)] | None = None
    options: EvaluationsOptions | None = None

    def requests(self) -> list[EvaluationRequest]:
        """Every evaluation, completed by the defaults; a member given with an evaluation replaces the default whole.

        Raises
        ------
        ValueError
            When an evaluation lacks subject, action or resource, naming which.
        """
        made = []
        for place, each in enumerate(self.evaluations or [self]):
            subject, action = each.subject or self.subject, each.action or self.action
            resource = each.resource or self.resource
            if subject is None or action is None or resource is None:
                given = {"subject": subject, "action": action, "resource": resource}
                missing = ", ".join(name for name, value in given.items() if value is None)
                where = f"evaluations[{place}]" if self.evaluations else "The request"
                raise ValueError(f"{where} has no {missing}, and there is no default for it.")
            context = each.context if each.context is not None else self.context
            made.append(
                EvaluationRequest.model_construct(subject=subject, action=action, resource=resource, context=context)
            )
        return made

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.requests()
        return self


class PageBody(AuthZenBody):
    """`token` is `next_token` of the page before; the other members must then be the same as before."""

    token: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    properties: Properties | None = None

    @property
    def size(self) -> int:
        """Larger pages than we make are made smaller, not refused: the limit is a maximum."""
        return min(self.limit or LARGEST_PAGE, LARGEST_PAGE)


class TypeBody(AuthZenBody):
    """What is searched for; an id is passed over."""

    type: Name
    properties: Properties | None = None


class SubjectSearchRequest(AuthZenBody):
    subject: TypeBody
    action: ActionBody
    resource: ResourceBody
    context: Properties | None = None
    page: PageBody | None = None


class ResourceSearchRequest(AuthZenBody):
    subject: SubjectBody
    action: ActionBody
    resource: TypeBody
    context: Properties | None = None
    page: PageBody | None = None


class ActionSearchRequest(AuthZenBody):
    subject: SubjectBody
    resource: ResourceBody
    context: Properties | None = None
    page: PageBody | None = None


class ReasonBody(BaseModel):
    """A reason by its id, and in words."""

    id: str
    en: str


class AdminReasonBody(ReasonBody):
    """The same, with each requirement that was not met."""

    requirements: list[ReasonBody]


class NextLessonBody(BaseModel):
    lesson_id: str
    code: str
    title: str
    lesson_type: str
    minutes: float
    for_scope: str


class DecisionContextBody(BaseModel):
    """Why, on what evidence, and what to do next. `outcome` is the rule's: in dry run a denial lets pass as well."""

    id: str | None = Field(description="Id of the decision's record; absent when none could be made.")
    reason_admin: AdminReasonBody
    reason_user: ReasonBody
    outcome: str
    mode: str
    evidence_ids: list[str]
    missing: list[str]
    next_lessons: list[NextLessonBody]
    estimated_minutes: float
    valid_until: str | None
    organization_id: str | None
    rule_id: str | None
    rule_version: int | None
    policy_id: str | None
    runbook_id: str | None
    lesson_id: str | None
    waiver_id: str | None


class DecisionBody(BaseModel):
    decision: bool
    context: DecisionContextBody


class DecisionsBody(BaseModel):
    evaluations: list[DecisionBody]


class EntityBody(BaseModel):
    type: str
    id: str


class ActionNameBody(BaseModel):
    name: str


class NextPageBody(BaseModel):
    """An empty token: this was the last page."""

    next_token: str
    count: int


class EntitiesBody(BaseModel):
    results: list[EntityBody]
    page: NextPageBody
    context: dict[str, ReasonBody] | None = None


class ActionsBody(BaseModel):
    results: list[ActionNameBody]
    page: NextPageBody
    context: dict[str, ReasonBody] | None = None
