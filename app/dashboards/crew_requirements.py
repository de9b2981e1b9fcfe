"""Crew requirements as a form edits them and as people read them: lines of the tree, and the tree in words. Pure.

The form knows trees of one depth: all or any of some lines, each saying who must hold all or any of some certificates.
Deeper trees, which the API takes, are shown in words and not edited. What a tree means is decided by the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]  # Any: requirement trees are stored as JSON
ALL, ANY = "all", "any"
TOGETHER = 0
UNKNOWN = "a certificate that is not in the registry"


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


def certification_ids_of(document: Document) -> set[str]:
    """Every certification the tree names."""
    if "certification" in document:
        return {str(document["certification"])}
    if "of_crew" in document:
        return certification_ids_of(document["of_crew"])
    parts = [*document.get(ALL, []), *document.get(ANY, [])]
    return set().union(*map(certification_ids_of, parts)) if parts else set()


def in_words(document: Document, names: Mapping[str, str]) -> str:
    """The tree as a part of a sentence: "the crew holds A and B between them and at least 2 people each hold C"."""
    found = lines_of(document)
    if found is None:
        return _words(document, names)
    lines, combine = found
    joined = " and " if combine == ALL else " or "
    return joined.join(_line_words(line, names) for line in lines)


def _line_words(line: Line, names: Mapping[str, str]) -> str:
    held = (" and " if line.how == ALL else " or ").join(names.get(each, UNKNOWN) for each in line.certification_ids)
    if line.of_crew > 1:
        return f"at least {line.of_crew} people each hold {held}"
    if line.of_crew == TOGETHER and line.how == ALL and len(line.certification_ids) > 1:
        return f"the crew holds {held} between them"
    return f"{'one person' if line.of_crew else 'somebody'} holds {held}"


def _words(document: Document, names: Mapping[str, str]) -> str:
    if "certification" in document:
        return names.get(str(document["certification"]), UNKNOWN)
    if "of_crew" in document:
        return f"at least {document['at_least']} of the crew each: {_words(document['of_crew'], names)}"
    for how, word in ((ALL, " and "), (ANY, " or ")):
        if how in document:
            return "(" + word.join(_words(part, names) for part in document[how]) + ")"
    return "nothing"
