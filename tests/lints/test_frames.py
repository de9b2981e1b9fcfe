"""No Python function runs inside a frame's expression: with many viewers at once it can bring a server to a stand.

Polars' threads would wait for the interpreter's lock while a thread that holds it waits for them.
"""

import ast
from pathlib import Path

from operational_db.settings import PROJECT_ROOT

PYTHON_IN_EXPRESSIONS = frozenset({"map_elements", "map_batches", "map_groups", "map_rows", "rolling_map"})


def calls_of_python(path: Path) -> list[str]:
    """Where a module hands a Python function to polars."""
    return [
        f"{path.name}:{node.lineno} {node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in PYTHON_IN_EXPRESSIONS
    ]


def test_what_serves_viewers_keeps_python_out_of_expressions() -> None:
    modules = [path for folder in ("app", "operational_db") for path in (PROJECT_ROOT / folder).rglob("*.py")]
    assert modules
    assert [call for path in modules for call in calls_of_python(path)] == []


def test_such_a_call_is_found(tmp_path: Path) -> None:
    module = tmp_path / "page.py"
    module.write_text("import polars as pl\n\nshown = pl.col('status').map_elements(str)\n")
    assert calls_of_python(module) == ["page.py:3 map_elements"]
