"""Checks an evidence bundle offline: needs Python 3.11 or newer and the package `cryptography`, nothing else.

Run `python verify_bundle.py [FOLDER] [--vkey VKEY]` on the unzipped bundle. Every check is printed and every file that
was changed is named; exit code 0 means intact, 1 tampered with, 2 wrong usage. The formats are in README.txt.
This file goes into bundles as it is, so it imports nothing of the product; the product imports it to write the same.
"""

import argparse
import base64
import csv
import hashlib
import json
import re
import struct
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "sitesync-evidence-bundle@v1"
MANIFEST_NOTE = "sitesync-evidence-manifest@v1"
PROOF_HEADER = "c2sp.org/tlog-proof@v1"

MANIFEST, SIGNATURE, KEYS, CHECKPOINT = "manifest.json", "manifest.sig", "keys.txt", "checkpoint.txt"
ENTRIES, INCLUSION, RECORDS_JSON, RECORDS_CSV = "entries.txt", "inclusion.bin", "records.json", "records.csv"
README, VERIFIER, PROOFS = "README.txt", "verify_bundle.py", "proofs"
REQUIRED = (README, VERIFIER, KEYS, CHECKPOINT, ENTRIES, INCLUSION, RECORDS_JSON, RECORDS_CSV)
UNLISTED = frozenset({MANIFEST, SIGNATURE})

ED25519, COSIGNATURE = 1, 4
HASH_BYTES = 32
SHOWN_PROBLEMS = 5

# Columns that follow from the ledger's entry alone; each is computed again and compared.
LEDGER_FIELDS = (
    "ledger_index", "event_id", "kind", "occurred_at", "recorded_at", "organization_id", "user_id", "persona",
    "track_id", "module_type", "module_id", "module_version", "course_id", "certification_id", "scope_tags", "level",
    "attempt_id", "attempt_number", "score", "passed", "issued_on", "expires_on", "revoked_from", "due_on",
    "evidence_ids", "action", "mode", "outcome", "reason", "rule_id", "rule_version", "policy_ids", "runbook_ids",
)  # fmt: skip
# Columns that say in words what the ids stand for; the manifest's signature covers them, the ledger does not hold them.
CONTEXT_FIELDS = ("user_name", "module_name", "track_name", "policy_codes", "runbook_codes")
FIELDS = LEDGER_FIELDS + CONTEXT_FIELDS

# What a record is about, the most particular first.
_MODULE_FIELDS = (
    ("lesson", "lesson_id"),
    ("assessment", "assessment_id"),
    ("module", "module_id"),
    ("course", "course_id"),
    ("certification", "certification_id"),
)
# Kinds that issue something on the day they happen, where the entry names no day of issue.
_ACHIEVEMENTS = frozenset(
    {
        "module.completed",
        "attempt.graded",
        "enrollment.completed",
        "lesson.attempt_graded",
        "lesson.completed",
        "proficiency.reached",
    }
)
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")

Value = str | int | bool | None
Record = dict[str, Value]
# Reads line numbers and records from a file.
RecordReader = Callable[[Path], Iterator[tuple[int, Mapping[str, Value]]]]


def derive_record(ledger_index: int, entry: bytes) -> Record:
    """The ledger's part of a record, from the canonical bytes of its entry.

    Raises
    ------
    ValueError, KeyError, TypeError
        When the bytes are no entry.
    """
    return record_of(ledger_index, json.loads(entry))


def record_of(ledger_index: int, envelope: dict[str, Any]) -> Record:
    """The same from an entry that was parsed already."""
    body = envelope["body"]
    module_type, module_id = _module_of(body)
    issued_on = body.get("issued_on")
    if issued_on is None and envelope["kind"] in _ACHIEVEMENTS:
        issued_on = envelope["occurred_at"][:10]
    found: Record = {
        "ledger_index": ledger_index,
        "event_id": envelope["id"],
        "kind": envelope["kind"],
        "occurred_at": envelope["occurred_at"],
        "recorded_at": envelope["recorded_at"],
        "organization_id": envelope["organization"],
        "user_id": envelope["subject"],
        "module_type": module_type,
        "module_id": module_id,
        "module_version": body.get("lesson_version"),
        "scope_tags": _first(body, "scope_tags", "scope"),
        "score": _first(body, "score", "final_score"),
        "issued_on": issued_on,
        "evidence_ids": _first(body, "evidence_ids", "evidence_id", "certificate_id"),
        "policy_ids": _first(body, "policy_ids", "policy_id"),
        "runbook_ids": _first(body, "runbook_ids", "runbook_id"),
    }
    # Every other column has the name of the entry's own field.
    return {name: found[name] if name in found else body.get(name) for name in LEDGER_FIELDS}


def csv_text(value: Value) -> str:
    """A value as records.csv holds it: nothing for null, `true` and `false` in small letters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _module_of(body: dict[str, Value]) -> tuple[str | None, Value]:
    for name, key in _MODULE_FIELDS:
        if key in body:
            return name, body[key]
    return None, None


def _first(body: dict[str, Value], *names: str) -> Value:
    for name in names:
        if name in body:
            return body[name]
    return None


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_of(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 6962 divides a tree of more than one leaf."""
    return 1 << (size - 1).bit_length() - 1


class Inclusion:
    """Computes a tree's root from some of its leaves and the hashes of the subtrees that hold none of them.

    The tree is walked from the root, left before right. A subtree without a wanted leaf is one hash, the next of
    `inclusion.bin`; a wanted leaf is the hash of its entry; anything else is the hash of its two halves.
    """

    def __init__(self, tree_size: int, indexes: Sequence[int], hashes: Sequence[bytes], nodes: Iterator[bytes]) -> None:
        self.tree_size = tree_size
        self._indexes = indexes
        self._hashes = hashes
        self._nodes = nodes
        self._known: dict[tuple[int, int], bytes] | None = None

    def root(self, *, keep: bool = False) -> bytes:
        """The root; with `keep` every hash on the way is remembered for `path`.

        Raises
        ------
        ValueError
            When there are too few hashes, or too many.
        """
        self._known = {} if keep else None
        root = self._hash(0, self.tree_size, 0, len(self._indexes))
        if next(self._nodes, None) is not None:
            raise ValueError("it holds more hashes than the entries need")
        return root

    def _hash(self, low: int, high: int, first: int, last: int) -> bytes:
        if first == last:
            found = next(self._nodes, None)
            if found is None:
                raise ValueError("it holds fewer hashes than the entries need")
            value = found
        elif high - low == 1:
            value = self._hashes[first]
        else:
            middle = low + split_of(high - low)
            cut = bisect_left(self._indexes, middle, first, last)
            value = node_hash(self._hash(low, middle, first, cut), self._hash(middle, high, cut, last))
        if self._known is not None:
            self._known[low, high] = value
        return value

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of one leaf, its sibling first (RFC 6962 section 2.1.1); after `root(keep=True)`."""
        if self._known is None:
            raise ValueError("Compute the root with keep=True first.")
        low, high = 0, self.tree_size
        path: list[bytes] = []
        while high - low > 1:
            middle = low + split_of(high - low)
            if index < middle:
                path.append(self._known[middle, high])
                high = middle
            else:
                path.append(self._known[low, middle])
                low = middle
        return path[::-1]


def root_of_path(index: int, tree_size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root an inclusion proof leads to (RFC 9162 section 2.1.3.2).

    Raises
    ------
    ValueError
        When the proof has the wrong length for the leaf's place.
    """
    if not 0 <= index < tree_size:
        raise ValueError("the index lies outside the tree")
    node, last, value = index, tree_size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return value


def tlog_proof_text(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """A proof file of the form c2sp.org/tlog-proof@v1."""
    hashes = "".join(f"{_base64(value)}\n" for value in path)
    return f"{PROOF_HEADER}\nindex {index}\n{hashes}\n{checkpoint}"


@dataclass(frozen=True)
class VerifierKey:
    """A public key in the form of C2SP signed-note: name, key id, kind of signature, key."""

    name: str
    key_id: bytes
    algorithm: int
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `name+hash+base64`.

        Raises
        ------
        ValueError
            When the text is no key, or its hash is not that of the key.
        """
        name, separator, rest = text.strip().partition("+")
        digest, second, encoded = rest.partition("+")
        if not (name and separator and second):
            raise ValueError("a key has the form name+hash+base64")
        data = base64.b64decode(encoded, validate=True)
        key_id = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
        if len(data) != 1 + HASH_BYTES or data[0] not in {ED25519, COSIGNATURE}:
            raise ValueError(f"the key {name} is of no known kind")
        if digest != key_id.hex():
            raise ValueError(f"the hash in the key {name} is not that of the key")
        return cls(name, key_id, data[0], data[1:])

    def has_signed(self, note: "Note") -> bool:
        """Whether the note bears a good signature of this key."""
        return any(
            name == self.name and data[:4] == self.key_id and self._fits(note.text, data[4:])
            for name, data in note.signatures
        )

    def _fits(self, text: str, signature: bytes) -> bool:
        message = text.encode()
        if self.algorithm == COSIGNATURE:
            if len(signature) != 8 + 64:
                return False
            (timestamp,) = struct.unpack(">Q", signature[:8])
            message = f"cosignature/v1\ntime {timestamp}\n".encode() + message
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Note:
    """A signed note: text that ends with a line break, and signatures as (key name, key id and signature)."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Split a note at its last blank line.

        Raises
        ------
        ValueError
            When it is none.
        """
        text, separator, lines = data.decode().rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise ValueError("it is no signed note")
        signatures = []
        for line in lines[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            if dash != "—":
                raise ValueError("a line of a signature does not begin with a dash")
            signatures.append((name, base64.b64decode(encoded, validate=True)))
        return cls(text + "\n", tuple(signatures))


@dataclass(frozen=True)
class Checkpoint:
    """Origin, number of entries and root of the log, as its signed note says."""

    origin: str
    tree_size: int
    root_hash: bytes
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> "Checkpoint":
        """Read the note of a checkpoint (C2SP tlog-checkpoint).

        Raises
        ------
        ValueError
            When it is none.
        """
        note = Note.parse(data)
        origin, size, root, *_ = note.text.split("\n")
        if not size.isascii() or not size.isdigit() or (size != "0" and size.startswith("0")):
            raise ValueError("the second line is no number of entries")
        root_hash = base64.b64decode(root, validate=True)
        if len(root_hash) != HASH_BYTES:
            raise ValueError("the third line is no root")
        return cls(origin, int(size), root_hash, note)


@dataclass(frozen=True)
class Problem:
    file: str
    message: str


@dataclass
class Report:
    """What was checked and what was found wrong, in order."""

    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def bad_files(self) -> list[str]:
        """Files that were changed, each once, in the order found."""
        return list(dict.fromkeys(problem.file for problem in self.problems))

    def passed(self, text: str) -> None:
        self.lines.append(f"ok       {text}")

    def note(self, text: str) -> None:
        self.lines.append(f"note     {text}")

    def failed(self, file: str, message: str) -> None:
        self.problems.append(Problem(file, message))
        self.lines.append(f"TAMPERED {file}: {message}")

    def skipped(self, text: str, because: Iterable[str]) -> None:
        self.lines.append(f"skipped  {text}: cannot be told while {', '.join(sorted(because))} is not as signed")


class Bundle:
    """An unzipped bundle while it is checked; a check that rests on a changed file is skipped, and said to be."""

    def __init__(self, folder: Path, vkey: str | None = None) -> None:
        self.folder = folder
        self.report = Report()
        self._given_key = None if vkey is None else VerifierKey.parse(vkey)
        self._log_key: VerifierKey | None = self._given_key
        self._witness_keys: list[VerifierKey] = []
        self._manifest: dict[str, object] = {}
        self._checkpoint: Checkpoint | None = None
        self._bad: set[str] = set()

    def check(self) -> Report:
        """Run all checks."""
        self._read_manifest()
        self._read_keys()
        if self._check_manifest_signature():
            self._check_files()
        self._check_checkpoint()
        self._check_inclusion()
        self._check_proof_files()
        self._check_records(RECORDS_JSON, _json_records)
        self._check_records(RECORDS_CSV, _csv_records)
        return self.report

    def _fail(self, file: str, message: str) -> None:
        self._bad.add(file)
        self.report.failed(file, message)

    def _rests_on(self, text: str, *files: str) -> bool:
        """Whether the check can be made; says so when not."""
        bad = self._bad.intersection(files)
        if bad:
            self.report.skipped(text, bad)
        return not bad

    def _read_manifest(self) -> None:
        try:
            manifest = json.loads((self.folder / MANIFEST).read_bytes())
            if manifest["format"] != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            names = manifest["files"]
            if not all(_FILE_NAME.fullmatch(name) and isinstance(names[name]["sha256"], str) for name in names):
                raise ValueError("a file in it has no usable name")
            self._manifest = manifest
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._fail(MANIFEST, f"cannot be read ({error})")

    def _read_keys(self) -> None:
        try:
            lines = (self.folder / KEYS).read_text().splitlines()
            keys = [VerifierKey.parse(line) for line in lines if line.strip()]
            logs = [key for key in keys if key.algorithm == ED25519]
            if not logs:
                raise ValueError("it holds no key of the log")
        except FileNotFoundError:
            self._fail(KEYS, "is missing")
            return
        except ValueError as error:
            self._fail(KEYS, f"cannot be used ({error})")
            return
        self._witness_keys = [key for key in keys if key.algorithm == COSIGNATURE]
        if self._given_key is None:
            self._log_key = logs[0]
            self.report.note(
                f"the key of {logs[0].name} ({logs[0].key_id.hex()}) comes from the bundle itself; "
                "give --vkey with the key you got from elsewhere to be sure whose it is"
            )
        elif self._given_key not in logs:
            self._fail(KEYS, "does not hold the key that was given with --vkey")
        else:
            self.report.passed(f"the bundle names the key that was given, {self._given_key.name}")

    def _check_manifest_signature(self) -> bool:
        """Returns whether the manifest's list of files may be gone by: it is as signed, or not told to be otherwise."""
        if not (self.folder / SIGNATURE).is_file():
            self._fail(SIGNATURE, "is missing")
            return True
        key = self._signing_key("the manifest's signature")
        if key is None:
            return True
        digest = _sha256_of(self.folder / MANIFEST) if (self.folder / MANIFEST).is_file() else None
        try:
            note = Note.parse((self.folder / SIGNATURE).read_bytes())
            header, signed_digest, *rest = note.text.split("\n")
            if header != MANIFEST_NOTE or rest != [""]:
                raise ValueError("it is not the signature of a manifest")
        except ValueError as error:
            self._fail(SIGNATURE, f"cannot be read ({error})")
            return True
        if not key.has_signed(note):
            is_key_foreign = self._given_key is None and signed_digest == digest and not self._is_listed(KEYS)
            if is_key_foreign:
                self._fail(KEYS, "was changed: it is not the file that the manifest lists")
            else:
                self._fail(SIGNATURE, f"bears no signature of {key.name} ({key.key_id.hex()})")
            return True
        if signed_digest != digest:
            if MANIFEST not in self._bad:
                self._fail(MANIFEST, "was changed: its SHA-256 is not the one that was signed")
            self.report.skipped("which files are as they were", [MANIFEST])
            return False
        self.report.passed(f"the manifest bears the signature of {key.name}")
        return True

    def _signing_key(self, text: str) -> VerifierKey | None:
        """The log's key, unless it could only come from a key file that was changed."""
        if self._given_key is None and not self._rests_on(text, KEYS):
            return None
        return self._log_key

    def _listed(self) -> dict[str, dict[str, str]]:
        listed = self._manifest.get("files")
        return listed if isinstance(listed, dict) else {}

    def _is_listed(self, name: str) -> bool:
        """Whether the file is there with the hash that the manifest says."""
        told = self._listed().get(name)
        path = self.folder / name
        return told is not None and path.is_file() and _sha256_of(path) == told["sha256"]

    def _check_files(self) -> None:
        listed = self._listed()
        if not listed:
            return
        before = len(self._bad)
        for name in dict.fromkeys((*REQUIRED, *listed)):
            if name in self._bad:
                continue
            if not (self.folder / name).is_file():
                self._fail(name, "is missing")
            elif name not in listed:
                self._fail(MANIFEST, f"does not list {name}")
            elif not self._is_listed(name):
                self._fail(name, "was changed: its SHA-256 is not the one in the manifest")
        for name in self._present():
            if name not in listed and name not in UNLISTED:
                self._fail(name, "is not part of the bundle")
        if len(self._bad) == before:
            self.report.passed(f"{len(listed)} files have the SHA-256 that the manifest says")

    def _present(self) -> list[str]:
        """Files of the folder; hidden ones and Python's caches come from whoever looked at it."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(
            path.as_posix()
            for path in found
            if not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
        )

    def _check_checkpoint(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        try:
            checkpoint = Checkpoint.parse(path.read_bytes())
        except (ValueError, IndexError) as error:
            self._fail(CHECKPOINT, f"cannot be read ({error})")
            return
        self._checkpoint = checkpoint
        key = self._signing_key("the checkpoint's signature")
        if key is not None and not (checkpoint.origin == key.name and key.has_signed(checkpoint.note)):
            self._fail(CHECKPOINT, f"bears no signature of {key.name} ({key.key_id.hex()})")
            return
        told = (self._manifest.get("origin"), self._manifest.get("tree_size"), self._manifest.get("root_hash"))
        if self._rests_on("the manifest's size and root", MANIFEST, CHECKPOINT) and told != (
            checkpoint.origin,
            checkpoint.tree_size,
            checkpoint.root_hash.hex(),
        ):
            self._fail(CHECKPOINT, "is not the checkpoint that the manifest names")
            return
        if key is not None and CHECKPOINT not in self._bad:
            self.report.passed(f"checkpoint of {checkpoint.origin} at {checkpoint.tree_size} entries, signed by it")
            self._say_witnesses(checkpoint)

    def _say_witnesses(self, checkpoint: Checkpoint) -> None:
        for witness in self._witness_keys:
            if witness.has_signed(checkpoint.note):
                self.report.passed(f"the checkpoint is cosigned by the witness {witness.name}")
            else:
                self.report.note(f"the witness {witness.name} has not cosigned this checkpoint")

    def _check_inclusion(self) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None or not self._rests_on("the proof of inclusion", ENTRIES, INCLUSION, CHECKPOINT):
            return
        try:
            indexes, hashes = _read_leaves(self.folder / ENTRIES, checkpoint.tree_size)
        except ValueError as error:
            self._fail(ENTRIES, str(error))
            return
        count = self._manifest.get("record_count")
        if MANIFEST not in self._bad and count != len(indexes):
            self._fail(ENTRIES, f"holds {len(indexes)} entries; the manifest says {count}")
            return
        try:
            with (self.folder / INCLUSION).open("rb") as file:
                root = Inclusion(checkpoint.tree_size, indexes, hashes, _read_nodes(file.read)).root()
        except ValueError as error:
            self._fail(INCLUSION, f"does not fit: {error}")
            return
        if root != checkpoint.root_hash:
            self._fail(ENTRIES, f"does not lead to the checkpoint's root (with {INCLUSION})")
            return
        self.report.passed(f"{len(indexes)} entries are in the log, at the places they say")

    def _check_proof_files(self) -> None:
        names = [name for name in self._present() if name.startswith(f"{PROOFS}/") and name not in self._bad]
        if self._checkpoint is None or not names or not self._rests_on("the single proofs", ENTRIES, CHECKPOINT):
            return
        leaves = dict(zip(*_read_leaves(self.folder / ENTRIES, self._checkpoint.tree_size), strict=True))
        note = (self.folder / CHECKPOINT).read_bytes()
        good = 0
        for name in names:
            try:
                index, path = _parse_proof((self.folder / name).read_bytes(), note)
                if name != f"{PROOFS}/{index}.tlog-proof" or index not in leaves:
                    raise ValueError("it is for another entry")
                if root_of_path(index, self._checkpoint.tree_size, leaves[index], path) != self._checkpoint.root_hash:
                    raise ValueError("it does not lead to the checkpoint's root")
                good += 1
            except ValueError as error:
                self._fail(name, f"proves nothing: {error}")
        if good:
            self.report.passed(f"{good} single proofs of the form {PROOF_HEADER} lead to the checkpoint's root")

    def _check_records(self, name: str, read: RecordReader) -> None:
        if not (self.folder / name).is_file() or not self._rests_on(f"the contents of {name}", ENTRIES):
            return
        differences: list[str] = []
        try:
            count = _compare(_read_entries(self.folder / ENTRIES), read(self.folder / name), differences)
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            self._fail(name, f"cannot be read ({error})")
            return
        for difference in differences[:SHOWN_PROBLEMS]:
            self._fail(name, difference)
        if len(differences) > SHOWN_PROBLEMS:
            self._fail(name, f"… and {len(differences) - SHOWN_PROBLEMS} differences more")
        if not differences:
            self.report.passed(f"{count} records of {name} say what their entries say")


def read_entry(line: bytes) -> tuple[int, bytes]:
    """Index and canonical bytes of a line of entries.txt.

    Raises
    ------
    ValueError
        When the line has another form.
    """
    number, separator, entry = line.partition(b" ")
    if not separator or not number.isdigit() or not entry.endswith(b"\n"):
        raise ValueError("a line is not '<index> <entry>'")
    return int(number), entry[:-1]


def _read_entries(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from map(read_entry, file)


def _read_leaves(path: Path, tree_size: int) -> tuple[list[int], list[bytes]]:
    indexes: list[int] = []
    hashes: list[bytes] = []
    for index, entry in _read_entries(path):
        if indexes and index <= indexes[-1]:
            raise ValueError(f"entry {index} stands after entry {indexes[-1]}")
        if index >= tree_size:
            raise ValueError(f"entry {index} lies beyond the checkpoint's {tree_size} entries")
        indexes.append(index)
        hashes.append(leaf_hash(entry))
    return indexes, hashes


def _read_nodes(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while block := read(HASH_BYTES * 4096):
        if len(block) % HASH_BYTES:
            raise ValueError("it is not made of whole hashes")
        for start in range(0, len(block), HASH_BYTES):
            yield block[start : start + HASH_BYTES]


def _json_records(path: Path) -> Iterator[tuple[int, Mapping[str, Value]]]:
    """Line number and record; the array has its brackets on lines of their own and a record to a line."""
    with path.open(encoding="utf-8") as file:
        if next(file, "") != "[\n":
            raise ValueError("line 1 is not '['")
        is_last = False
        number = 1
        for number, line in enumerate(file, start=2):
            if line == "]\n":
                break
            if is_last:
                raise ValueError(f"line {number - 1} has no comma")
            is_last = not line.endswith(",\n")
            record = json.loads(line.rstrip("\n").removesuffix(","))
            if tuple(record) != FIELDS:
                raise ValueError(f"line {number} has other fields")
            yield number, record
        else:
            raise ValueError("it has no end")
        if next(file, None) is not None or (number > 2 and not is_last):
            raise ValueError("it does not end where it should")


def _csv_records(path: Path) -> Iterator[tuple[int, Mapping[str, Value]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        if tuple(next(reader, ())) != FIELDS:
            raise ValueError("its columns are not those of a bundle")
        for row in reader:
            if len(row) != len(FIELDS):
                raise ValueError(f"line {reader.line_num} has {len(row)} fields instead of {len(FIELDS)}")
            yield reader.line_num, CsvRecord(zip(FIELDS, row, strict=True))


class CsvRecord(dict[str, Value]):
    """A record whose values are all text."""


def _compare(
    entries: Iterator[tuple[int, bytes]],
    records: Iterator[tuple[int, Mapping[str, Value]]],
    differences: list[str],
) -> int:
    """Match records with entries by index, both ascending; returns how many pairs were compared."""
    count = 0
    previous = -1
    entry = next(entries, None)
    for line, record in records:
        index = int(record["ledger_index"] or 0)
        if index <= previous:
            differences.append(f"line {line}: entry {index} stands after entry {previous}")
            continue
        previous = index
        while entry is not None and entry[0] < index:
            differences.append(f"the record of entry {entry[0]} is missing before line {line}")
            entry = next(entries, None)
        if entry is None or entry[0] > index:
            differences.append(f"line {line}: there is no entry {index}")
            continue
        differences.extend(_differing_fields(line, derive_record(*entry), record))
        count += 1
        entry = next(entries, None)
    while entry is not None:
        differences.append(f"the record of entry {entry[0]} is missing at the end")
        entry = next(entries, None)
    return count


def _differing_fields(line: int, derived: Record, record: Mapping[str, Value]) -> Iterator[str]:
    is_text = isinstance(record, CsvRecord)
    for name, value in derived.items():
        wanted = csv_text(value) if is_text else value
        found = record[name]
        if found != wanted or type(found) is not type(wanted):
            yield (
                f"line {line}, entry {derived['ledger_index']}: {name} is {csv_text(found) or 'empty'}, "
                f"the ledger says {csv_text(value) or 'nothing'}"
            )


def _parse_proof(data: bytes, checkpoint: bytes) -> tuple[int, list[bytes]]:
    head, separator, note = data.partition(b"\n\n")
    if not separator or note != checkpoint:
        raise ValueError("it rests on another checkpoint")
    lines = head.decode().split("\n")
    if lines[0] != PROOF_HEADER:
        raise ValueError(f"it does not begin with {PROOF_HEADER}")
    rest = [line for line in lines[1:] if not line.startswith("extra ")]
    if not rest or not rest[0].startswith("index "):
        raise ValueError("it names no index")
    number = rest[0].removeprefix("index ")
    if not number.isascii() or not number.isdigit():
        raise ValueError("its index is no number")
    path = [base64.b64decode(line, validate=True) for line in rest[1:]]
    if any(len(value) != HASH_BYTES for value in path):
        raise ValueError("a line of it is no hash")
    return int(number), path


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def verify_bundle(folder: Path, vkey: str | None = None) -> Report:
    """Check an unzipped bundle, against the key given or else the one it brings along.

    Raises
    ------
    ValueError
        When `vkey` is no key of the form name+hash+base64.
    """
    return Bundle(folder, vkey).check()


def single_proof(folder: Path, index: int) -> str:
    """The proof of one entry of a bundle as tlog-proof@v1, drawn from what the bundle proves at once.

    Raises
    ------
    ValueError
        When the bundle has no such entry, or its files do not fit each other.
    """
    note = (folder / CHECKPOINT).read_bytes()
    checkpoint = Checkpoint.parse(note)
    indexes, hashes = _read_leaves(folder / ENTRIES, checkpoint.tree_size)
    if index not in indexes:
        raise ValueError(f"The bundle has no entry {index}.")
    with (folder / INCLUSION).open("rb") as file:
        inclusion = Inclusion(checkpoint.tree_size, indexes, hashes, _read_nodes(file.read))
        if inclusion.root(keep=True) != checkpoint.root_hash:
            raise ValueError("The bundle's entries do not lead to the checkpoint's root.")
    return tlog_proof_text(index, inclusion.path(index), note.decode())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints every check, returns the exit code."""
    parser = argparse.ArgumentParser(description="Check an evidence bundle offline.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--vkey", help="the log's key, name+hash+base64, from a source other than the bundle")
    parser.add_argument("--proof", type=int, metavar="INDEX", help="print the tlog-proof@v1 of one entry instead")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder; unzip the bundle first")
    try:
        if options.proof is not None:
            sys.stdout.write(single_proof(options.folder, options.proof))
            return 0
        report = verify_bundle(options.folder, options.vkey)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for line in report.lines:
        sys.stdout.write(f"{line}\n")
    if report.problems:
        sys.stdout.write(f"NOT INTACT: {', '.join(report.bad_files)}\n")
        return 1
    sys.stdout.write("INTACT\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
