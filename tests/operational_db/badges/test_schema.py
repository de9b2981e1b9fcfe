"""The schema of Open Badges 3.0: its strict form for what we write, the published form for what is presented.

The published file belongs to its body and is not kept here. Whoever has it names it in SITESYNC_OPEN_BADGES_SCHEMA; the
derived schema is then held against it, part for part.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator

from operational_db.badges.schema import format_checker, presented_schema, schema_fault, strict_schema
from operational_db.tables.badges import Badge

PUBLISHED = os.environ.get("SITESYNC_OPEN_BADGES_SCHEMA", "")
PROSE = frozenset({"$schema", "$id", "$comment", "title", "description"})


def _bare(node: Any, *, is_members: bool = False) -> Any:
    """A schema without prose, choices and lists of names in one order."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    bare = {
        "anyOf" if name == "oneOf" and not is_members else name: _bare(each, is_members=name in {"properties", "$defs"})
        for name, each in node.items()
        if is_members or name not in PROSE
    }
    for name in ("anyOf", "required"):
        if isinstance(bare.get(name), list):
            bare[name] = sorted(bare[name], key=lambda item: json.dumps(item, sort_keys=True))
    return bare


@pytest.mark.skipif(not PUBLISHED, reason="SITESYNC_OPEN_BADGES_SCHEMA names no published schema")
@pytest.mark.requirement("BDG-01")
def test_what_is_derived_is_what_is_published() -> None:
    published = json.loads(Path(PUBLISHED).read_text())
    assert _bare(presented_schema()) == _bare(published)


@pytest.mark.requirement("BDG-01")
def test_our_badges_keep_to_both_forms(badge: Badge) -> None:
    document = json.loads(badge.credential)
    strict = Draft201909Validator(strict_schema(), format_checker=format_checker())
    assert [error.message for error in strict.iter_errors(document)] == []
    assert schema_fault(document) is None


@pytest.mark.parametrize("single", ["proof", "type"])
def test_a_single_value_is_a_badge_to_read_and_none_to_write(badge: Badge, single: str) -> None:
    document = json.loads(badge.credential)
    document[single] = document[single][-1]
    assert not Draft201909Validator(strict_schema()).is_valid(document)
    assert schema_fault(document) is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("validFrom", "yesterday"),
        ("validFrom", "2026-01-05"),
        ("validUntil", "2027-01-05T23:59:59"),
        ("validUntil", 5),
        ("name", {"english": "Elevator safety"}),
        ("type", ["VerifiableCredential"]),
        ("@context", ["https://www.w3.org/ns/credentials/v2"]),
        ("evidence", {"id": "https://training.example/proof"}),
    ],
)
def test_what_is_out_of_form_is_told_with_its_place(badge: Badge, place: str, value: object) -> None:
    fault = schema_fault({**json.loads(badge.credential), place: value})
    assert fault is not None and fault.startswith(place)
