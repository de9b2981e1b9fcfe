"""Writes a simulated programme as the CSV files a company would hand in."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models.matching.csv_files import LAYOUT, WEEKDAYS
from models.matching.generators import Programme

PROFILE_LISTS = ("specializations", "formats", "levels")


def write_programme(programme: Programme, folder: Path, *, capacity: int | None = None) -> None:
    """The three files of the layout; availability in UTC."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("mentors.csv", programme.mentors), ("mentees.csv", programme.mentees)):
        rows = [_profile(row, capacity) for row in frame.iter_rows(named=True)]
        write_rows(folder / name, rows)
    history = programme.history.select(column for column in LAYOUT["history.csv"])
    write_rows(folder / "history.csv", [_flat(row) for row in history.iter_rows(named=True)])


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(LAYOUT[path.name]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def windows(availability: bytes) -> str:
    """The runs of free half hours, each within its day."""
    free = np.unpackbits(np.frombuffer(availability, dtype=np.uint8)).reshape(7, 48)
    found = []
    for weekday, day in zip(WEEKDAYS, free, strict=True):
        edges = np.flatnonzero(np.diff(np.r_[0, day, 0]))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            found.append(f"{weekday} {begin // 2:02}:{30 * (begin % 2):02}-{end // 2:02}:{30 * (end % 2):02}")
    return "; ".join(found)


def _profile(row: dict[str, Any], capacity: int | None) -> dict[str, Any]:
    lists = {name: ";".join(row[name]) for name in PROFILE_LISTS if name in row}
    own = {"availability": windows(row["availability"]), "timezone": "UTC"}
    return {**row, **lists, **own, "capacity": capacity or row.get("capacity_left")}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """Rows of each mentee in a ranking."""
    return dict(frame.group_by("mentee_id").len().iter_rows())
