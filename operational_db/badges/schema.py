"""Whether a credential has the shape the Open Badges 3.0 JSON Schema demands. Nothing here checks a signature.

The file holds the schema in the strict form in which badges are written. As published it also takes what JSON-LD makes
of the same: a single value in the place of an array, and a text in several languages. That form is derived here.
"""

import json
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft201909Validator, FormatChecker

from operational_db.badges.json_ld import DATA_PATH, JsonObject

SCHEMA_FILE = "achievement-credential-schema.json"
# Language tags as the published schema knows them.
_LANGUAGE = "^[a-z]{2}(-[A-Z]{2})?$"
_CHOICES = ("oneOf", "anyOf")


def strict_schema() -> JsonObject:
    """The schema of badges as they are written: arrays are arrays and texts are texts."""
    schema: JsonObject = json.loads((DATA_PATH / SCHEMA_FILE).read_text())
    return schema


def presented_schema() -> JsonObject:
    """The schema as published, for badges of others."""
    schema = strict_schema()
    definitions = {name: _with_values(each) for name, each in schema["$defs"].items()}
    return {**_with_values(schema), "$defs": definitions}


def schema_fault(credential: JsonObject) -> str | None:
    """The first way in which the credential departs from the schema, with its place; None when it does not."""
    error = next(iter(sorted(_validator().iter_errors(credential), key=lambda item: len(item.path))), None)
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the credential"
    return f"{place}: {error.message[:200]}"


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(presented_schema(), format_checker=format_checker())


def format_checker() -> FormatChecker:
    """The formats that are checked, instants among them, which the library leaves to others."""
    checker = FormatChecker()
    checker.checks("date-time")(_is_instant)
    return checker


def _is_instant(value: object) -> bool:
    """An instant with its zone (RFC 3339); what is no text is for the schema's types."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _with_values(definition: JsonObject) -> JsonObject:
    """A definition whose members may be single or in several languages."""
    if "properties" not in definition:
        return _presented(definition)
    return {**definition, "properties": {name: _presented(each) for name, each in definition["properties"].items()}}


def _presented(node: JsonObject) -> JsonObject:
    """What may stand in the place of a value: of an array one of its items, of a text its translations."""
    if "allOf" in node or node.get("type") == "array":
        return {"oneOf": [_single(node), _array(node)]}
    choices = next((node[name] for name in _CHOICES if name in node), None)
    if choices is not None:
        is_vocabulary = all("enum" in each or "pattern" in each for each in choices)
        return node if is_vocabulary else {"anyOf": [_presented(each) for each in choices]}
    # Instants, days and the words of a vocabulary have no translation.
    if node.get("type") == "string" and "format" not in node and len(node.get("enum", "x")) == 1:
        translated = {"type": "object", "additionalProperties": node, "propertyNames": {"pattern": _LANGUAGE}}
        return {"oneOf": [node, translated]}
    return node


def _array(node: JsonObject) -> JsonObject:
    if "allOf" in node:
        return {"allOf": [_array(each) for each in node["allOf"]]}
    return {**node, "items": _presented_items(node)}


def _presented_items(node: JsonObject) -> Any:  # a schema, or one for each place
    return node["items"] if isinstance(node["items"], list) else _presented(node["items"])


def _single(node: JsonObject) -> JsonObject:
    """One item without its array; where places differ, one of those that may follow them."""
    if "allOf" in node:
        return _single(node["allOf"][0])
    return _presented(node["additionalItems"] if isinstance(node["items"], list) else node["items"])
