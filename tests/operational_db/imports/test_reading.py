"""Files that are malformed, cut off, wrongly encoded or larger than expected: what is refused, with line and remedy."""

from pathlib import Path

import polars as pl
import pytest

from operational_db.imports.findings import FileRefusedError, Findings
from operational_db.imports.history import read_typed
from operational_db.imports.layout import HISTORY_LAYOUT
from operational_db.imports.reading import ReadingLimits, SourceFile, find_files, read_chunks
from tests.operational_db.imports.history_files import LEARNERS, write_history


def _learners(tmp_path: Path, content: str | bytes, name: str = "learners.csv") -> SourceFile:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return SourceFile(path, HISTORY_LAYOUT.file("learners"))


def _read(source: SourceFile) -> tuple[pl.DataFrame, Findings]:
    findings = Findings()
    return read_typed(source, findings, ReadingLimits()), findings


def _fault(source: SourceFile) -> FileRefusedError:
    with pytest.raises(FileRefusedError) as refused:
        _read(source)
    return refused.value


class TestReadCsv:
    def test_a_byte_order_mark_is_accepted(self, tmp_path: Path) -> None:
        frame, findings = _read(_learners(tmp_path, b"\xef\xbb\xbf" + LEARNERS.encode()))
        assert frame["learner_id"].to_list() == ["L1", "L2", "L3", "L4"]
        assert not findings.refused

    def test_latin_1_lines_are_refused_with_line_and_column_and_the_others_kept(self, tmp_path: Path) -> None:
        frame, findings = _read(_learners(tmp_path, LEARNERS.encode("latin-1")))
        assert frame["learner_id"].to_list() == ["L1", "L2", "L4"]
        (finding,) = findings.refused
        assert (finding.line, finding.column, finding.code) == (4, "display_name", "wrong_encoding")
        assert "0xEB" in finding.value_class
        assert "UTF-8" in finding.remedy

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_utf_16_is_refused_as_a_whole(self, tmp_path: Path, encoding: str) -> None:
        assert _fault(_learners(tmp_path, LEARNERS.encode(encoding))).findings[0].code == "wrong_encoding"

    @pytest.mark.parametrize(
        ("content", "code", "column"),
        [
            ("learner_id,display_name,learner_id\nL1,One,L1\n", "duplicate_column", "learner_id"),
            ("learner_id,display_name,emial\nL1,One,\n", "unknown_column", "emial"),
            ("learner_id,email\nL1,\n", "missing_column", "display_name"),
            ("learner_id;display_name\nL1;One\n", "wrong_separator", None),
            ("", "empty_file", None),
            ("\n\n", "empty_file", None),
        ],
    )
    def test_a_wrong_header_is_refused_and_named(
        self, tmp_path: Path, content: str, code: str, column: str | None
    ) -> None:
        finding = _fault(_learners(tmp_path, content)).findings[0]
        assert (finding.code, finding.column) == (code, column)

    def test_a_misspelt_column_is_met_with_the_right_one(self, tmp_path: Path) -> None:
        error = _fault(_learners(tmp_path, "learner_id,display_name,emial\nL1,One,\n"))
        assert "Did you mean 'email'?" in error.findings[0].remedy

    @pytest.mark.parametrize("line", ["L9", "L9,Nine,nine@example.org,too many"])
    def test_a_ragged_line_is_refused_alone(self, tmp_path: Path, line: str) -> None:
        frame, findings = _read(_learners(tmp_path, LEARNERS + line + "\nL5,Five,\n"))
        assert frame["learner_id"].to_list()[-1] == "L5"
        assert [(f.line, f.code) for f in findings.refused] == [(6, "ragged_line")]

    def test_a_file_cut_off_in_its_last_line_loses_only_that(self, tmp_path: Path) -> None:
        frame, findings = _read(_learners(tmp_path, LEARNERS[:-9]))
        assert frame.height == 3
        assert findings.refused[0].code == "ragged_line"

    def test_a_quotation_mark_never_closed_is_named_with_its_line(self, tmp_path: Path) -> None:
        frame, findings = _read(_learners(tmp_path, LEARNERS + 'L5,"Five,\nL6,Six,\n'))
        assert frame.height == 4
        assert [(f.line, f.code) for f in findings.refused] == [(6, "broken_quotes")]

    def test_lines_are_counted_through_values_that_hold_line_breaks(self, tmp_path: Path) -> None:
        content = 'learner_id,display_name,email\nL1,"Learner\none",\nL2,,\n'
        _, findings = _read(_learners(tmp_path, content))
        assert [(f.line, f.code) for f in findings.refused] == [(4, "value_missing")]

    @pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-1+2", "@SUM(A1)"])
    def test_cells_that_a_spreadsheet_would_run_are_refused(self, tmp_path: Path, cell: str) -> None:
        frame, findings = _read(_learners(tmp_path, LEARNERS + f"L5,{cell},\n"))
        assert frame.height == 4
        assert findings.refused[0].code == "looks_like_a_formula"

    def test_findings_never_tell_the_value(self, tmp_path: Path) -> None:
        _, findings = _read(_learners(tmp_path, LEARNERS + "L5,=secret name,\nL6,Six\x07,\n"))
        assert all("secret" not in f.as_text() for f in findings.refused)
        assert {f.value_class for f in findings.refused} == {"text of 12 characters", "text of 4 characters"}

    def test_a_larger_file_than_allowed_is_stopped_with_the_limit(self, tmp_path: Path) -> None:
        source = _learners(tmp_path, "learner_id,display_name\n" + "".join(f"L{i},x\n" for i in range(1_000)))
        with pytest.raises(FileRefusedError, match="At most 100 rows"):
            read_typed(source, Findings(), ReadingLimits(held_rows=100))

    def test_chunks_are_no_larger_than_asked(self, tmp_path: Path) -> None:
        source = _learners(tmp_path, "learner_id,display_name\n" + "".join(f"L{i},x\n" for i in range(1_000)))
        chunks = list(read_chunks(source, Findings(), most_rows=10_000, chunk_rows=64))
        assert max(chunk.height for chunk in chunks) == 64
        assert sum(chunk.height for chunk in chunks) == 1_000
        assert chunks[-1]["line"].to_list()[-1] == 1_001


class TestReadParquet:
    def test_types_of_parquet_are_read_like_text(self, tmp_path: Path) -> None:
        path = tmp_path / "attempts.parquet"
        pl.DataFrame(
            {
                "learner_id": [7],
                "assessment_id": [1],
                "submitted_on": ["2025-01-02"],
                "score": [55.0],
                "is_banked": [True],
            }
        ).with_columns(pl.col("submitted_on").str.to_datetime()).write_parquet(path)
        frame, findings = _read(SourceFile(path, HISTORY_LAYOUT.file("attempts")))
        assert not findings.refused
        row = frame.row(0, named=True)
        assert (row["learner_id"], row["score"], row["is_banked"], str(row["submitted_on"])) == (
            "7",
            55.0,
            True,
            "2025-01-02",
        )

    def test_a_cut_file_is_refused_as_a_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "learners.parquet"
        pl.DataFrame({"learner_id": ["L1"], "display_name": ["One"]}).write_parquet(path)
        path.write_bytes(path.read_bytes()[:-20])
        assert _fault(SourceFile(path, HISTORY_LAYOUT.file("learners"))).findings[0].code == "not_parquet"


class TestFindFiles:
    def test_a_misspelt_file_is_met_with_the_right_name(self, tmp_path: Path) -> None:
        folder = write_history(tmp_path / "in")
        (folder / "enrolments.csv").write_text("x\n")
        with pytest.raises(FileRefusedError, match="Did you mean 'enrollments'"):
            find_files(folder, HISTORY_LAYOUT)

    def test_one_kind_in_two_files_is_ambiguous(self, tmp_path: Path) -> None:
        folder = write_history(tmp_path / "in")
        (folder / "learners.parquet").write_bytes(b"")
        with pytest.raises(FileRefusedError) as refused:
            find_files(folder, HISTORY_LAYOUT)
        assert refused.value.findings[0].code == "file_twice"

    def test_an_empty_folder_says_what_to_put_in(self, tmp_path: Path) -> None:
        with pytest.raises(FileRefusedError, match="Put in at least one of courses"):
            find_files(tmp_path, HISTORY_LAYOUT)
