"""Whether a credential has the shape the Open Badges 3.0 JSON Schema demands. Nothing here checks a signature."""

import json
from functools import cache

from jsonschema import Draft201909Validator, FormatChecker

from operational_db.badges.json_ld import DATA_PATH, JsonObject

SCHEMA_FILE = "achievement-credential-schema.json"


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(json.loads((DATA_PATH / SCHEMA_FILE).read_text()), format_checker=FormatChecker())


def schema_fault(credential: JsonObject) -> str | None:
    """The first way in which the credential departs from the schema, with its place; None when it does not."""
    error = next(iter(sorted(_validator().iter_errors(credential), key=lambda item: len(item.path))), None)
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the credential"
    return f"{place}: {error.message[:200]}"
