"""Crew requirements as a form edits them: lines of the tree. Pure; what a tree means and how it reads is the services'.

The form knows trees of one depth: all or any of some lines, each saying who must hold all or any of some certificates.
Deeper trees, which the API takes, are shown in words and not edited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]  # Any: requirement trees are stored as JSON
ALL, ANY = "all", "any"
TOGETHER = 0


@dataclass(frozen=True)
class Line:
    """`of_crew` people, each alone, must hold all or any of the certificates; the crew between them when 0."""

    certification_ids: tuple[str, ...]
    of_crew: int = TOGETHER
    how: str = ALL

    @property
    def is_complete(self) -> bool:
        return bool(self.certification_ids)


def to_document(lines: Sequence[Line], combine: str = ALL) -> dict[str, Any]:  # Any: stored as JSON
    """The tree of some lines; a single line stands for itself."""
    trees = [_tree(line) for line in lines]
    return trees[0] if len(trees) == 1 else {combine: trees}


def _tree(line: Line) -> dict[str, Any]:  # Any: stored as JSON
    leaves: list[dict[str, Any]] = [{"certification": each} for each in line.certification_ids]
    tree = leaves[0] if len(leaves) == 1 else {line.how: leaves}
    return tree if line.of_crew == TOGETHER else {"at_least": line.of_crew, "of_crew": tree}


def lines_of(document: Document) -> tuple[list[Line], str] | None:
    """The lines of a tree and how they are combined; None when the form cannot show it."""
    single = _line(document)
    if single is not None:
        return [single], ALL
    for combine in (ALL, ANY):
        if combine in document:
            lines = [_line(part) for part in document[combine]]
            whole = [line for line in lines if line is not None]
            return (whole, combine) if len(whole) == len(lines) and whole else None
    return None


def _line(document: Document) -> Line | None:
    """One line; None when the part says more than a line can."""
    if "of_crew" in document:
        inner = _line(document["of_crew"])
        if inner is None or inner.of_crew != TOGETHER:
            return None
        return Line(inner.certification_ids, int(document["at_least"]), inner.how)
    if "certification" in document:
        return Line((str(document["certification"]),))
    for how in (ALL, ANY):
        if how in document:
            leaves = [str(part["certification"]) for part in document[how] if set(part) == {"certification"}]
            return Line(tuple(leaves), how=how) if leaves and len(leaves) == len(document[how]) else None
    return None
