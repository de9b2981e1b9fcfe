"""Signed notes against C2SP signed-note and the vectors of Go's `golang.org/x/mod/sumdb/note`, byte for byte."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from operational_db.ledger.notes import (
    MalformedNoteError,
    NoteSigner,
    SignatureType,
    UnverifiedNoteError,
    Verifier,
    parse_note,
    sign_note,
)

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


def peter() -> NoteSigner:
    return NoteSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))


class TestVerifierKeys:
    def test_the_vector_is_read_and_written_alike(self) -> None:
        """signed-note, Ed25519 signatures: "key ID = SHA-256(key name || 0x0A || 0x01 || 32-byte … public key)[:4]"."""
        verifier = Verifier.from_vkey(PETER)
        assert (verifier.name, verifier.key_id.hex(), verifier.vkey) == ("PeterNeumann", "c74f20a3", PETER)
        assert peter().verifier == verifier

    def test_every_part_of_it_is_refused(self) -> None:
        """Go's TestNewVerifier: no substring of a key is a key."""
        for start in range(len(PETER) + 1):
            for end in range(start + 1, len(PETER) + 1):
                if (start, end) != (0, len(PETER)):
                    with pytest.raises(MalformedNoteError):
                        Verifier.from_vkey(PETER[start:end])

    def test_every_single_changed_character_is_refused(self) -> None:
        for at in range(len(PETER)):
            with pytest.raises(MalformedNoteError):
                Verifier.from_vkey(PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :])

    @pytest.mark.parametrize(
        "vkey",
        [
            # Go's own: a key of the wrong length and an unknown algorithm, each with the id that would fit.
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ],
    )
    def test_wrong_length_and_unknown_algorithm_are_refused(self, vkey: str) -> None:
        with pytest.raises(MalformedNoteError):
            Verifier.from_vkey(vkey)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\u00a0b"])
    def test_names_with_spaces_or_plus_are_refused(self, name: str) -> None:
        """signed-note, Format: "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus"."""
        with pytest.raises(MalformedNoteError):
            Verifier(name, SignatureType.ED25519, bytes(32))

    def test_the_same_key_has_another_id_when_it_cosigns(self) -> None:
        """tlog-cosignature, Format: the key id "MUST be computed as" SHA-256 with the byte 0x04."""
        signer = peter()
        assert signer.cosigning_verifier.key_id != signer.verifier.key_id
        assert Verifier.from_vkey(signer.cosigning_verifier.vkey) == signer.cosigning_verifier


class TestSigning:
    def test_the_note_is_that_of_go(self) -> None:
        """Go's TestSign: the whole note, byte for byte."""
        assert sign_note(TEXT, [peter()]) == f"{TEXT}\n{PETER_LINE}".encode()

    @pytest.mark.parametrize("text", ["abc", "", "\n", "a\tb\n", "a\x01\n", "a\r\n"])
    def test_a_text_that_no_note_has_is_not_signed(self, text: str) -> None:
        """signed-note, Format: "a text ending in newline"; "MUST NOT contain any ASCII control characters"."""
        with pytest.raises(MalformedNoteError):
            sign_note(text, [peter()])


class TestOpening:
    def test_one_known_key_of_two_is_enough(self) -> None:
        """signed-note, Signatures: "Verifiers MUST ignore signatures from unknown keys"."""
        note = parse_note(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode())
        verifier = Verifier.from_vkey(PETER)
        assert note.text == TEXT
        assert note.verified_by([verifier]) == (verifier,)
        both = (verifier, Verifier.from_vkey(ENOCH))
        assert note.verified_by(both) == both
        assert [signature.line for signature in note.signatures] == [PETER_LINE, ENOCH_LINE]

    def test_no_known_key_is_a_rejection(self) -> None:
        """signed-note: "If no signature from a known key verifies successfully, clients MUST reject the note."."""
        with pytest.raises(UnverifiedNoteError, match="no signature of a trusted key"):
            parse_note(f"{TEXT}\n{PETER_LINE}".encode()).verified_by([Verifier.from_vkey(ENOCH)])

    def test_a_name_with_another_keys_id_is_unknown(self) -> None:
        """signed-note: "… even if they share a name or ID (but not both) with a known key."."""
        renamed = PETER_LINE.replace("PeterNeumann", "CarmenSandiego")
        with pytest.raises(UnverifiedNoteError, match="no signature"):
            parse_note(f"{TEXT}\n{renamed}".encode()).verified_by([Verifier.from_vkey(PETER)])

    def test_a_wrong_signature_of_a_known_key_is_a_rejection(self) -> None:
        """signed-note: "If the key name and ID match a known key, verifiers MUST verify the signature."."""
        changed = parse_note(f"{TEXT.replace('answer', 'anwser')}\n{PETER_LINE}{ENOCH_LINE}".encode())
        with pytest.raises(UnverifiedNoteError, match="PeterNeumann"):
            changed.verified_by([Verifier.from_vkey(PETER)])

    def test_the_text_may_hold_empty_lines(self) -> None:
        """signed-note: "The text is separated from the signatures by the last empty line in the note."."""
        text = "one\n\ntwo\n\n"
        assert parse_note(sign_note(text, [peter()])).text == text

    def test_sixteen_signatures_are_accepted_and_a_hundred_and_one_not(self) -> None:
        """signed-note: "Verifiers … MUST accept at least up to 16 signatures."."""
        assert len(parse_note(f"{TEXT}\n{PETER_LINE * 16}".encode()).signatures) == 16
        with pytest.raises(MalformedNoteError):
            parse_note(f"{TEXT}\n{PETER_LINE * 101}".encode())

    @pytest.mark.parametrize(
        "note",
        [
            TEXT.encode(),
            f"{TEXT}\n".encode(),
            f"{TEXT}\n{PETER_LINE[:-1]}".encode(),
            f"\x01{TEXT}\n{PETER_LINE}".encode(),
            b"\xff" + f"{TEXT}\n{PETER_LINE}".encode(),
            f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad Name')}".encode(),
            f"{TEXT}\n{PETER_LINE}Unexpected line.\n".encode(),
            f"{TEXT}\n{PETER_LINE.replace('— ', '- ')}".encode(),
            f"{TEXT}\n— PeterNeumann x08g\n".encode(),
            f"{TEXT}\n— PeterNeumann !!!!\n".encode(),
        ],
    )
    def test_malformed_notes_are_refused(self, note: bytes) -> None:
        """signed-note, Format: "MUST be valid UTF-8 and MUST NOT contain any ASCII control characters"; Go TestOpen"""
        with pytest.raises(MalformedNoteError):
            parse_note(note)


class TestCosignatures:
    CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    def test_the_signed_message_is_header_time_and_the_whole_body(self) -> None:
        """tlog-cosignature, Ed25519 signed message: "MUST be two newline (U+000A) terminated lines …"."""
        signer = peter()
        line = signer.cosign(self.CHECKPOINT, 1679315147)
        message = f"cosignature/v1\ntime 1679315147\n{self.CHECKPOINT}".encode()
        signer.private_key.public_key().verify(line.signature[8:], message)
        assert int.from_bytes(line.signature[:8], "big") == 1679315147

    def test_it_verifies_and_a_changed_time_does_not(self) -> None:
        signer = peter()
        line = signer.cosign(self.CHECKPOINT, 1679315147)
        verifier = signer.cosigning_verifier
        assert verifier.is_signed(self.CHECKPOINT, line.signature)
        assert not verifier.is_signed(self.CHECKPOINT, (1679315148).to_bytes(8, "big") + line.signature[8:])
        assert not verifier.is_signed(self.CHECKPOINT.replace("63", "64"), line.signature)
        assert not verifier.is_signed(self.CHECKPOINT, line.signature[:-1])

    def test_a_time_beyond_the_largest_is_none(self) -> None:
        """tlog-cosignature, Format: the timestamp "MUST NOT exceed 2^63 - 1"."""
        signer = peter()
        for timestamp, is_time in ((2**63 - 1, True), (2**63, False)):
            line = signer.cosign(self.CHECKPOINT, timestamp)
            assert signer.cosigning_verifier.is_signed(self.CHECKPOINT, line.signature) is is_time

    def test_a_plain_signature_is_no_cosignature(self) -> None:
        signer = peter()
        assert not signer.cosigning_verifier.is_signed(self.CHECKPOINT, signer.sign(self.CHECKPOINT).signature)
