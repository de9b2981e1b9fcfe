"""What the public page says, in words, and its HTML. Nothing here reads the database or the request."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from operational_db.badges.keys import BadgeIssuer
from operational_db.badges.views import PublicCertificate, VerificationReport
from operational_db.types import VerificationOutcome

TEMPLATES_PATH = Path(__file__).parent / "templates"

HEADLINES = {
    VerificationOutcome.VALID: "Valid",
    VerificationOutcome.EXPIRED: "Expired",
    VerificationOutcome.REVOKED: "Revoked",
    VerificationOutcome.PENDING: "Pending",
    VerificationOutcome.INVALID: "Not valid",
    VerificationOutcome.UNKNOWN: "Not found",
}
SENTENCES = {
    VerificationOutcome.VALID: "This certificate is valid on {day}.",
    VerificationOutcome.EXPIRED: "This certificate is expired on {day}.",
    VerificationOutcome.REVOKED: "This certificate is revoked on {day}. It no longer counts.",
    VerificationOutcome.PENDING: "This certificate does not count on {day}: it is not verified, or not valid yet.",
    VerificationOutcome.INVALID: "This could not be confirmed. Do not rely on it.",
    VerificationOutcome.UNKNOWN: "There is no public certificate here. Check the link or the number, "
    "or ask the holder whether it is shared.",
}
MARKS = {True: "Passed", False: "Not passed"}
CHECK_NAMES = {
    "signature": "Signature",
    "issuer": "Issuer",
    "schema": "Form of the badge",
    "status": "Status",
    "expiry": "Expiry",
    "ledger": "Entry in the ledger",
    "record": "Record",
    "number": "Certificate number",
    "format": "What was handed in",
}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check as the page writes it."""

    name: str
    mark: str
    is_passed: bool
    text: str


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_PATH), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["day"] = _day_text
    return environment


def _day_text(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@cache
def _style() -> str:
    return (TEMPLATES_PATH / "style.css").read_text()


@cache
def content_security_policy() -> str:
    """Nothing but this page's own style and pictures; no scripts at all."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )


def check_lines(report: VerificationReport) -> list[CheckLine]:
    return [
        CheckLine(CHECK_NAMES.get(check.name, check.name), MARKS[check.is_passed], check.is_passed, check.text)
        for check in report.checks
    ]


def render_report(
    report: VerificationReport, issuer: BadgeIssuer, *, today: date, public_id: str | None, path: str
) -> str:
    """The answer about a certificate. `public_id` is the one asked for; `path` where the page lies, for its links."""
    shown: PublicCertificate | None = report.certificate
    known_id = shown.public_id if shown is not None else None
    return _render(
        "report.html",
        headline=HEADLINES[report.outcome],
        sentence=SENTENCES[report.outcome].format(day=_day_text(report.on)),
        outcome=str(report.outcome),
        outcome_now=HEADLINES[report.outcome_now] if report.on != today else None,
        certificate=shown,
        checks=check_lines(report),
        on=report.on,
        today=today,
        public_id=public_id,
        share_id=known_id,
        share_link=f"{issuer.address}/verify/{known_id}" if known_id else None,
        proof_link=f"{path}/api/v1/ledger/proof/{shown.event_id}"
        if shown is not None and shown.event_id is not None and shown.leaf_index is not None
        else None,
        issuer_id=issuer.did,
    )


def render_form(*, message: str | None = None) -> str:
    """The form for a number, a link, a credential or a file."""
    return _render("form.html", message=message)


def render_message(headline: str, sentence: str) -> str:
    """A refusal: too many requests, a wrong date, too large a file."""
    return _render("message.html", headline=headline, sentence=sentence)


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(style=_style(), **values)
