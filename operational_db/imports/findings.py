"""What is found wrong or noteworthy in import files, gathered row by row.

A finding names file, line, column, the class of the value and the remedy, and never the value itself: reports are kept
and may be read by people who must not see personal data.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from operational_db.errors import ImportRefusedError

LISTED_PER_CODE = 200


@dataclass(frozen=True)
class Finding:
    """One thing to mend (or, as a note, to know); `line` is the line of a CSV file, the row of a Parquet file."""

    file: str
    line: int | None
    column: str | None
    code: str
    value_class: str
    remedy: str

    def as_text(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        column = "" if self.column is None else f" {self.column}"
        return f"{place}{column}: {self.code.replace('_', ' ')} ({self.value_class}). {self.remedy}"


class FileRefusedError(ImportRefusedError):
    """The form of a file is such that none of its rows can be trusted."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(
            "Nothing was imported: " + " ".join(finding.as_text() for finding in findings[:10]),
            details={"findings": [asdict(finding) for finding in findings[:10]]},
        )


@dataclass
class Findings:
    """Refused rows and notes of one import. Rows are counted in full; the first few per reason are listed."""

    refused: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    note_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused_lines: dict[str, set[int]] = field(default_factory=dict)

    def refuse(self, finding: Finding) -> None:
        """Refuse one row."""
        if finding.line is not None:
            self.refused_lines.setdefault(finding.file, set()).add(finding.line)
        self._list(self.refused, self.reasons, finding)

    def refuse_rows(self, rows: pl.DataFrame, *, file: str, column: str | None, code: str, remedy: str) -> None:
        """Refuse every row of a frame with `line` and, where it matters, `value_class`."""
        self._add_rows(rows, self.refused, self.reasons, file, column, code, remedy)
        if not rows.is_empty():
            self.refused_lines.setdefault(file, set()).update(rows["line"].to_list())

    def note_rows(self, rows: pl.DataFrame, *, file: str, column: str | None, code: str, remedy: str) -> None:
        """Keep the rows and say what is remarkable about them."""
        self._add_rows(rows, self.notes, self.note_counts, file, column, code, remedy)

    def refused_count(self, file: str) -> int:
        """Number of rows of a file that were refused, however many reasons each has."""
        return len(self.refused_lines.get(file, ()))

    def as_report(self) -> dict[str, Any]:
        """For the import's stored report."""
        return {
            "reasons": [{"file": f, "code": c, "count": n} for (f, c), n in sorted(self.reasons.items())],
            "refused_rows": [asdict(finding) for finding in self.refused],
            "notes": [{"file": f, "code": c, "count": n} for (f, c), n in sorted(self.note_counts.items())],
            "noted_rows": [asdict(finding) for finding in self.notes],
        }

    def _list(self, into: list[Finding], counts: Counter[tuple[str, str]], finding: Finding) -> None:
        counts[(finding.file, finding.code)] += 1
        if counts[(finding.file, finding.code)] <= LISTED_PER_CODE:
            into.append(finding)

    def _add_rows(
        self,
        rows: pl.DataFrame,
        into: list[Finding],
        counts: Counter[tuple[str, str]],
        file: str,
        column: str | None,
        code: str,
        remedy: str,
    ) -> None:
        if rows.is_empty():
            return
        room = max(0, LISTED_PER_CODE - counts[(file, code)])
        counts[(file, code)] += rows.height
        listed = rows.sort("line").head(room)
        classes = listed["value_class"].to_list() if "value_class" in rows.columns else ["row"] * listed.height
        into.extend(
            Finding(file, line, column, code, value_class, remedy)
            for line, value_class in zip(listed["line"].to_list(), classes, strict=True)
        )
