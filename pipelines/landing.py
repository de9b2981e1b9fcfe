"""The landing folder: what lies where, which segments are whole, and what a killed run left behind.

A segment is a range of ledger entries, one immutable Parquet file per event kind; its manifest is written last, so a
file no manifest names was never landed. Dimensions and engagement are content-addressed. Reading PostgreSQL is in
`extract.py`.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from operational_db.ledger.events import EVENT_TYPES

_ENTRY_FIELDS: dict[str, pa.DataType] = {
    "leaf_index": pa.int64(),
    "event_id": pa.string(),
    "kind_version": pa.int16(),
    "subject_id": pa.string(),
    "organization_id": pa.string(),
    "occurred_at": pa.timestamp("us", tz="UTC"),
    "recorded_at": pa.timestamp("us", tz="UTC"),
    "body": pa.string(),
}
ENTRY_SCHEMA = pa.schema(_ENTRY_FIELDS)
_ENGAGEMENT_FIELDS: dict[str, pa.DataType] = {
    "person_id": pa.string(),
    "course_id": pa.string(),
    "on_date": pa.date32(),
    "organization_id": pa.string(),
    "interaction_count": pa.int32(),
    "session_count": pa.int32(),
    "mobile_session_count": pa.int32(),
    "minutes": pa.int32(),
    "import_id": pa.string(),
}
ENGAGEMENT_SCHEMA = pa.schema(_ENGAGEMENT_FIELDS)
SCHEMA_FILE = "schema.parquet"
# More segments than this are merged before a full build, so that readers never open thousands of files.
SEGMENTS_KEPT = 64


@dataclass(frozen=True)
class Segment:
    """Entries `from_leaf` up to, not including, `to_leaf`; `root` is the ledger's there, when it is a checkpoint."""

    from_leaf: int
    to_leaf: int
    root: str | None
    counts: dict[str, int]
    sha256: dict[str, str]

    @property
    def size(self) -> int:
        return self.to_leaf - self.from_leaf

    @property
    def file_name(self) -> str:
        return f"{self.from_leaf:012d}-{self.to_leaf:012d}"


@dataclass(frozen=True)
class _SegmentDocument:
    """The manifest as it is written; `from` is a reserved word in Python, hence this second form."""

    to: int
    root: str | None
    counts: dict[str, int]
    sha256: dict[str, str]


_DOCUMENT = TypeAdapter(dict[str, object])
_REST = TypeAdapter(_SegmentDocument)


@dataclass(frozen=True)
class Landing:
    """Paths of one landing folder."""

    root: Path

    @property
    def entries(self) -> Path:
        return self.root / "entries"

    @property
    def segments(self) -> Path:
        return self.entries / "segments"

    @property
    def dimensions(self) -> Path:
        return self.root / "dimensions"

    @property
    def engagement(self) -> Path:
        return self.root / "engagement"

    def kind_folder(self, kind: str) -> Path:
        return self.entries / f"kind={kind}"

    def entry_file(self, kind: str, segment: Segment) -> Path:
        return self.kind_folder(kind) / f"{segment.file_name}.parquet"

    def segment_manifest(self, segment: Segment) -> Path:
        return self.segments / f"{segment.file_name}.json"


def prepare_landing(landing: Landing) -> None:
    """Make the folders, and an empty Parquet file per known kind, so that no reader's glob is ever empty."""
    for folder in (landing.segments, landing.dimensions, landing.engagement):
        folder.mkdir(parents=True, exist_ok=True)
    for kind in EVENT_TYPES:
        write_empty(landing.kind_folder(kind) / SCHEMA_FILE, ENTRY_SCHEMA)
    write_empty(landing.engagement / SCHEMA_FILE, ENGAGEMENT_SCHEMA)


def write_empty(path: Path, schema: pa.Schema) -> None:
    """An empty Parquet file, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_with(path, lambda unfinished: pq.write_table(schema.empty_table(), unfinished))


def replace_with(path: Path, write: Callable[[Path], object]) -> None:
    """Write under another name, then rename: the file is whole or absent, whatever happens in between."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a small file at once, and only after its bytes are on the disk."""

    def write(unfinished: Path) -> None:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    replace_with(path, write)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_segment_manifest(landing: Landing, segment: Segment) -> None:
    """The last step of landing a segment: from here on its files count."""
    document: dict[str, object] = {
        "from": segment.from_leaf,
        "to": segment.to_leaf,
        "root": segment.root,
        "counts": segment.counts,
        "sha256": segment.sha256,
    }
    write_durably(landing.segment_manifest(segment), _DOCUMENT.dump_json(document))


def read_segments(landing: Landing) -> list[Segment]:
    """Every segment with a manifest, by its first entry."""
    segments = []
    for path in landing.segments.glob("*.json"):
        document = _DOCUMENT.validate_json(path.read_bytes())
        rest = _REST.validate_python(document)
        segments.append(Segment(int(str(document["from"])), rest.to, rest.root, rest.counts, rest.sha256))
    return sorted(segments, key=lambda segment: (segment.from_leaf, -segment.to_leaf))


def landed_until(segments: list[Segment]) -> int:
    """Number of entries landed without a gap from the first on."""
    until = 0
    for segment in segments:
        if segment.from_leaf != until:
            break
        until = segment.to_leaf
    return until


def counts_by_kind(segments: list[Segment]) -> dict[str, int]:
    """Number of landed entries of each kind."""
    totals: dict[str, int] = {}
    for segment in segments:
        for kind, count in segment.counts.items():
            totals[kind] = totals.get(kind, 0) + count
    return totals


def remove_leftovers(landing: Landing) -> list[Path]:
    """Remove what a killed run left: files no manifest names, segments a merged one contains, unfinished writes."""
    segments = read_segments(landing)
    removed: list[Path] = []
    whole: list[Segment] = []
    for segment in segments:
        if whole and segment.to_leaf <= whole[-1].to_leaf:
            # The merged segment is whole, since its manifest is written last; the parts it came from may go.
            _remove(landing.segment_manifest(segment), removed)
        else:
            whole.append(segment)
    known = {landing.entry_file(kind, segment) for segment in whole for kind in segment.counts}
    for path in landing.entries.glob("kind=*/*"):
        if path.name != SCHEMA_FILE and path not in known:
            _remove(path, removed)
    for folder in (landing.segments, landing.engagement, landing.dimensions):
        for path in folder.glob("*.unfinished"):
            _remove(path, removed)
    return removed


def _remove(path: Path, removed: list[Path]) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    removed.append(path)


def empty_landing(landing: Landing) -> None:
    """Forget every landed entry: manifests first, so that a kill in between leaves only files that do not count."""
    for path in landing.segments.glob("*.json"):
        path.unlink()
    remove_leftovers(landing)


class SegmentWriter:
    """Writes the files of one segment, kind by kind, with bounded memory; `finish` makes it count.

    Entries must come in the order of their leaf, as record batches of `ENTRY_SCHEMA` with a `kind` column more.
    """

    row_group_rows = 122_880

    def __init__(self, landing: Landing, from_leaf: int, to_leaf: int) -> None:
        self._landing = landing
        self._segment = Segment(from_leaf, to_leaf, None, {}, {})
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self._counts: dict[str, int] = {}

    def write(self, kind: str, rows: pa.Table) -> None:
        """Take rows of one kind; they reach the disk a row group at a time."""
        self._counts[kind] = self._counts.get(kind, 0) + rows.num_rows
        waiting = self._waiting.setdefault(kind, [])
        waiting.append(rows)
        if sum(table.num_rows for table in waiting) >= self.row_group_rows:
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        waiting = self._waiting.pop(kind, [])
        if not waiting:
            return
        if kind not in self._writers:
            path = self._landing.entry_file(kind, self._segment)
            write_empty(path.with_name(SCHEMA_FILE), ENTRY_SCHEMA)
            self._writers[kind] = pq.ParquetWriter(path, ENTRY_SCHEMA, compression="zstd")
        self._writers[kind].write_table(pa.concat_tables(waiting), row_group_size=self.row_group_rows)

    def finish(self, root: str | None) -> Segment:
        """Close the files, hash them, and write the manifest."""
        for kind in list(self._waiting):
            self._flush(kind)
        self.close()
        hashes = {kind: file_sha256(self._landing.entry_file(kind, self._segment)) for kind in self._counts}
        segment = Segment(
            self._segment.from_leaf, self._segment.to_leaf, root, dict(sorted(self._counts.items())), hashes
        )
        write_segment_manifest(self._landing, segment)
        return segment

    def close(self) -> None:
        """Close the files without making them count."""
        for writer in self._writers.values():
            writer.close()

    def discard(self) -> None:
        """Close and remove the files of a segment that could not be finished."""
        for kind, writer in self._writers.items():
            # The disk may be full: what could not be written is about to be removed anyway.
            with suppress(OSError):
                writer.close()
            self._landing.entry_file(kind, self._segment).unlink(missing_ok=True)


def merge_segments(landing: Landing, segments: list[Segment], *, largest: int) -> list[Segment]:
    """Merge neighbours into segments of at most `largest` entries when there are more than `SEGMENTS_KEPT` of them.

    A merged segment is written whole before the ones it came from are removed; a kill in between leaves both, and the
    next run removes the parts (`remove_leftovers`).
    """
    if len(segments) <= SEGMENTS_KEPT:
        return segments
    merged: list[Segment] = []
    for group in _neighbours(segments, largest):
        if len(group) == 1:
            merged.append(group[0])
            continue
        merged.append(_merge(landing, group))
        for part in group:
            landing.segment_manifest(part).unlink()
    remove_leftovers(landing)
    return merged


def _neighbours(segments: list[Segment], largest: int) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for segment in segments:
        if group and segment.to_leaf - group[0].from_leaf > largest:
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


def _merge(landing: Landing, group: list[Segment]) -> Segment:
    writer = SegmentWriter(landing, group[0].from_leaf, group[-1].to_leaf)
    try:
        for kind in sorted({kind for part in group for kind in part.counts}):
            for part in group:
                if kind in part.counts:
                    with pq.ParquetFile(landing.entry_file(kind, part)) as file:
                        for batch in file.iter_batches(batch_size=SegmentWriter.row_group_rows):
                            writer.write(kind, pa.Table.from_batches([batch], ENTRY_SCHEMA))
        return writer.finish(group[-1].root)
    except BaseException:
        writer.discard()
        raise


def write_content_addressed(folder: Path, tables: Mapping[str, pa.Table]) -> str:
    """Write tables as one folder named by their content; writing the same content again changes nothing.

    Returns
    -------
    The folder's name: the first 16 hexadecimal digits of a SHA-256 over names, schemas and rows.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        digest.update(name.encode())
        digest.update(table_digest(tables[name]).encode())
    fingerprint = digest.hexdigest()[:16]
    target = folder / fingerprint
    if not target.is_dir():
        unfinished = folder / f"{fingerprint}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            for name, table in tables.items():
                pq.write_table(table, unfinished / f"{name}.parquet", compression="zstd")
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return fingerprint


def table_digest(table: pa.Table) -> str:
    """SHA-256 over a table's schema and rows in their order, independent of how it is chunked."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return hashlib.sha256(memoryview(sink.getvalue())).hexdigest()
