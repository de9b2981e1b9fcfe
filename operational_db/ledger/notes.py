"""Signed notes (C2SP signed-note) and the keys that sign and verify them: plain Ed25519 and timestamped cosignatures.

Bytes and keys only: what a note's text says is `checkpoints`' business, where keys are kept is that of `keys`.
"""

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from operational_db.errors import DomainError

SIGNATURE_PREFIX = "\N{EM DASH} "
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
ED25519_BYTES = 64
TIMESTAMP_BYTES = 8
LATEST_TIMESTAMP = 2**63 - 1
# "Verifiers SHOULD apply a maximum limit to the number of signatures in a note, but MUST accept at least up to 16."
MAXIMUM_SIGNATURES = 100
MAXIMUM_NOTE_BYTES = 1_000_000


class MalformedNoteError(DomainError):
    """The bytes are not a signed note, a key is not a verifier key."""

    status = 400
    code = "malformed_note"


class UnverifiedNoteError(DomainError):
    """No signature of a trusted key verifies, or one of a trusted key is wrong."""

    status = 403
    code = "unverified_note"


class SignatureType(IntEnum):
    """The signature type identifier byte of a key (signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: the key's name and id, and the bytes after the id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """`— name base64(key id || signature)` with its newline."""
        return f"{SIGNATURE_PREFIX}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True)
class Verifier:
    """A public key under its name, as a vkey names it."""

    name: str
    type: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise MalformedNoteError(f"An Ed25519 public key has 32 bytes; {len(self.public_key)} were given.")

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Read `name+hex(key id)+base64(type || public key)`.

        Raises
        ------
        MalformedNoteError
            When the form, the type or the key's length is not known, or the id is not that of name and key.
        """
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise MalformedNoteError(f"'{vkey}' is not a verifier key: it has the form name+id+key.")
        name, key_id, encoded = parts
        material = decode_base64(encoded)
        if not material or material[0] not in set(SignatureType):
            raise MalformedNoteError(f"The verifier key of '{name}' is of a type we do not know.")
        verifier = cls(name, SignatureType(material[0]), material[1:])
        if verifier.key_id.hex() != key_id:
            raise MalformedNoteError(f"The verifier key of '{name}' carries the id of another key.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """`SHA-256(key name || 0x0A || signature type || public key)[:4]`."""
        message = self.name.encode() + b"\n" + bytes([self.type]) + self.public_key
        return sha256(message).digest()[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        encoded = base64.b64encode(bytes([self.type]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def is_named_by(self, signature: NoteSignature) -> bool:
        """Whether the line claims to be of this key: name and id together identify it."""
        return signature.name == self.name and signature.key_id == self.key_id

    def is_signed(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (a line's bytes after the key id) is this key's on `text`."""
        message = text.encode()
        if self.type is SignatureType.COSIGNATURE:
            # "It MUST NOT exceed 2^63 - 1" (tlog-cosignature, Format).
            if len(signature) != TIMESTAMP_BYTES + ED25519_BYTES or cosigned_at(signature) > LATEST_TIMESTAMP:
                return False
            message = cosigned_message(text, cosigned_at(signature))
            signature = signature[TIMESTAMP_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SignedNote:
    """A note taken apart, nothing of it verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}".encode()

    def verified_by(self, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
        """The trusted keys that signed, in the order of their lines; lines of unknown keys are ignored.

        Raises
        ------
        UnverifiedNoteError
            When none of the keys signed, or a line that names one of them does not verify.
        """
        known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
        found: list[Verifier] = []
        for signature in self.signatures:
            verifier = known.get((signature.name, signature.key_id))
            if verifier is None or verifier in found:
                continue
            if not verifier.is_signed(self.text, signature.signature):
                raise UnverifiedNoteError(
                    f"The signature of '{verifier.name}' (key {verifier.key_id.hex()}) does not verify."
                )
            found.append(verifier)
        if not found:
            raise UnverifiedNoteError("The note carries no signature of a trusted key.")
        return tuple(found)


@dataclass(frozen=True)
class NoteSigner:
    """A private key under its name; it signs notes, or cosigns them with the time."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes_raw()

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, SignatureType.ED25519, self.public_key)

    @property
    def cosigning_verifier(self) -> Verifier:
        return Verifier(self.name, SignatureType.COSIGNATURE, self.public_key)

    def sign(self, text: str) -> NoteSignature:
        """Ed25519 over the note's text.

        Raises
        ------
        MalformedNoteError
            For a text that no note can have.
        """
        require_note_text(text)
        return NoteSignature(self.name, self.verifier.key_id, self.private_key.sign(text.encode()))

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """A cosignature/v1 of a checkpoint's text at `timestamp`, POSIX seconds (tlog-cosignature)."""
        require_note_text(text)
        signature = self.private_key.sign(cosigned_message(text, timestamp))
        stamped = struct.pack(">Q", timestamp) + signature
        return NoteSignature(self.name, self.cosigning_verifier.key_id, stamped)


def parse_note(note: bytes) -> SignedNote:
    """Take a signed note apart: text, blank line, signature lines.

    Raises
    ------
    MalformedNoteError
        When the bytes are not UTF-8, hold control characters, or do not end in well-formed signature lines.
    """
    if len(note) > MAXIMUM_NOTE_BYTES:
        raise MalformedNoteError("The note is longer than a megabyte.")
    try:
        decoded = note.decode()
    except UnicodeDecodeError as error:
        raise MalformedNoteError("A note is UTF-8 text.") from error
    # The separating blank line itself belongs to neither side.
    text, separator, tail = decoded.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise MalformedNoteError("A note is a text, an empty line, and signature lines that each end in a newline.")
    require_note_text(f"{text}\n")
    lines = tail[:-1].split("\n")
    if len(lines) > MAXIMUM_SIGNATURES:
        raise MalformedNoteError(f"The note has more than {MAXIMUM_SIGNATURES} signatures.")
    return SignedNote(f"{text}\n", tuple(parse_signature_line(line) for line in lines))


def parse_signature_line(line: str) -> NoteSignature:
    """Read one signature line, without its newline.

    Raises
    ------
    MalformedNoteError
        When it is not of the form `— name base64`.
    """
    name, separator, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(SIGNATURE_PREFIX) or not separator:
        raise MalformedNoteError("A signature line has the form '— name signature'.")
    require_key_name(name)
    content = decode_base64(encoded)
    if len(content) <= KEY_ID_BYTES:
        raise MalformedNoteError(f"The signature of '{name}' is too short.")
    return NoteSignature(name, content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])


def sign_note(text: str, signers: Sequence[NoteSigner]) -> bytes:
    """The bytes of a note signed by each of the keys."""
    return SignedNote(text, tuple(signer.sign(text) for signer in signers)).to_bytes()


def cosigned_message(text: str, timestamp: int) -> bytes:
    """What a cosignature signs: header line, time line, and the whole note body with its final newline."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def cosigned_at(signature: bytes) -> int:
    """The POSIX timestamp a cosignature begins with, big-endian."""
    return int.from_bytes(signature[:TIMESTAMP_BYTES], "big")


def require_key_name(name: str) -> None:
    """Key names "MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters".

    Raises
    ------
    MalformedNoteError
        For any other name.
    """
    if not name or "+" in name or not name.isprintable() or any(character.isspace() for character in name):
        raise MalformedNoteError(f"{name!r} is no name of a key: no spaces, no plus, not empty.")


def require_note_text(text: str) -> None:
    """Notes end in a newline and hold no other ASCII control character.

    Raises
    ------
    MalformedNoteError
        For any other text.
    """
    if not text.endswith("\n") or text == "\n":
        raise MalformedNoteError("The text of a note ends with a newline.")
    if any(character < " " and character != "\n" for character in text):
        raise MalformedNoteError("The text of a note holds no control character but newlines.")


def decode_base64(encoded: str) -> bytes:
    """Standard base64 (RFC 4648, section 4), padded, in its one canonical form.

    Raises
    ------
    MalformedNoteError
        For anything else.
    """
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedNoteError("Not base64.") from error
    if base64.b64encode(content).decode() != encoded:
        raise MalformedNoteError("Not base64 in its canonical form.")
    return content
