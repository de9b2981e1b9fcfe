"""Which language a caller reads, from the Accept-Language header (RFC 9110, 12.5.4)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Query

_LANGUAGE = re.compile(r"^([a-zA-Z]{2,3})(?:-([a-zA-Z]{2}))?$")


def preferred_language(header: str | None) -> str | None:
    """The language wanted most, as we write it (es, es-MX); None where nothing usable is named."""
    best: tuple[float, str] | None = None
    for part in (header or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        match = _LANGUAGE.match(tag.strip())
        if match is None:
            continue
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0 and (best is None or weight > best[0]):
            language, region = match.groups()
            best = (weight, language.lower() + (f"-{region.upper()}" if region else ""))
    return best[1] if best else None


def get_locale(
    accept_language: Annotated[str | None, Header()] = None,
    locale: Annotated[str | None, Query(max_length=12, description="Instead of Accept-Language, such as es.")] = None,
) -> str | None:
    return preferred_language(locale) if locale is not None else preferred_language(accept_language)


Locale = Annotated[str | None, Depends(get_locale)]
