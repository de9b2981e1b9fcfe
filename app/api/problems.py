"""Errors as `application/problem+json` (RFC 9457). Every answer of the API that is not a success is made here."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from operational_db.errors import DatabaseUnavailableError, DomainError

logger = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where: `body.due_on`, `query.page_size`.")
    message: str
    kind: str


class Problem(BaseModel):
    """What every answer that is not a success holds (RFC 9457)."""

    type: str = Field(description="The kind of problem: `urn:sitesync:problem:course_full`.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What happened and what the caller can do.")
    details: dict[str, object] | None = Field(default=None, description="What it is about: ids, dates, counts.")
    errors: list[FieldProblem] | None = Field(default=None, description="What is wrong with a malformed request.")


# Of the framework's own refusals, which say no more than the status.
_WHAT_TO_DO = {
    HTTPStatus.NOT_FOUND: "There is no endpoint at this address. /api/docs lists them.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This endpoint does not take this method. /api/docs lists what it takes.",
}
PROBLEM_SCHEMA = {"$ref": f"#/components/schemas/{Problem.__name__}"}
# For the description of every endpoint; `describe_problems` adds the schema they name.
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
    for status, description in (
        ("4XX", "Refused; `detail` says why and what to do."),
        ("5XX", "Not possible at present; `detail` says what to do."),
    )
}


class ProblemResponse(JSONResponse):
    media_type = PROBLEM_MEDIA_TYPE


def describe_problems(openapi: dict[str, Any]) -> dict[str, Any]:
    """The API's description with the schema of problems in it."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    openapi["components"]["schemas"].update({**schema.pop("$defs"), Problem.__name__: schema})
    return openapi


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: object
) -> ProblemResponse:
    """A problem document: `type` names the error class, `title` the status, `detail` what the caller can do."""
    body: dict[str, Any] = {
        "type": f"urn:sitesync:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **extra,
    }
    return ProblemResponse(body, status_code=status, headers=headers)


def _on_domain_error(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, DomainError):
        raise error
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": "5"}
    return problem(error.status, error.code, error.message, headers=headers, details=_jsonable(error.details))


def _jsonable(details: dict[str, object]) -> dict[str, object]:
    plain = (str, int, float, bool, type(None))
    return {key: value if isinstance(value, plain) else str(value) for key, value in details.items()}


def _on_invalid_request(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    detail = "The request does not have the form this endpoint takes."
    return problem(422, "invalid_request", detail, errors=field_problems(error))


def field_problems(error: RequestValidationError) -> list[dict[str, str]]:
    """What is wrong with a request, place by place."""
    return [
        {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"], "kind": item["type"]}
        for item in error.errors()
    ]


def _on_http_error(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, HTTPException):
        raise error
    code = HTTPStatus(error.status_code).name.lower()
    detail = _WHAT_TO_DO.get(HTTPStatus(error.status_code), str(error.detail))
    return problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def _on_lost_database(request: Request, error: Exception) -> ProblemResponse:
    logger.warning("database_unavailable", extra={"path": request.url.path})
    lost = DatabaseUnavailableError("The database cannot be reached. Nothing was changed; try again in a moment.")
    return _on_domain_error(request, lost)


def _on_failure(request: Request, error: Exception) -> ProblemResponse:
    """A fault of ours: the server logs it with its trace once this has answered."""
    detail = "The server failed here. See whether it took effect before you send it again; tell who runs this server."
    return problem(500, "server_failure", detail)


def add_problem_handlers(api: FastAPI) -> None:
    """Render domain errors, invalid requests, unknown paths, a lost database and faults of ours as problems."""
    api.add_exception_handler(DomainError, _on_domain_error)
    api.add_exception_handler(RequestValidationError, _on_invalid_request)
    api.add_exception_handler(HTTPException, _on_http_error)
    api.add_exception_handler(OperationalError, _on_lost_database)
    api.add_exception_handler(Exception, _on_failure)
