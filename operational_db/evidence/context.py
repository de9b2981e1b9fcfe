"""Says in words what the ids of records stand for: people, modules, tracks, policy and runbook codes.

Looked up for a block of records at a time and remembered; whose names may be told is decided by the caller.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from uuid import UUID

from operational_db.evidence.repository import EvidenceRepository
from operational_db.evidence.verify_bundle import Record

Lookup = Callable[[Collection[UUID]], Mapping[UUID, str]]


class _Remembered:
    """A look-up that asks for each id once, by its text; one that is no id or stands for nothing gives no text."""

    def __init__(self, look_up: Lookup) -> None:
        self._look_up = look_up
        self._texts: dict[object, str | None] = {}

    def prepare(self, ids: Iterable[object]) -> None:
        unknown = {wanted: _to_id(wanted) for wanted in set(ids) if wanted not in self._texts}
        wanted_ids = {found for found in unknown.values() if found is not None}
        texts = self._look_up(wanted_ids) if wanted_ids else {}
        self._texts.update((text, None if found is None else texts.get(found)) for text, found in unknown.items())

    def __getitem__(self, wanted: object) -> str | None:
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
        self._people.prepare(record["user_id"] for record in records)
        self._tracks.prepare(record["track_id"] for record in records)
        self._policies.prepare(part for record in records for part in _parts(record["policy_ids"]))
        self._runbooks.prepare(part for record in records for part in _parts(record["runbook_ids"]))
        by_type: dict[str, list[object]] = {}
        for record in records:
            by_type.setdefault(str(record["module_type"]), []).append(record["module_id"])
        for module_type, ids in by_type.items():
            self._of_type(module_type).prepare(ids)
        for record in records:
            self._fill_one(record)

    def _fill_one(self, record: Record) -> None:
        record["user_name"] = self._people[record["user_id"]]
        record["module_name"] = self._of_type(str(record["module_type"]))[record["module_id"]]
        record["track_name"] = self._tracks[record["track_id"]]
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
    told = [codes[part] or (part if _to_id(part) is None else None) for part in _parts(ids)]
    return [code for code in told if code is not None]


def _joined(codes: Sequence[str]) -> str | None:
    return ",".join(codes) or None


def _parts(ids: object) -> list[str]:
    return str(ids).split(",") if ids else []


def _to_id(text: object) -> UUID | None:
    if not isinstance(text, str):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
