"""Errors as `application/problem+json` (RFC 9457). Every answer of the API that is not a success is made here."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from operational_db.errors import DatabaseUnavailableError, DomainError

logger = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ProblemResponse(JSONResponse):
    media_type = PROBLEM_MEDIA_TYPE


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
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"], "kind": item["type"]}
        for item in error.errors()
    ]
    return problem(422, "invalid_request", "The request does not have the form this endpoint takes.", errors=errors)


def _on_http_error(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, HTTPException):
        raise error
    code = HTTPStatus(error.status_code).name.lower()
    return problem(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


def _on_lost_database(request: Request, error: Exception) -> ProblemResponse:
    logger.warning("database_unavailable", extra={"path": request.url.path})
    lost = DatabaseUnavailableError("The database cannot be reached. Nothing was changed; try again in a moment.")
    return _on_domain_error(request, lost)


def add_problem_handlers(api: FastAPI) -> None:
    """Render domain errors, invalid requests, unknown paths and a lost database as problem documents."""
    api.add_exception_handler(DomainError, _on_domain_error)
    api.add_exception_handler(RequestValidationError, _on_invalid_request)
    api.add_exception_handler(HTTPException, _on_http_error)
    api.add_exception_handler(OperationalError, _on_lost_database)
