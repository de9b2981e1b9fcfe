"""Every query of pages and endpoints names scoped views only (D7): a qualified name would reach past the cut."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from operational_db.releases.reader import QueryRefusedError, relations_of
from operational_db.releases.scope import MART_CUTS
from operational_db.settings import PROJECT_ROOT

QUERY_FOLDERS = ("app/dashboards", "app/api")
# Text that is handed to a warehouse: begins like a select. Literals within an f-string stand for themselves.
LOOKS_LIKE_SQL = re.compile(
    r"^\s*(select\b(?s:.*)\bfrom\b|with\s+\w+\s+as\s*\(|from\s+\w+\s+(select|where|group|order)\b)", re.I
)
RELATION_AFTER = re.compile(r"\b(?:from|join)\s+([\w.\"]+)", re.I)


def literals(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, text and whether it is a whole literal (not an f-string) of every text in a module that is no docstring."""
    tree = ast.parse(path.read_text())
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, text, False
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | docs:
            yield node.lineno, node.value, True


def problems(path: Path) -> list[str]:
    """What is wrong with the queries of one module."""
    found = []
    for line, text, is_whole in literals(path):
        if not LOOKS_LIKE_SQL.match(text):
            continue
        where = f"{path.name}:{line}"
        if is_whole:
            try:
                unknown = relations_of(text) - MART_CUTS.keys()
            except QueryRefusedError as error:
                found.append(f"{where}: {error.message}")
                continue
        else:
            # What is put together at run time is parsed then; here, every relation written out is looked at.
            named = {name.lower() for name in RELATION_AFTER.findall(text)}
            defined = {name.lower() for name in re.findall(r"(\w+)\s+as\s+(?:materialized\s+)?\(", text, re.I)}
            unknown = frozenset(named - defined - MART_CUTS.keys() - {"", "range", "generate_series", "unnest"})
        found += [f"{where}: {name} is not a scoped view" for name in sorted(unknown)]
    return found


def modules() -> list[Path]:
    return sorted(path for folder in QUERY_FOLDERS for path in (PROJECT_ROOT / folder).rglob("*.py"))


def test_queries_of_pages_and_endpoints_name_scoped_views_only() -> None:
    paths = modules()
    assert paths
    assert [problem for path in paths for problem in problems(path)] == []


def test_nobody_but_the_reader_opens_a_release() -> None:
    """A DuckDB connection of one's own would have no cut at all."""
    users = [path.name for path in modules() if re.search(r"^\s*(import|from) duckdb\b", path.read_text(), re.M)]
    assert users == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('SQL = "select * from marts.dim_person"', "scoped views only, without a schema"),
        ('SQL = "select * from secret_table"', "secret_table is not a scoped view"),
        ("SQL = \"select * from read_parquet('x')\"", "read_parquet may not be used"),
        ('SQL = f"select {x} from marts.dim_person"', "marts.dim_person is not a scoped view"),
        ('SQL = "with a as (select 1) select * from a join other on true"', "other is not a scoped view"),
    ],
)
def test_the_lint_sees_what_it_is_for(tmp_path: Path, source: str, problem: str) -> None:
    path = tmp_path / "page.py"
    path.write_text(source)
    assert problem in "\n".join(problems(path))


def test_the_lint_lets_good_queries_pass(tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text(
        '"""Select your team from the list."""\n'
        'A = "with a as (select person_id from dim_person) select * from a join fct_attempt using (person_id)"\n'
        'B = f"select {x} from fct_enrollment where {y}"\n'
        'C = "Select a course from the list."\n'
    )
    assert [line for line in problems(path) if ":4:" not in line] == []
