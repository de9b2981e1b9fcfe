"""From text cells to typed values: dates, numbers, choices, ids. A cell that cannot be read refuses its row.

What the values mean together is checked elsewhere.
"""

from datetime import date

import polars as pl

from operational_db.imports.findings import Findings
from operational_db.imports.layout import LONGEST_ID, LONGEST_TEXT, Column, ColumnType, FileLayout

FIRST_DATE = date(1900, 1, 1)
LAST_DATE = date(2199, 12, 31)

_DATE = r"^\d{4}-\d{2}-\d{2}$"
# A Parquet file may carry whole numbers as floating point (18.0) and dates as timestamps at midnight.
_MIDNIGHT = r"[T ]00:00:00(\.0+)?(Z|\+00:?00)?$"
_INTEGER = r"^[+-]?\d{1,15}(\.0+)?$"
_DECIMAL = r"^[+-]?\d{1,12}(\.\d+)?$"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"
_FORMULA = r"^[=+\-@\t\r]"
_TRUE = ("true", "yes", "1")
_FALSE = ("false", "no", "0")


def to_typed(chunk: pl.DataFrame, layout: FileLayout, file: str, findings: Findings) -> pl.DataFrame:
    """The rows whose every cell can be read, typed: text, Date, Int64, Float64 (rounded), Boolean.

    A cell of a lenient column that cannot be read is emptied and noted, and does not refuse its row.

    Parameters
    ----------
    chunk
        `line` and one text column per column of the layout, as `reading.read_chunks` gives them.
    """
    typed = chunk.select("line", *[_typed(column).alias(column.name) for column in layout.columns])
    bad_lines: list[pl.Series] = []
    for column in layout.columns:
        unreadable = _find_unreadable(chunk, typed[column.name], column, file, findings)
        if unreadable and column.is_lenient:
            is_bad = pl.col("line").is_in(pl.concat(unreadable).unique().implode())
            typed = typed.with_columns(pl.when(~is_bad).then(pl.col(column.name)))
        else:
            bad_lines += unreadable
    if not bad_lines:
        return typed
    bad = pl.concat(bad_lines).unique()
    return typed.filter(~pl.col("line").is_in(bad.implode()))


def value_class(name: str) -> pl.Expr:
    """What kind of value a text cell holds, without telling the value."""
    cell = pl.col(name)
    return (
        pl.when(cell.is_null())
        .then(pl.lit("empty"))
        .when(cell.str.contains(_DATE))
        .then(pl.lit("a date"))
        .when(cell.str.contains(_DECIMAL))
        .then(pl.lit("a number"))
        .otherwise(pl.format("text of {} characters", cell.str.len_chars()))
        .alias("value_class")
    )


def _typed(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    match column.type:
        case ColumnType.IDENTIFIER | ColumnType.TEXT:
            return cell
        case ColumnType.CHOICE:
            return cell.str.to_lowercase()
        case ColumnType.DATE:
            day = cell.str.replace(_MIDNIGHT, "")
            return pl.when(day.str.contains(_DATE)).then(day).str.to_date("%Y-%m-%d", strict=False)
        case ColumnType.INTEGER:
            digits = pl.when(cell.str.contains(_INTEGER)).then(cell)
            return digits.str.replace(r"\.0+$", "").str.strip_prefix("+").cast(pl.Int64, strict=False)
        case ColumnType.DECIMAL:
            number = pl.when(cell.str.contains(_DECIMAL)).then(cell)
            exact = number.str.strip_prefix("+").cast(pl.Decimal(28, 10), strict=False)
            return exact.round(column.decimals, mode="half_away_from_zero").cast(pl.Float64)
        case ColumnType.FLAG:
            word = cell.str.to_lowercase()
            return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)


def _find_unreadable(
    chunk: pl.DataFrame, typed: pl.Series, column: Column, file: str, findings: Findings
) -> list[pl.Series]:
    """Lines whose cell of this column cannot be read, reported with the remedy that fits."""
    name = column.name
    written, value = pl.col(name), pl.col("typed")
    rows = chunk.select("line", name).with_columns(typed.alias("typed"))
    checks: list[tuple[str, pl.Expr, str]] = []
    if column.is_required:
        checks.append(("value_missing", written.is_null(), f"Fill it in: {column.description}"))
    checks += _text_checks(column) if column.type in (ColumnType.IDENTIFIER, ColumnType.TEXT) else []
    unreadable = written.is_not_null() & value.is_null()
    if column.type is ColumnType.CHOICE:
        unreadable = written.is_not_null() & ~value.is_in(column.choices)
    checks.append(("unreadable_value", unreadable, f"Write {column.written_as}."))
    checks += [("out_of_range", _out_of_range(column), f"Write {column.written_as}.")]
    lines: list[pl.Series] = []
    for code, is_bad, remedy in checks:
        bad = rows.filter(is_bad)
        if not bad.is_empty():
            report = findings.note_rows if column.is_lenient else findings.refuse_rows
            remedy = f"Left empty. {remedy}" if column.is_lenient else remedy
            report(bad.with_columns(value_class(name)), file=file, column=name, code=code, remedy=remedy)
            lines.append(bad["line"])
    return lines


def _text_checks(column: Column) -> list[tuple[str, pl.Expr, str]]:
    written = pl.col(column.name)
    longest = LONGEST_ID if column.type is ColumnType.IDENTIFIER else LONGEST_TEXT
    checks = [
        ("too_long", written.str.len_chars() > longest, f"Shorten it to {longest:,} characters."),
        ("control_characters", written.str.contains(_CONTROL), "Remove the characters that cannot be printed."),
        (
            "looks_like_a_formula",
            written.str.contains(_FORMULA),
            "Remove the leading sign: a spreadsheet would run the cell as a formula.",
        ),
    ]
    if column.type is ColumnType.IDENTIFIER:
        checks.append(("bad_identifier", written.str.contains(r"[|\n]"), "Ids contain no '|' and no line break."))
    return checks


def _out_of_range(column: Column) -> pl.Expr:
    value = pl.col("typed")
    if column.type is ColumnType.DATE:
        return ~value.is_between(FIRST_DATE, LAST_DATE)
    is_out = pl.lit(value=False)
    if column.minimum is not None:
        is_out = is_out | (value < column.minimum)
    if column.maximum is not None:
        is_out = is_out | (value > column.maximum)
    return is_out
