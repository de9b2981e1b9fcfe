"""Reading import files into frames of text with line numbers: encoding, header, ragged and cut lines.

What the cells mean is decided in `values`. CSV is read record by record, so that every complaint has its line.
"""

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from operational_db.imports.findings import FileRefusedError, Finding, Findings
from operational_db.imports.layout import FILE_SUFFIXES, FileLayout, Layout

CHUNK_ROWS = 100_000
PEEK_BYTES = 65_536


@dataclass(frozen=True)
class ReadingLimits:
    """How much a file may hold. Activity is added up while it is read, every other kind is held in memory."""

    held_rows: int = 3_000_000
    activity_rows: int = 200_000_000

    def of(self, kind: str, *, is_activity: bool) -> int:
        """The most rows a file of the kind may have."""
        return self.activity_rows if is_activity else self.held_rows


class _CsvReader(Protocol):
    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True)
class SourceFile:
    """One file of an import and the layout it must follow."""

    path: Path
    layout: FileLayout

    @property
    def name(self) -> str:
        return self.path.name


def find_files(folder: Path, layout: Layout) -> dict[str, SourceFile]:
    """The files of a folder by kind.

    Raises
    ------
    FileRefusedError
        When the folder has none, a name is unknown, a kind is there twice or a required one is missing.
    """
    if not folder.is_dir():
        raise FileRefusedError([_fault(folder.name, "folder_not_found", "no folder", "Name an existing folder.")])
    by_name = {name: file for file in layout.files for name in file.names}
    faults: list[Finding] = []
    found: dict[str, SourceFile] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in FILE_SUFFIXES):
        file = by_name.get(path.stem)
        if file is None:
            faults.append(_fault(path.name, "unknown_file", "file name", _did_you_mean(path.stem, by_name)))
        elif file.kind in found:
            other = found[file.kind].name
            faults.append(_fault(path.name, "file_twice", "file name", f"Remove it or {other}: both hold {file.kind}."))
        else:
            found[file.kind] = SourceFile(path, file)
    for kind in sorted(layout.required_kinds - found.keys()):
        faults.append(_fault(kind, "file_missing", "no file", f"Add {kind}.csv or {kind}.parquet."))
    if not found and not faults:
        names = ", ".join(file.kind for file in layout.files)
        faults.append(_fault(folder.name, "no_files", "no file", f"Put in at least one of {names} (.csv or .parquet)."))
    if faults:
        raise FileRefusedError(faults)
    return found


def read_chunks(
    source: SourceFile, findings: Findings, *, most_rows: int, chunk_rows: int = CHUNK_ROWS
) -> Iterator[pl.DataFrame]:
    """The file in frames of text columns, one per column of the layout, and `line`; refused lines are left out.

    Cells are trimmed and empty ones are null. Columns of the layout that the file lacks are null throughout.

    Raises
    ------
    FileRefusedError
        When the form of the whole file is wrong: encoding, header, not Parquet, more than `most_rows` rows.
    """
    chunks = _parquet_chunks if source.path.suffix.lower() == ".parquet" else _csv_chunks
    count = 0
    for chunk in chunks(source, findings, chunk_rows):
        count += chunk.height
        if count > most_rows:
            remedy = (
                f"At most {most_rows:,} rows are read at once. Split it, for instance by course, and import the parts."
            )
            raise FileRefusedError([_fault(source.name, "too_many_rows", f"more than {most_rows:,} rows", remedy)])
        yield _clean(chunk, source.layout)


def _fault(file: str, code: str, value_class: str, remedy: str, column: str | None = None) -> Finding:
    return Finding(file, None, column, code, value_class, remedy)


def _did_you_mean(name: str, known: Sequence[str] | dict[str, FileLayout]) -> str:
    close = difflib.get_close_matches(name.lower(), list(known), n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known are {', '.join(known)}; rename or remove it."


def _clean(chunk: pl.DataFrame, layout: FileLayout) -> pl.DataFrame:
    missing = [pl.lit(None, pl.String).alias(c.name) for c in layout.columns if c.name not in chunk.columns]
    names = [column.name for column in layout.columns]
    trimmed = pl.col(names).str.strip_chars()
    nulls = ["", *layout.null_markers]
    return (
        chunk.with_columns(missing)
        .select("line", *names)
        .with_columns(trimmed)
        .with_columns(pl.when(~pl.col(names).is_in(nulls)).then(pl.col(names)))
    )


def _check_header(names: Sequence[str], source: SourceFile) -> None:
    known = [column.name for column in source.layout.columns]
    faults = [
        _fault(source.name, "duplicate_column", "header", "The header names it twice; remove one.", name)
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if not source.layout.allows_other_columns:
        faults += [
            _fault(source.name, "unknown_column", "header", _did_you_mean(name, known), name or "(no name)")
            for name in names
            if name not in known
        ]
    faults += [
        _fault(source.name, "missing_column", "header", f"Add it: {column.description}", column.name)
        for column in source.layout.columns
        if column.must_be_in_header and column.name not in names
    ]
    if faults:
        raise FileRefusedError(faults)


def _parquet_chunks(source: SourceFile, findings: Findings, chunk_rows: int) -> Iterator[pl.DataFrame]:
    try:
        schema = pl.read_parquet_schema(source.path)
    except (pl.exceptions.PolarsError, OSError) as error:
        remedy = "It is cut off or no Parquet file; export it again."
        raise FileRefusedError([_fault(source.name, "not_parquet", "unreadable", remedy)]) from error
    _check_header(list(schema), source)
    wanted = [column.name for column in source.layout.columns if column.name in schema]
    nested = [name for name in wanted if schema[name].is_nested() or schema[name] == pl.Binary]
    if nested:
        remedy = "Export it as text, number, date or boolean."
        raise FileRefusedError([_fault(source.name, "nested_column", str(schema[n]), remedy, n) for n in nested])
    rows = pl.scan_parquet(source.path).select(wanted).with_row_index("line", offset=1)
    as_text = rows.select(pl.col("line").cast(pl.Int64), *[pl.col(name).cast(pl.String) for name in wanted])
    try:
        yield from as_text.collect_batches(chunk_size=chunk_rows, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        remedy = "Its pages cannot be read; export it again."
        raise FileRefusedError([_fault(source.name, "not_parquet", "unreadable", remedy)]) from error


def _csv_chunks(source: SourceFile, findings: Findings, chunk_rows: int) -> Iterator[pl.DataFrame]:
    _check_encoding(source)
    with source.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        header = _read_header(reader, source)
        lines: list[int] = []
        rows: list[list[str]] = []
        for line, row in _csv_rows(reader, source, findings, len(header)):
            lines.append(line)
            rows.append(row)
            if len(rows) == chunk_rows:
                yield _to_frame(header, lines, rows, source, findings)
                lines, rows = [], []
        if rows:
            yield _to_frame(header, lines, rows, source, findings)


def _check_encoding(source: SourceFile) -> None:
    with source.path.open("rb") as stream:
        start = stream.read(PEEK_BYTES)
    if not start.strip(b"\xef\xbb\xbf\r\n\t "):
        raise FileRefusedError([_fault(source.name, "empty_file", "no content", "Export it again, with its header.")])
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start:
        remedy = "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')."
        raise FileRefusedError([_fault(source.name, "wrong_encoding", "UTF-16 or binary", remedy)])


def _read_header(reader: _CsvReader, source: SourceFile) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        remedy = "The first line must name the columns, separated by commas."
        raise FileRefusedError([_fault(source.name, "no_header", "first line", remedy)]) from error
    if any(not name.isascii() for name in header):
        remedy = "Save the file as UTF-8; the names of columns are plain letters and '_'."
        raise FileRefusedError([_fault(source.name, "wrong_header", "first line", remedy)])
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        remedy = "Save it with commas between the values, not semicolons or tabs."
        raise FileRefusedError([_fault(source.name, "wrong_separator", "first line", remedy)])
    _check_header(header, source)
    return header


def _csv_rows(
    reader: _CsvReader, source: SourceFile, findings: Findings, width: int
) -> Iterator[tuple[int, list[str]]]:
    """Rows with as many values as the header, each with the line it starts in."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            remedy = f"Mend the quotation marks ({error}); a mark inside a value is written twice."
            lost = f"{reader.line_num - line + 1} lines"
            findings.refuse(Finding(source.name, line, None, "broken_quotes", lost, remedy))
            continue
        if not row:
            continue
        if len(row) != width:
            remedy = f"The header has {width} columns. A comma is missing or too many, or the file was cut off here."
            findings.refuse(Finding(source.name, line, None, "ragged_line", f"{len(row)} values", remedy))
            continue
        yield line, row


def _to_frame(
    header: list[str], lines: list[int], rows: list[list[str]], source: SourceFile, findings: Findings
) -> pl.DataFrame:
    try:
        return _frame(header, lines, rows)
    except UnicodeEncodeError:
        good = [
            (line, row) for line, row in zip(lines, rows, strict=True) if _is_utf8(line, row, header, source, findings)
        ]
        return _frame(header, [line for line, _ in good], [row for _, row in good])


def _frame(header: list[str], lines: list[int], rows: list[list[str]]) -> pl.DataFrame:
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in header}
    schema = {"line": pl.Int64, **dict.fromkeys(header, pl.String)}
    return pl.DataFrame({"line": lines, **columns}, schema=schema)


def _is_utf8(line: int, row: list[str], header: list[str], source: SourceFile, findings: Findings) -> bool:
    for name, value in zip(header, row, strict=True):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            byte = ord(value[error.start]) & 0xFF
            remedy = "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8') and import again."
            findings.refuse(
                Finding(source.name, line, name, "wrong_encoding", f"byte 0x{byte:02X} is not UTF-8", remedy)
            )
            return False
    return True
