"""What a third party hands in for verification, in whichever way a client finds easiest to send.

JSON with a number, a link or a credential; a form with a file; or the credential, token or image as the body itself.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from starlette.datastructures import UploadFile

from operational_db import clock
from operational_db.badges.foreign import parse_object
from operational_db.badges.verify import LONGEST_PRESENTED
from operational_db.documents.rules import FileTooLargeError
from operational_db.errors import InvalidInputError

# A form adds its boundaries and the names of its fields.
_LARGEST_BODY = LONGEST_PRESENTED + 64 * 1024


class PresentedRequest(BaseModel):
    """Exactly one of the ways to name or show a certificate; `on` is the day asked about, today when left out."""

    model_config = ConfigDict(extra="forbid")

    certificate_number: str | None = None
    link: str | None = None
    credential: str | dict[str, Any] | None = None
    presented: str | None = None
    on: date | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "PresentedRequest":
        given = [self.certificate_number, self.link, self.credential, self.presented]
        if sum(each is not None for each in given) != 1:
            raise ValueError("give exactly one of certificate_number, link, credential and presented")
        return self

    @property
    def content(self) -> str:
        if isinstance(self.credential, dict):
            return json.dumps(self.credential, ensure_ascii=False)
        return self.certificate_number or self.link or self.credential or self.presented or ""


@dataclass(frozen=True)
class Presented:
    """What was handed in and the day asked about."""

    content: bytes | str
    on: date


async def read_presented(request: Request) -> Presented:
    """Tell the ways apart by the media type.

    Raises
    ------
    InvalidInputError
        When it is none of them, or larger than any badge (status 413).
    """
    today = clock.today()
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if int(request.headers.get("content-length") or 0) > _LARGEST_BODY:
        raise _too_large()
    if kind == "multipart/form-data":
        return await _from_form(request, today)
    body = await _limited_body(request)
    if kind == "application/json":
        return _from_json(body, today)
    return Presented(body, _day(request.query_params.get("on"), today))


PresentedContent = Annotated[Presented, Depends(read_presented)]

# The body by hand, so that one endpoint takes every form; told to readers of the OpenAPI document here.
PRESENTED_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": PresentedRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "on": {"type": "string", "format": "date"},
                    },
                    "required": ["file"],
                }
            },
            "application/vc": {"schema": {"type": "object"}},
            "application/vc+jwt": {"schema": {"type": "string"}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "image/svg+xml": {"schema": {"type": "string"}},
        },
    }
}


async def _limited_body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST_BODY:
            raise _too_large()
    return bytes(content)


async def _from_form(request: Request, today: date) -> Presented:
    async with request.form(max_files=1, max_fields=4, max_part_size=64 * 1024) as form:
        file, on = form.get("file"), form.get("on")
        if not isinstance(file, UploadFile):
            raise InvalidInputError("Send the badge as the file of the form, in the field 'file'.")
        content = await file.read(LONGEST_PRESENTED + 1)
        if len(content) > LONGEST_PRESENTED:
            raise _too_large()
        return Presented(content, _day(on if isinstance(on, str) else None, today))


def _from_json(body: bytes, today: date) -> Presented:
    # A name that occurs twice is refused here, as it would be in a credential by itself.
    document = parse_object(body)
    try:
        wish = PresentedRequest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidInputError(f"{place}: {first['msg']}.") from error
    return Presented(wish.content, wish.on or today)


def _day(text: str | None, today: date) -> date:
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("The day is written as 2026-11-30.") from error


def _too_large() -> FileTooLargeError:
    return FileTooLargeError(f"What was handed in is larger than {LONGEST_PRESENTED // (1024 * 1024)} MB.")
