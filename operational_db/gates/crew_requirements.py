"""What can be required of a crew: a tree of certifications joined by all, any and at least n of crew. Pure.

As JSON, in rules and in the ledger: {"certification": id} | {"all": [...]} | {"any": [...]} |
{"at_least": n, "of_crew": {...}}, the last one with a requirement that each of the n people meets alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from operational_db.errors import InvalidInputError

DEEPEST = 6
MOST_PARTS = 60
LARGEST_COUNT = 20


@dataclass(frozen=True, slots=True)
class Certified:
    """Somebody of the crew holds the certification."""

    certification_id: UUID


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["CrewRequirement", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["CrewRequirement", ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many people of the crew meet the requirement, each of them all of it."""

    count: int
    of_crew: "CrewRequirement"


CrewRequirement: TypeAlias = Certified | AllOf | AnyOf | AtLeast

_WRITTEN = 'Write {"certification": id}, {"all": [...]}, {"any": [...]} or {"at_least": n, "of_crew": {...}}.'


# Documents are JSON: what a key holds is only known once it is read.
def requirement_from(document: Mapping[str, Any]) -> CrewRequirement:
    """A requirement from its JSON.

    Raises
    ------
    InvalidInputError
        For a word that is none of ours, an empty list, a count outside 1 to 20, at least n within at least n, a tree
        deeper than 6 or with more than 60 parts: a misspelt requirement must not become none.
    """
    requirement = _read(document, 1, is_of_one=False)
    if _size(requirement) > MOST_PARTS:
        raise InvalidInputError(f"A requirement has at most {MOST_PARTS} parts. Make two rules of it.")
    return requirement


def _read(document: object, depth: int, *, is_of_one: bool) -> CrewRequirement:
    if depth > DEEPEST:
        raise InvalidInputError(f"A requirement is at most {DEEPEST} levels deep. Make two rules of it.")
    if not isinstance(document, Mapping):
        raise InvalidInputError(f"A part of the requirement is no object. {_WRITTEN}")
    keys = set(document)
    if keys == {"certification"}:
        return Certified(_id(document["certification"]))
    if keys in ({"all"}, {"any"}):
        word = next(iter(keys))
        parts = document[word]
        if not isinstance(parts, list | tuple) or not parts:
            raise InvalidInputError(f"“{word}” needs a list of at least one part. {_WRITTEN}")
        read = tuple(_read(each, depth + 1, is_of_one=is_of_one) for each in parts)
        return AllOf(read) if word == "all" else AnyOf(read)
    if keys == {"at_least", "of_crew"}:
        count = document["at_least"]
        if is_of_one:
            raise InvalidInputError("“at_least” counts people, so it cannot stand inside another “at_least”.")
        if type(count) is not int or not 1 <= count <= LARGEST_COUNT:
            raise InvalidInputError(f"“at_least” is a whole number from 1 to {LARGEST_COUNT}.")
        return AtLeast(count, _read(document["of_crew"], depth + 1, is_of_one=True))
    raise InvalidInputError(f"A part of the requirement is not understood. {_WRITTEN}")


def _id(text: object) -> UUID:
    if isinstance(text, UUID):
        return text
    try:
        return UUID(str(text))
    except ValueError as error:
        raise InvalidInputError("A certification is named by its id. Look it up in the registry by name.") from error


def _size(requirement: CrewRequirement) -> int:
    match requirement:
        case Certified():
            return 1
        case AllOf(parts) | AnyOf(parts):
            return 1 + sum(map(_size, parts))
        case AtLeast(_, of_crew):
            return 1 + _size(of_crew)


def to_document(requirement: CrewRequirement) -> dict[str, object]:
    """The requirement as JSON keeps it."""
    match requirement:
        case Certified(certification_id):
            return {"certification": str(certification_id)}
        case AllOf(parts):
            return {"all": [to_document(each) for each in parts]}
        case AnyOf(parts):
            return {"any": [to_document(each) for each in parts]}
        case AtLeast(count, of_crew):
            return {"at_least": count, "of_crew": to_document(of_crew)}


def certifications_of(requirement: CrewRequirement) -> tuple[UUID, ...]:
    """Every certification the requirement names, each once, in the order of the ids."""
    return tuple(sorted(_leaves(requirement)))


def _leaves(requirement: CrewRequirement) -> set[UUID]:
    match requirement:
        case Certified(certification_id):
            return {certification_id}
        case AllOf(parts) | AnyOf(parts):
            return set().union(*(_leaves(each) for each in parts))
        case AtLeast(_, of_crew):
            return _leaves(of_crew)
