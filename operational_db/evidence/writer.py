"""Writes the files of a bundle and packs them: entries, records, proofs, checkpoint, keys, manifest and its signature.

Everything goes through files, a block of records at a time, so memory does not grow with the bundle but by some bytes
an entry. What is selected and who may see it is decided in `service`; the formats are those of `verify_bundle`.
"""

import csv
import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson

from operational_db.errors import LedgerTamperedError
from operational_db.evidence import verify_bundle as formats
from operational_db.evidence.readme import README_TEXT
from operational_db.evidence.repository import LoggedEntry
from operational_db.evidence.rules import SINGLE_PROOFS_UP_TO, safe_cell
from operational_db.evidence.verify_bundle import Inclusion, Record, csv_text, leaf_hash, record_of
from operational_db.ledger.checkpoints import SignedCheckpoint

RECORDS_PER_BLOCK = 2_000
# The text of entries and records shrinks to a tenth already at the lowest level.
COMPRESSION_LEVEL = 1

_CONTEXT_START = len(formats.LEDGER_FIELDS)

WriteNodes = Callable[[Sequence[int], Callable[[bytes], object]], None]


class BundleWriter:
    """A bundle in the making, in a folder that holds nothing else. Call the methods in their order."""

    def __init__(self, folder: Path, checkpoint: SignedCheckpoint) -> None:
        self.folder = folder
        self.checkpoint = checkpoint
        self.indexes = array("q")
        self._hashes: list[bytes] = []

    @property
    def record_count(self) -> int:
        return len(self.indexes)

    def write_entries(self, entries: Iterable[LoggedEntry]) -> None:
        """Write entries.txt.

        Raises
        ------
        LedgerTamperedError
            When an entry no longer has the hash it was sealed with; the message names it.
        """
        with (self.folder / formats.ENTRIES).open("wb") as file:
            for logged in entries:
                if leaf_hash(logged.entry) != logged.leaf_hash:
                    raise LedgerTamperedError(
                        f"Entry {logged.leaf_index} is not what was sealed, so no evidence is given of it. "
                        "Run `sitesync ledger verify`.",
                        details={"leaf_index": logged.leaf_index},
                    )
                file.write(b"%d %b\n" % (logged.leaf_index, logged.entry))
                self.indexes.append(logged.leaf_index)
                self._hashes.append(logged.leaf_hash)

    def write_records(self, fill: Callable[[Sequence[Record]], None]) -> None:
        """Write records.csv and records.json from the entries; `fill` adds the columns that entries do not hold."""
        csv_path, json_path = self.folder / formats.RECORDS_CSV, self.folder / formats.RECORDS_JSON
        with csv_path.open("w", encoding="utf-8", newline="") as csv_file, json_path.open("wb") as json_file:
            rows = csv.writer(csv_file, lineterminator="\n")
            rows.writerow(formats.FIELDS)
            json_file.write(b"[\n")
            separator = b""
            for block in self._record_blocks():
                fill(block)
                rows.writerows(map(_csv_row, block))
                json_file.write(separator + b",\n".join(map(orjson.dumps, block)))
                separator = b",\n"
            json_file.write(b"\n]\n" if separator else b"]\n")

    def _record_blocks(self) -> Iterator[list[Record]]:
        with (self.folder / formats.ENTRIES).open("rb") as file:
            while lines := list(islice(file, RECORDS_PER_BLOCK)):
                entries = map(formats.read_entry, lines)
                yield [record_of(index, orjson.loads(entry)) for index, entry in entries]

    def write_proofs(self, write_nodes: WriteNodes) -> None:
        """Write inclusion.bin and check it as an auditor will; for small bundles the single proofs too.

        Raises
        ------
        LedgerTamperedError
            When the stored tiles do not lead from the entries to the checkpoint's root.
        """
        path = self.folder / formats.INCLUSION
        with path.open("wb") as file:
            write_nodes(self.indexes, file.write)
        is_small = self.record_count <= SINGLE_PROOFS_UP_TO
        with path.open("rb") as file:
            nodes = iter(lambda: file.read(formats.HASH_BYTES), b"")
            inclusion = Inclusion(self.checkpoint.tree_size, self.indexes, self._hashes, nodes)
            root = inclusion.root(keep=is_small)
        if root != self.checkpoint.root_hash:
            raise LedgerTamperedError(
                f"The tiles do not lead to the root signed at {self.checkpoint.tree_size} entries. "
                "Run `sitesync ledger verify`.",
                details={"tree_size": self.checkpoint.tree_size},
            )
        if is_small and self.indexes:
            (self.folder / formats.PROOFS).mkdir()
            note = self.checkpoint.note.decode()
            for index in self.indexes:
                text = formats.tlog_proof_text(index, inclusion.path(index), note)
                (self.folder / formats.PROOFS / f"{index}.tlog-proof").write_text(text)

    def write_fixed_files(self, vkeys: Sequence[str]) -> None:
        """Write the checkpoint, the keys, the check and the README."""
        (self.folder / formats.CHECKPOINT).write_bytes(self.checkpoint.note)
        (self.folder / formats.KEYS).write_text("".join(f"{vkey}\n" for vkey in vkeys))
        shutil.copyfile(formats.__file__, self.folder / formats.VERIFIER)
        readme = README_TEXT.format(
            single_proofs_up_to=SINGLE_PROOFS_UP_TO,
            manifest_note=formats.MANIFEST_NOTE,
            ledger_fields=", ".join(formats.LEDGER_FIELDS),
            context_fields=", ".join(formats.CONTEXT_FIELDS),
        )
        (self.folder / formats.README).write_text(readme)

    def write_manifest(self, told: Mapping[str, object], sign: Callable[[str], bytes]) -> bytes:
        """Write manifest.json over all files so far, and its signature; returns its SHA-256.

        Parameters
        ----------
        told
            What the manifest says beside the list of files.
        sign
            Makes a signed note of a text.
        """
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        manifest = {
            "format": formats.FORMAT,
            "origin": self.checkpoint.origin,
            "tree_size": self.checkpoint.tree_size,
            "root_hash": self.checkpoint.root_hash.hex(),
            "record_count": self.record_count,
            **told,
            "files": {
                path.relative_to(self.folder).as_posix(): {"sha256": _sha256_of(path), "size": path.stat().st_size}
                for path in paths
            },
        }
        content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
        digest = sha256(content)
        (self.folder / formats.MANIFEST).write_bytes(content)
        (self.folder / formats.SIGNATURE).write_bytes(sign(f"{formats.MANIFEST_NOTE}\n{digest.hexdigest()}\n"))
        return digest.digest()

    def pack(self, target: Path, *, now: datetime) -> None:
        """Write the zip; its members carry `now` as their time."""
        with ZipFile(target, "w", compresslevel=COMPRESSION_LEVEL) as bundle:
            for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
                member = ZipInfo(path.relative_to(self.folder).as_posix(), now.timetuple()[:6])
                # Hashes do not shrink.
                member.compress_type = ZIP_STORED if path.suffix == ".bin" else ZIP_DEFLATED
                member.external_attr = 0o644 << 16
                member.file_size = path.stat().st_size
                with path.open("rb") as source, bundle.open(member, "w") as packed:
                    shutil.copyfileobj(source, packed, 1024 * 1024)


def _csv_row(record: Record) -> list[object]:
    """The row as `csv_text` has it; the csv module itself writes nothing for null and numbers as they are."""
    row: list[object] = [csv_text(value) if value is True or value is False else value for value in record.values()]
    row[_CONTEXT_START:] = [safe_cell(csv_text(record[name])) for name in formats.CONTEXT_FIELDS]
    return row


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
