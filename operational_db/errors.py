"""Errors the product raises on purpose: each carries a message for the person who can act and an HTTP status.

Payload shape errors belong to Pydantic at the edge; programming errors are left as they are.
"""

from collections.abc import Mapping


class DomainError(Exception):
    """A rule of the product said no. `details` holds ids and numbers a client may show, never personal data."""

    status = 409
    code = "conflict"

    def __init__(self, message: str, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, object] = dict(details or {})


class NotFoundError(DomainError):
    """The record does not exist, or the caller may not know that it does."""

    status = 404
    code = "not_found"


class NotAuthorizedError(DomainError):
    """The principal has no role that permits the action on this organization or person."""

    status = 403
    code = "not_authorized"


class GateDeniedError(NotAuthorizedError):
    """A gate in front of the action said no. `details` names decision, reason, what is missing and the lesson."""

    code = "gate_denied"


class NotSignedInError(DomainError):
    status = 401
    code = "not_signed_in"


class InvalidInputError(DomainError):
    """The values are well formed but cannot mean what they should (an end before its start, an unknown team)."""

    status = 422
    code = "invalid_input"


class ConflictError(DomainError):
    """The state of the record does not allow the action (already completed, already enrolled)."""


class CourseFullError(ConflictError):
    code = "course_full"


class EnrollmentClosedError(ConflictError):
    code = "enrollment_closed"


class PrerequisiteMissingError(ConflictError):
    code = "prerequisite_missing"


class LedgerTamperedError(DomainError):
    """A stored entry no longer matches its hash, or the sequence has a gap. `details` names the first bad leaf."""

    status = 500
    code = "ledger_tampered"


class ImportRefusedError(DomainError):
    """An import file as a whole was refused; nothing was changed. The report lists the rows."""

    status = 422
    code = "import_refused"


class DatabaseUnavailableError(DomainError):
    status = 503
    code = "database_unavailable"


class ReleaseUnavailableError(DomainError):
    """No release of the warehouse can be opened; `details` says which file and why."""

    status = 503
    code = "release_unavailable"
