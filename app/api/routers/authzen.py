"""The OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, searches and metadata, so any product can ask.

A decision is recorded before it leaves. What is malformed gets 400 with what is wrong; an unknown subject is a denial
with that reason and no error. The organization is `context.organization_id`, else a resource of the type
`organization`, else the only one the caller may ask for.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.decisions import decision_context, next_training, next_trainings
from app.api.dependencies import Caller, CurrentPrincipal, ReadSession, UnknownCaller
from app.api.problems import field_problems, problem
from app.api.schemas.authzen import (
    ActionsBody,
    ActionSearchRequest,
    DecisionBody,
    DecisionsBody,
    EntitiesBody,
    EvaluationRequest,
    EvaluationsRequest,
    EvaluationsSemantic,
    PageBody,
    Properties,
    ResourceSearchRequest,
    SubjectBody,
    SubjectSearchRequest,
)
from app.context import AppContext
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import DatabaseUnavailableError, InvalidInputError, NotAuthorizedError
from operational_db.gates import search, service
from operational_db.gates.lookup import Asked
from operational_db.gates.rules import GateDecision
from operational_db.identity.rules import Permission, Principal
from operational_db.proficiency.views import RequiredTraining

PREFIX = "/access/v1"
REQUEST_ID = "x-request-id"
USER_TYPES = frozenset({"user", "person"})
ORGANIZATION_TYPE = "organization"
# Nobody has this id: decisions about subjects we do not know are recorded under it.
NOBODY_ID = UUID(int=0)
UNKNOWN_SUBJECT = {"id": "unknown_subject", "en": "Nobody is known here by this subject, so the action is not allowed."}
# Characters of ids that products make; whatever has others (an address, a name) is recorded by its hash only.
_OPAQUE = re.compile(r"[A-Za-z0-9._:~/-]{1,160}")


class AuthZenRoute(APIRoute):
    """Malformed requests are 400 here (section 10.1), not 422 as elsewhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                detail = "The request is no AuthZEN request."
                return problem(400, "invalid_request", detail, errors=field_problems(error))
            except InvalidInputError as error:
                return problem(400, "invalid_request", error.message)

        return handler


router = APIRouter(prefix=PREFIX, tags=["AuthZEN"], route_class=AuthZenRoute)


class EchoRequestId:
    """Gives a caller's X-Request-ID back with the answer, whatever the answer is (section 10.1.4)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope.get("headers", ()) if name == REQUEST_ID.encode()), None)
        if scope["type"] != "http" or given is None:
            await self.app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).raw.append((REQUEST_ID.encode(), given))
            await send(message)

        await self.app(scope, receive, send_with_id)


def metadata_route(context: AppContext) -> Route:
    """`/.well-known/authzen-configuration` at the root of the server, at its public address when that is known."""

    def answer(request: Request) -> Response:
        return JSONResponse(metadata(context.settings.public_url or str(request.base_url)))

    return Route("/.well-known/authzen-configuration", answer, methods=["GET"])


def metadata(base_url: str) -> dict[str, object]:
    """The metadata of `/.well-known/authzen-configuration` (section 9) for a server at an address."""
    base = base_url.rstrip("/")
    endpoint = f"{base}/api{PREFIX}"
    return {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{endpoint}/evaluation",
        "access_evaluations_endpoint": f"{endpoint}/evaluations",
        "search_subject_endpoint": f"{endpoint}/search/subject",
        "search_resource_endpoint": f"{endpoint}/search/resource",
        "search_action_endpoint": f"{endpoint}/search/action",
    }


@router.post("/evaluation", summary="Access evaluation", response_model=DecisionBody)
async def evaluate(body: EvaluationRequest, caller: UnknownCaller) -> Response:
    """May the subject do the action on the resource? The answer is recorded before it is given."""
    # On one thread from the caller's token to the answer: every change of threads costs as much as the look-up.
    return await run_in_threadpool(_answer_one, caller, body)


@router.post("/evaluations", summary="Access evaluations", response_model=DecisionsBody)
async def evaluate_many(body: EvaluationsRequest, caller: UnknownCaller) -> Response:
    """Several evaluations in their order; with a short-circuit semantic, up to and including the one that decides.

    Without `evaluations` it is a single evaluation and is answered like one.
    """
    return await run_in_threadpool(_answer_many, caller, body)


def _answer_one(caller: Caller, body: EvaluationRequest) -> Response:
    now = clock.now()
    return _json(_evaluate_one(caller.context, caller.principal(now=now), body, now))


def _answer_many(caller: Caller, body: EvaluationsRequest) -> Response:
    now = clock.now()
    context, principal = caller.context, caller.principal(now=now)
    requests = body.requests()
    if not body.evaluations:
        return _json(_evaluate_one(context, principal, requests[0], now))
    semantic = body.options.evaluations_semantic if body.options else EvaluationsSemantic.EXECUTE_ALL
    if semantic is EvaluationsSemantic.EXECUTE_ALL:
        return _json({"evaluations": _evaluate_all(context, principal, requests, now)})
    decisive = semantic is EvaluationsSemantic.PERMIT_ON_FIRST_PERMIT
    # Refused as a whole before anything is decided, as all of them are with the other semantic.
    _asked_of_all(context, principal, requests, now)
    answers: list[dict[str, Any]] = []
    for request in requests:
        answers.append(_evaluate_one(context, principal, request, now))
        if answers[-1]["decision"] is decisive:
            break
    return _json({"evaluations": answers})


@router.post("/search/subject", summary="Subject search", response_model=EntitiesBody)
def search_subjects(body: SubjectSearchRequest, session: ReadSession, principal: CurrentPrincipal) -> Response:
    """Members of the organization who may do the action now."""
    now = clock.now()
    organization_id = _organization(principal, body.context, body.resource.type, body.resource.id, None)
    if body.subject.type not in USER_TYPES:
        return _page([], "", {"reason": _unknown_type(body.subject.type)})
    key = _digest("subject", body, organization_id)
    page = body.page or PageBody()
    people, has_more = search.people_who_may(
        session,
        principal,
        organization_id=organization_id,
        action=body.action.name,
        after=_uuid_of_token(page, key),
        limit=page.size,
        now=now,
    )
    results = [{"type": body.subject.type, "id": str(person_id)} for person_id in people]
    return _page(results, _token(key, str(people[-1])) if has_more else "")


@router.post("/search/resource", summary="Resource search", response_model=EntitiesBody)
def search_resources(body: ResourceSearchRequest, session: ReadSession, principal: CurrentPrincipal) -> Response:
    """Organizations for which the subject may do the action: within one, a gate's answer is the same for all resources.

    Products' own resources are not known here, so a search for them finds none and says so.
    """
    if body.resource.type != ORGANIZATION_TYPE:
        return _page([], "", {"reason": _unknown_type(body.resource.type)})
    person_id = _person(session, body.subject)
    if person_id is None:
        return _page([], "", {"reason": UNKNOWN_SUBJECT})
    found = search.organizations_where(
        session, principal, person_id=person_id, action=body.action.name, now=clock.now()
    )
    key = _digest("resource", body, None)
    return _paged(body.page, key, [str(each) for each in found], lambda each: {"type": ORGANIZATION_TYPE, "id": each})


@router.post("/search/action", summary="Action search", response_model=ActionsBody)
def search_actions(body: ActionSearchRequest, session: ReadSession, principal: CurrentPrincipal) -> Response:
    """Actions the subject may do now, of those that have a rule."""
    person_id = _person(session, body.subject)
    organization_id = _organization(principal, body.context, body.resource.type, body.resource.id, person_id)
    if person_id is None:
        principal.require(Permission.EVALUATE_GATES, organization_id)
        return _page([], "", {"reason": UNKNOWN_SUBJECT})
    found = search.actions_allowed(
        session, principal, organization_id=organization_id, person_id=person_id, now=clock.now()
    )
    return _paged(body.page, _digest("action", body, organization_id), found, lambda each: {"name": each})


def _evaluate_one(
    context: AppContext, principal: Principal, request: EvaluationRequest, now: datetime
) -> dict[str, Any]:
    asked = _asked(context, principal, request)
    decision = service.decide_durably(
        context.engine,
        principal,
        action=asked.action,
        person_id=asked.person_id,
        organization_id=asked.organization_id,
        resource=asked.resource,
        now=now,
    )
    return _answer(decision, next_training(context.engine, decision, now=now))


def _evaluate_all(
    context: AppContext, principal: Principal, requests: Sequence[EvaluationRequest], now: datetime
) -> list[dict[str, Any]]:
    questions = _asked_of_all(context, principal, requests, now)
    decisions = service.decide_many(context.engine, principal, questions=questions, now=now)
    trainings = next_trainings(context.engine, decisions, now=now)
    return [_answer(decision, training) for decision, training in zip(decisions, trainings, strict=True)]


def _asked_of_all(
    context: AppContext, principal: Principal, requests: Sequence[EvaluationRequest], now: datetime
) -> list[Asked]:
    """The questions, once it is clear that the caller may ask every one of them."""
    questions = [_asked(context, principal, request) for request in requests]
    for each in questions:
        if not principal.is_person(each.person_id):
            principal.require(Permission.EVALUATE_GATES, each.organization_id)
    return questions


def _asked(context: AppContext, principal: Principal, request: EvaluationRequest) -> Asked:
    person_id = _person_of(context, request.subject)
    resource = request.resource
    organization_id = _organization(principal, request.context, resource.type, resource.id, person_id)
    return Asked(request.action.name, person_id or NOBODY_ID, organization_id, _recorded(resource.type, resource.id))


def _person_of(context: AppContext, subject: SubjectBody) -> UUID | None:
    if subject.type not in USER_TYPES:
        return None
    try:
        return UUID(subject.id)
    except ValueError:
        pass
    try:
        with read_only_session(context.engine) as session:
            return search.person_of_subject(session, subject.id)
    except DatabaseUnavailableError:
        # The decision that follows will not find its facts either, and denies with that reason.
        return None


def _person(session: Session, subject: SubjectBody) -> UUID | None:
    return search.person_of_subject(session, subject.id) if subject.type in USER_TYPES else None


def _organization(
    principal: Principal, given: Properties | None, resource_type: str, resource_id: str, person_id: UUID | None
) -> UUID:
    named = (given or {}).get("organization_id")
    if named is None and resource_type == ORGANIZATION_TYPE:
        named = resource_id
    if named is not None:
        try:
            return UUID(named)
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidInputError(
                "The organization's id is no UUID. Write it as the list of members shows it."
            ) from error
    mine = principal.organizations_with(Permission.EVALUATE_GATES)
    if not mine and person_id is not None and principal.is_person(person_id):
        mine = principal.organization_ids
    if not mine:
        raise NotAuthorizedError("None of your roles allows you to ask a gate about others. Ask about yourself alone.")
    if len(mine) > 1 or principal.is_unrestricted:
        raise InvalidInputError("Name the organization in context.organization_id: you may ask for several.")
    return next(iter(mine))


def _recorded(resource_type: str, resource_id: str) -> str:
    """How the resource is kept in the record: as given when it looks like an id, else by its hash."""
    given = f"{resource_type}/{resource_id}"
    if _OPAQUE.fullmatch(given) is not None:
        return given
    return f"sha256:{hashlib.sha256(given.encode()).hexdigest()}"


def _answer(decision: GateDecision, training: RequiredTraining | None) -> dict[str, Any]:
    document = decision_context(decision, training)
    if decision.person_id == NOBODY_ID:
        document["reason_admin"] = {**UNKNOWN_SUBJECT, "requirements": []}
        document["reason_user"] = UNKNOWN_SUBJECT
    return {"decision": decision.is_allowed, "context": document}


def _unknown_type(name: str) -> dict[str, str]:
    return {"id": "unknown_type", "en": f"Nothing of the type '{name[:100]}' is known here."}


def _digest(kind: str, body: BaseModel, organization_id: UUID | None) -> str:
    """What a page token is bound to: everything of the request but its page."""
    content = orjson.dumps([kind, str(organization_id), body.model_dump(exclude={"page"})], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()[:32]


def _token(key: str, after: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key, after])).decode().rstrip("=")


def _after(page: PageBody, key: str) -> str | None:
    if not page.token:
        return None
    refused = InvalidInputError(
        "This page token is none of this search. Send it with the very request it was made for."
    )
    try:
        content = orjson.loads(base64.urlsafe_b64decode(page.token + "=" * (-len(page.token) % 4)))
    except ValueError as error:
        raise refused from error
    if not isinstance(content, list) or len(content) != 2 or content[0] != key or not isinstance(content[1], str):
        raise refused
    return content[1]


def _uuid_of_token(page: PageBody, key: str) -> UUID | None:
    after = _after(page, key)
    try:
        return None if after is None else UUID(after)
    except ValueError as error:
        raise InvalidInputError("This page token is none of this search. Start the search again.") from error


def _paged(page: PageBody | None, key: str, found: Sequence[str], convert: Callable[[str], dict[str, str]]) -> Response:
    """A page of names that are in order."""
    page = page or PageBody()
    after = _after(page, key)
    left = [each for each in found if after is None or each > after]
    shown = left[: page.size]
    return _page([convert(each) for each in shown], _token(key, shown[-1]) if len(left) > len(shown) else "")


def _page(results: Sequence[dict[str, str]], next_token: str, context: dict[str, Any] | None = None) -> Response:
    document: dict[str, Any] = {"results": results, "page": {"next_token": next_token, "count": len(results)}}
    return _json(document if context is None else {**document, "context": context})


def _json(document: dict[str, Any]) -> Response:
    # What was allowed a moment ago may be denied now: nobody keeps an answer.
    return Response(orjson.dumps(document), media_type="application/json", headers={"Cache-Control": "no-store"})
