"""A person who was erased stays erased, whatever a source or an undo would write back."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select, text

from operational_db.database import unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import ERASED_NAME, erase_person
from operational_db.imports.service import undo_import
from operational_db.tables.identity import Person
from tests.operational_db.imports.history_files import LEARNERS, run, write_history


def names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.scalars(select(Person.display_name)))


def everything(engine: Engine) -> str:
    """All that the import keeps for an undo, as text."""
    with engine.connect() as connection:
        return " ".join(connection.scalars(text("select before::text from import_changes")))


def test_neither_a_changed_source_nor_an_undo_brings_a_name_back(
    committed_engine: Engine, tmp_path: Path, now: datetime
) -> None:
    folder = write_history(tmp_path / "in")
    run(committed_engine, folder, now)
    write_history(folder, learners=LEARNERS.replace("Learner two", "Learner 2"))
    run(committed_engine, folder, now + timedelta(days=1))
    assert "Learner 2" in names(committed_engine)
    assert "Learner two" in everything(committed_engine)
    with unit_of_work(committed_engine) as session:
        person_id = session.scalars(select(Person.id).where(Person.display_name == "Learner 2")).one()
        erase_person(session, SYSTEM_PRINCIPAL, person_id=person_id, now=now + timedelta(days=2))
    assert "Learner two" not in everything(committed_engine)

    write_history(folder, learners=LEARNERS.replace("Learner two", "Learner II"))
    run(committed_engine, folder, now + timedelta(days=3))
    assert "Learner II" not in names(committed_engine)
    assert ERASED_NAME in names(committed_engine)


def test_an_undo_does_not_name_an_erased_person_again(committed_engine: Engine, tmp_path: Path, now: datetime) -> None:
    folder = write_history(tmp_path / "in")
    run(committed_engine, folder, now)
    write_history(folder, learners=LEARNERS.replace("Learner two", "Learner 2"))
    renamed = run(committed_engine, folder, now + timedelta(days=1))
    assert renamed.import_id is not None
    with unit_of_work(committed_engine) as session:
        person_id = session.scalars(select(Person.id).where(Person.display_name == "Learner 2")).one()
        erase_person(session, SYSTEM_PRINCIPAL, person_id=person_id, now=now + timedelta(days=2))
    with unit_of_work(committed_engine) as session:
        undo_import(session, SYSTEM_PRINCIPAL, import_id=renamed.import_id, now=now + timedelta(days=3))
    assert {"Learner 2", "Learner two"}.isdisjoint(names(committed_engine))
