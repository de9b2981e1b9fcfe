"""Taking an import back: refused when anything was built on it, else former values return and added rows go.

The ledger keeps the import's events and gets an `import.undone`, by which readers leave them out.
"""

from sqlalchemy import ForeignKeyConstraint, Table

from operational_db.errors import ConflictError
from operational_db.imports.repository import TABLE_OF_KIND, ImportRepository
from operational_db.tables.imports import ImportBatch
from operational_db.tables.registry import METADATA
from operational_db.types import ImportState

# Says where a certificate came from; taken back with the entry.
_LOOSE_COLUMNS = frozenset({("certificates", "register_entry_id")})
# What an import itself keeps about its rows is no use of them.
_OWN_TABLES = frozenset({"imported_records", "import_changes", "import_batches"})


def undo_batch(repository: ImportRepository, batch: ImportBatch) -> None:
    """Restore what the batch changed and remove what it added, in the caller's transaction.

    Raises
    ------
    ConflictError
        When the batch is not applied, a later import changed its rows, or something refers to them; says what.
    """
    if batch.state is not ImportState.APPLIED:
        raise ConflictError(f"This import is {batch.state}; only an applied one can be undone.")
    repository.lock_batch(batch.id)
    obstacles = [
        *repository.later_imports(batch.id),
        *repository.later_edits(batch.id, TABLE_OF_KIND),
        *repository.access_given_again(batch.id),
        *_references(repository, batch),
    ]
    if obstacles:
        raise ConflictError(
            f"The import cannot be undone, because other records build on it: {'; '.join(obstacles)}. "
            "Undo or remove those first.",
            details={"obstacles": obstacles},
        )
    repository.unlink_register_certificates(batch.id)
    repository.restore_engagement(batch.id)
    for kind in reversed(TABLE_OF_KIND):
        repository.restore_records(batch.id, kind, _column_names(TABLE_OF_KIND[kind]))
    repository.remove_engagement(batch.id)
    for kind, table in TABLE_OF_KIND.items():
        repository.remove_records(batch.id, kind, table)
    repository.forget_records(batch.id)


def _references(repository: ImportRepository, batch: ImportBatch) -> list[str]:
    """Rows of any table that refer to a row the batch added and were not added by it."""
    found: list[str] = []
    for kind, table_name in TABLE_OF_KIND.items():
        if not repository.has_added(batch.id, kind):
            continue
        for table in METADATA.sorted_tables:
            if table.name in _OWN_TABLES:
                continue
            for column in _columns_referring_to(table, table_name):
                if (table.name, column) in _LOOSE_COLUMNS:
                    continue
                count = repository.count_references(batch.id, kind, table.name, column, has_id="id" in table.c)
                if count:
                    found.append(f"{count:,} in {table.name} ({column}) refer to its {kind}")
        if kind == "courses":
            count = repository.count_prerequisites(batch.id)
            found += [f"{count:,} courses or certifications name its courses as prerequisites"] if count else []
    return found


def _columns_referring_to(table: Table, target: str) -> list[str]:
    return [
        constraint.columns.values()[0].name
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        and constraint.referred_table.name == target
        and len(constraint.columns) == 1
    ]


def _column_names(table: str) -> list[str]:
    return [column.name for column in METADATA.tables[table].columns if column.name != "id" and column.computed is None]
