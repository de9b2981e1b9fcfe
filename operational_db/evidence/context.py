"""Says in words what the ids of records stand for: people, modules, tracks, policy and runbook codes.

Looked up for a block of records at a time and remembered; whose names may be told is decided by the caller.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from uuid import UUID

from operational_db.evidence.repository import EvidenceRepository
from operational_db.evidence.verify_bundle import Record

Lookup = Callable[[Collection[UUID]], Mapping[UUID, str]]


class _Remembered:
    """A look-up that asks for each id once; an id that stands for nothing gives no text."""

    def __init__(self, look_up: Lookup) -> None:
        self._look_up = look_up
        self._texts: dict[UUID, str | None] = {}

    def prepare(self, ids: Iterable[UUID]) -> None:
        unknown = {wanted for wanted in ids if wanted not in self._texts}
        if unknown:
            found = self._look_up(unknown)
            self._texts.update((wanted, found.get(wanted)) for wanted in unknown)

    def __getitem__(self, wanted: UUID) -> str | None:
        return self._texts[wanted]


class RecordContext:
    """Fills the columns of a record that its ledger entry does not hold (`verify_bundle.CONTEXT_FIELDS`)."""

    def __init__(self, repository: EvidenceRepository, names_of_people: Lookup) -> None:
        self._repository = repository
        self._people = _Remembered(names_of_people)
        self._tracks = _Remembered(repository.names_of_tracks)
        self._policies = _Remembered(repository.codes_of_policies)
        self._runbooks = _Remembered(repository.codes_of_runbooks)
        self._modules: dict[str, _Remembered] = {}
        self._codes: dict[tuple[str, str | None], tuple[Sequence[str], Sequence[str]]] = {}

    def fill(self, records: Sequence[Record]) -> None:
        """Add the context to each record, in the order of the columns."""
        self._people.prepare(_ids(record["user_id"] for record in records))
        self._tracks.prepare(_ids(record["track_id"] for record in records))
        self._policies.prepare(_ids(part for record in records for part in _parts(record["policy_ids"])))
        self._runbooks.prepare(_ids(part for record in records for part in _parts(record["runbook_ids"])))
        by_type: dict[str, list[object]] = {}
        for record in records:
            if record["module_type"] is not None:
                by_type.setdefault(str(record["module_type"]), []).append(record["module_id"])
        for module_type, ids in by_type.items():
            self._of_type(module_type).prepare(_ids(ids))
        for record in records:
            self._fill_one(record)

    def _fill_one(self, record: Record) -> None:
        user, track = _to_id(record["user_id"]), _to_id(record["track_id"])
        record["user_name"] = None if user is None else self._people[user]
        module = _to_id(record["module_id"])
        record["module_name"] = None if module is None else self._of_type(str(record["module_type"]))[module]
        record["track_name"] = None if track is None else self._tracks[track]
        policies, runbooks = self._codes_behind(record)
        record["policy_codes"] = _joined(_told(record["policy_ids"], self._policies) or policies)
        record["runbook_codes"] = _joined(_told(record["runbook_ids"], self._runbooks) or runbooks)

    def _codes_behind(self, record: Record) -> tuple[Sequence[str], Sequence[str]]:
        """Policies and runbooks an entry does not name itself: those of its lesson's version or of its rule."""
        if record["module_type"] == "lesson" and record["module_version"] is not None:
            key: tuple[str, str | None] = (str(record["module_id"]), str(record["module_version"]))
        elif record["rule_id"] is not None:
            key = (str(record["rule_id"]), None)
        else:
            return (), ()
        if key not in self._codes:
            self._codes[key] = self._read_codes(*key)
        return self._codes[key]

    def _read_codes(self, text: str, version: str | None) -> tuple[Sequence[str], Sequence[str]]:
        found = _to_id(text)
        if found is None:
            return (), ()
        if version is None:
            return self._repository.codes_of_rule(found)
        return self._repository.codes_of_lesson(found, version)

    def _of_type(self, module_type: str) -> _Remembered:
        if module_type not in self._modules:
            self._modules[module_type] = _Remembered(lambda ids: self._repository.names_of_modules(module_type, ids))
        return self._modules[module_type]


def _told(ids: object, codes: _Remembered) -> list[str]:
    """The codes for ids joined with commas; what is no id is a code already."""
    told = []
    for part in _parts(ids):
        found = _to_id(part)
        code = part if found is None else codes[found]
        if code is not None:
            told.append(code)
    return told


def _joined(codes: Sequence[str]) -> str | None:
    return ",".join(codes) or None


def _parts(ids: object) -> list[str]:
    return [part for part in str(ids).split(",") if part] if ids is not None else []


def _ids(texts: Iterable[object]) -> set[UUID]:
    return {found for found in map(_to_id, set(texts)) if found is not None}


def _to_id(text: object) -> UUID | None:
    if not isinstance(text, str):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
