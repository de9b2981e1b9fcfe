"""Opens a release for one viewer: read-only, cut to the viewer's scope, closed to the outside (decisions D6, D7).

DuckDB has no privileges, so a qualified name would reach past the views: every query is parsed and refused unless all
it reads are the scoped views. Nothing here decides who may see what; that is `scope.py`.
"""

# ruff: noqa: S608 - views take no parameters; all that is put into them are ids and names of our own making

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self
from uuid import UUID

import duckdb
import polars as pl

from operational_db.errors import DomainError, ReleaseUnavailableError
from operational_db.releases.manifest import ReleaseManifest
from operational_db.releases.scope import MART_CUTS, MART_MASKS, Scope

MARTS_SCHEMA = "marts"
ALLOWED_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
HANDLE_MEMORY_LIMIT = "2GB"
HANDLE_THREADS = 2


class QueryRefusedError(DomainError):
    """A query names something other than the scoped views, or is not one plain select."""

    status = 403
    code = "query_refused"


def relations_of(sql: str) -> frozenset[str]:
    """The unqualified relations one select reads, without the names it defines itself.

    Raises
    ------
    QueryRefusedError
        When the text is not exactly one select, or reads a qualified name, a file, a catalogue or a table function
        other than `range`, `generate_series` and `unnest`.
    """
    return _relations_of(sql)


@lru_cache(maxsize=2048)
def _relations_of(sql: str) -> frozenset[str]:
    with duckdb.connect(":memory:") as parser:
        row = parser.execute("select json_serialize_sql($sql::varchar)", {"sql": sql}).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    statements = tree.get("statements", [])
    if tree.get("error") or len(statements) != 1:
        raise QueryRefusedError(
            "Only a single select may be run on a release.",
            details={"reason": str(tree.get("error_message", "not one statement"))},
        )
    relations: set[str] = set()
    defined: set[str] = set()
    _collect(statements, relations, defined)
    return frozenset(relations - defined)


def _collect(node: object, relations: set[str], defined: set[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, relations, defined)
        return
    if not isinstance(node, dict):
        return
    match node.get("type"):
        case "BASE_TABLE":
            relations.add(_unqualified_name(node))
        case "TABLE_FUNCTION":
            function = (node.get("function") or {}).get("function_name", "")
            if function not in ALLOWED_TABLE_FUNCTIONS:
                raise QueryRefusedError(f"The table function {function} may not be used on a release.")
        case "SHOW_REF":
            raise QueryRefusedError("A release's catalogue may not be listed.")
    if "cte_map" in node:
        defined.update(str(entry["key"]).lower() for entry in node["cte_map"].get("map", []))
    for value in node.values():
        _collect(value, relations, defined)


def _unqualified_name(node: Mapping[str, object]) -> str:
    if node.get("schema_name") or node.get("catalog_name"):
        raise QueryRefusedError(
            "A query may name scoped views only, without a schema.",
            details={"relation": f"{node.get('schema_name')}.{node.get('table_name')}"},
        )
    return str(node["table_name"]).lower()


class ScopedWarehouse:
    """One open release, cut to one scope: any number of threads may query it, and it outlives a flip of `current`.

    Ids come back as text in the usual 8-4-4-4-12 form.
    """

    def __init__(
        self, manifest: ReleaseManifest, scope: Scope, connection: duckdb.DuckDBPyConnection, views: frozenset[str]
    ) -> None:
        self.manifest = manifest
        self.scope = scope
        self.views = views
        self._connection = connection
        self._lock = threading.Lock()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Run one select over the scoped views; `$name` placeholders take their values from `parameters`.

        Raises
        ------
        QueryRefusedError
            When the query reads anything but the scoped views.
        """
        unknown = relations_of(sql) - self.views
        if unknown:
            raise QueryRefusedError(
                f"A query may name scoped views only; unknown here: {', '.join(sorted(unknown))}.",
                details={"relations": sorted(unknown)},
            )
        with self._lock:
            cursor = self._connection.cursor()
        try:
            values = None if parameters is None else dict(parameters)
            return cursor.sql(sql, params=values).pl()
        finally:
            cursor.close()

    def close(self) -> None:
        """Let go of the release file; queries still running end with an error."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_scoped(manifest: ReleaseManifest, scope: Scope) -> ScopedWarehouse:
    """Attach the release read-only to a fresh in-memory database, make the scoped views, then shut the door.

    Raises
    ------
    ReleaseUnavailableError
        When the release file is gone or cannot be opened.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": HANDLE_THREADS,
            "memory_limit": HANDLE_MEMORY_LIMIT,
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        connection.execute("set global TimeZone = 'UTC'")
        views = _create_views(connection, manifest.path, scope)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error as error:
        connection.close()
        raise ReleaseUnavailableError(
            "The current figures cannot be opened. Run `sitesync refresh --full` to make them anew.",
            details={"file": manifest.path.name, "reason": type(error).__name__},
        ) from error
    return ScopedWarehouse(manifest, scope, connection, views)


def _create_views(connection: duckdb.DuckDBPyConnection, path: Path, scope: Scope) -> frozenset[str]:
    # The alias cannot be guessed: a second wall behind the check of every query.
    release = f"release_{token_hex(8)}"
    connection.execute(f"attach {_literal(str(path))} as {release} (read_only)")
    marts = {
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = $database and schema_name = $schema",
            {"database": release, "schema": MARTS_SCHEMA},
        ).fetchall()
    }
    source = f"{release}.{MARTS_SCHEMA}"
    _create_scope_tables(connection, source, marts, scope)
    views = frozenset(marts & MART_CUTS.keys())
    for name in sorted(views):
        condition = _bind(MART_CUTS[name], scope)
        columns = _masked(MART_MASKS.get(name, {}), scope)
        connection.execute(f"create view {name} as select {columns} from {source}.{name} where {condition}")
    return views


def _masked(masks: Mapping[str, str], scope: Scope) -> str:
    """All columns, those with a mask null where its condition does not hold."""
    shown = [
        f"case when {_bind(condition, scope)} then {column} end as {column}" for column, condition in masks.items()
    ]
    return f"* replace ({', '.join(shown)})" if shown else "*"


def _create_scope_tables(connection: duckdb.DuckDBPyConnection, source: str, marts: set[str], scope: Scope) -> None:
    """Small tables the cuts look up: computed once per handle instead of once per query."""
    person = _uuid(scope.person_id)
    _create_id_table(connection, "scope_company", "organization_id", scope.company_ids)
    _create_id_table(connection, "scope_school", "organization_id", scope.school_ids)
    _create_id_table(connection, "scope_owner", "organization_id", scope.owner_ids)
    _create_id_table(connection, "scope_mentoring", "organization_id", scope.mentoring_ids)
    _create_id_table(connection, "scope_roi", "organization_id", scope.roi_ids)
    own = "select organization_id from scope_company union select organization_id from scope_school"
    selects = {
        "scope_organization": ("organization_id", own),
        "scope_member": ("person_id", None),
        "scope_course": ("course_id", None),
        "scope_person": ("person_id", None),
        "scope_partner": ("organization_id", None),
        "scope_building": ("building_id", None),
    }
    if "dim_membership" in marts:
        members = f"select person_id from {source}.dim_membership where is_current and organization_id in ({own})"
        joined = f"select organization_id from {source}.dim_membership where is_current and person_id = {person}"
        owned = "select organization_id from scope_owner"
        selects["scope_organization"] = ("organization_id", f"{own} union {owned} union {joined}")
        selects["scope_member"] = ("person_id", members)
        selects["scope_person"] = ("person_id", members)
    if "dim_course" in marts:
        courses = (
            f"select course_id from {source}.dim_course where provider_id in (select organization_id from scope_school)"
        )
        selects["scope_course"] = ("course_id", courses)
        if "fct_enrollment" in marts and scope.school_ids:
            students = (
                f"select person_id from {source}.fct_enrollment where organization_id in "
                "(select organization_id from scope_school) or course_id in (select course_id from scope_course)"
            )
            members_and_students = f"select person_id from scope_member union {students}"
            selects["scope_person"] = ("person_id", members_and_students)
    if {"dim_service_contract", "dim_building", "fct_visit"} <= marts:
        selects["scope_partner"] = ("organization_id", _PARTNERS.format(source=source))
        selects["scope_building"] = ("building_id", _SERVICED_BUILDINGS.format(source=source))
    for table, (column, select) in selects.items():
        _create_id_table(connection, table, column, frozenset())
        if select is not None:
            connection.execute(f"insert into {table} select distinct {column} from ({select})")


# The other side of a contract by name, whoever of the two looks.
_PARTNERS = """
    select contractor_id as organization_id from {source}.dim_service_contract
    where owner_id in (select organization_id from scope_owner)
    union
    select owner_id as organization_id from {source}.dim_service_contract
    where contractor_id in (select organization_id from scope_company)
"""
# Buildings a company services today, and those it has visits in.
_SERVICED_BUILDINGS = """
    select buildings.building_id
    from {source}.dim_service_contract as contracts
    inner join {source}.dim_building as buildings
        on contracts.owner_id = buildings.owner_id
        and coalesce(contracts.building_id, buildings.building_id) = buildings.building_id
    where contracts.is_current and contracts.contractor_id in (select organization_id from scope_company)
    union
    select building_id from {source}.fct_visit
    where contractor_id in (select organization_id from scope_company)
"""


def _create_id_table(connection: duckdb.DuckDBPyConnection, table: str, column: str, ids: frozenset[UUID]) -> None:
    connection.execute(f"create table {table} ({column} uuid)")
    if ids:
        connection.executemany(f"insert into {table} values (?)", [[str(i)] for i in sorted(ids)])


def _bind(condition: str, scope: Scope) -> str:
    """View definitions take no parameters; the values are ids and booleans of our own making."""
    return (
        condition.replace("$person_id", _uuid(scope.person_id))
        .replace("$can_view_kpis", str(scope.can_view_kpis).lower())
        .replace("$can_view_platform", str(scope.can_view_platform).lower())
    )


def _uuid(value: UUID | None) -> str:
    return "null::uuid" if value is None else f"'{UUID(int=value.int)}'::uuid"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
