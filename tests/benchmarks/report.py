"""What a benchmark found: figures with their limits, the table for people and the JSON for whoever compares runs.

Measuring is in the modules of each subject.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

Detail = str | int | float | bool | None | list["Detail"] | dict[str, "Detail"]


@dataclass(frozen=True)
class Figure:
    """Repeated measurements of one quantity, and the most its median may be (none: reported, not judged)."""

    name: str
    unit: str
    repetitions: tuple[float, ...]
    limit: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.repetitions)

    @property
    def is_met(self) -> bool | None:
        return None if self.limit is None else self.median <= self.limit

    @property
    def text(self) -> str:
        return _quantity(self.median, self.unit)

    @property
    def limit_text(self) -> str:
        return "" if self.limit is None else _quantity(self.limit, self.unit)


@dataclass(frozen=True)
class Row:
    """One line of the table. A row that could not be measured says why in `skipped`, one that broke in `failed`."""

    name: str
    what: str
    figures: tuple[Figure, ...] = ()
    skipped: str | None = None
    failed: str | None = None
    details: dict[str, Detail] = field(default_factory=dict)

    @property
    def is_met(self) -> bool | None:
        """Whether every judged figure is within its limit; none when nothing was measured."""
        verdicts = [figure.is_met for figure in self.figures if figure.is_met is not None]
        return all(verdicts) if verdicts and self.failed is None else None

    @property
    def measured_text(self) -> str:
        if self.failed is not None:
            return f"failed: {self.failed}"
        if self.skipped is not None:
            return f"skipped: {self.skipped}"
        return ", ".join(f"{figure.name} {figure.text}".strip() for figure in self.figures)

    @property
    def target_text(self) -> str:
        return ", ".join(f"{figure.name} {figure.limit_text}".strip() for figure in self.figures if figure.limit_text)

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "NO", None: "-"}[self.is_met]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[int(rank) - 1]


def print_table(rows: Sequence[Row], console: Console) -> None:
    """What, measured, target, met."""
    table = Table("what", "measured", "target", "met")
    for row in rows:
        table.add_row(row.what, row.measured_text, row.target_text, row.verdict)
    console.print(table)


def write_json(path: Path, rows: Sequence[Row], machine: dict[str, Detail], started_at: datetime) -> None:
    """Everything measured, each repetition included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "started_at": started_at.isoformat(timespec="seconds"),
        "machine": machine,
        "rows": [_row_document(row) for row in rows],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _row_document(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "what": row.what,
        "met": row.is_met,
        "skipped": row.skipped,
        "failed": row.failed,
        "figures": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "median": figure.median,
                "repetitions": list(figure.repetitions),
                "limit": figure.limit,
                "met": figure.is_met,
            }
            for figure in row.figures
        ],
        "details": row.details,
    }


def _quantity(value: float, unit: str) -> str:
    if not unit:
        return f"{value:.0f}"
    digits = 2 if value < 10 else 1
    return f"{value:.{digits}f}{'' if unit == 'x' else ' '}{unit}"
