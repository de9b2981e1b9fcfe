"""A button's callback reads what stands in typed fields when it is pressed, never what stood there at the last drawing.

A typed field hands its text over when it is left, which pressing a button does: page and callback then run at once, and
a value that the callback took along from the page is the one before.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from operational_db.settings import PROJECT_ROOT

TYPED = frozenset({"text_input", "text_area", "number_input", "date_input", "time_input", "data_editor"})
PRESSED = frozenset({"button", "form_submit_button", "download_button"})
HANDED_OVER = frozenset({"on_click", "args", "kwargs", "data"})


def _called(node: ast.AST) -> str:
    """The name of what is called, `st.text_input(…)` and `text_input(…)` alike; none where a field hands over live."""
    if not isinstance(node, ast.Call) or any(keyword.arg == "live" for keyword in node.keywords):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Everything within, but for what is looked up in the session's state: that is read when the callback runs."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"st.session_state", "state"}:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _parts(child)


def _is_tainted(node: ast.AST, names: set[str], asking: frozenset[str]) -> bool:
    return any((isinstance(part, ast.Name) and part.id in names) or _called(part) in asking for part in _parts(node))


def _typed_names(function: ast.AST, asking: frozenset[str]) -> set[str]:
    """Names of a function that hold what was typed, also by way of other names."""
    names: set[str] = set()
    before = -1
    while before != len(names):
        before = len(names)
        for node in ast.walk(function):
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) or node.value is None:
                continue
            if _is_tainted(node.value, names, asking):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return names


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    """The module without its functions, then each of them."""
    yield ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], [])
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def asking_functions(trees: list[ast.Module]) -> frozenset[str]:
    """Functions that return what was typed, by the names they are called by."""
    asking = TYPED
    while True:
        found = {
            function.name
            for tree in trees
            for function in _functions(tree)
            if isinstance(function, ast.FunctionDef)
            and any(
                isinstance(node, ast.Return)
                and node.value is not None
                and _is_tainted(node.value, _typed_names(function, asking), asking)
                for node in ast.walk(function)
            )
        }
        if found <= asking:
            return asking
        asking |= found


def stale_callbacks(path: Path, tree: ast.Module, asking: frozenset[str]) -> list[str]:
    """Buttons of a module that hand their callback what was typed before."""
    found = []
    for function in _functions(tree):
        names = _typed_names(function, asking)
        local = {node.name: node for node in ast.walk(function) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(function):
            if _called(node) not in PRESSED or not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                handed: list[ast.AST] = [keyword.value] if keyword.arg in HANDED_OVER else []
                handed += [local[part.id] for each in list(handed) for part in ast.walk(each)
                           if isinstance(part, ast.Name) and part.id in local]  # fmt: skip
                if any(_is_tainted(each, names, frozenset()) for each in handed):
                    found.append(f"{path.name}:{node.lineno}")
    return sorted(set(found))


def test_no_page_hands_a_callback_what_was_typed_before() -> None:
    paths = sorted((PROJECT_ROOT / "app" / "dashboards").rglob("*.py"))
    trees = [ast.parse(path.read_text()) for path in paths]
    asking = asking_functions(trees)
    assert [line for path, tree in zip(paths, trees, strict=True) for line in stale_callbacks(path, tree, asking)] == []


BAD = """
import streamlit as st

def _ask():
    name = st.text_input("Name")
    return name.strip()

def show():
    name = _ask()
    st.button("Save", on_click=save, args=(lambda: write(name),))
    def keep():
        write(name)
    st.button("Keep", on_click=keep)
    st.button("Good", on_click=lambda: write(st.session_state["name"]))
"""


def test_such_a_callback_is_found_also_by_way_of_another_function(tmp_path: Path) -> None:
    tree = ast.parse(BAD)
    assert stale_callbacks(Path("page.py"), tree, asking_functions([tree])) == ["page.py:10", "page.py:13"]
