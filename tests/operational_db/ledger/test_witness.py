"""The witness against C2SP tlog-witness, and the log's side of it: cosigned, away, behind, lied to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, text

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError, InvalidInputError
from operational_db.ledger.checkpoints import (
    CheckpointText,
    latest_cosigned_checkpoint,
    latest_signed_checkpoint,
    parse_checkpoint,
)
from operational_db.ledger.keys import LogSigner, load_or_create_signer
from operational_db.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from operational_db.ledger.notes import NoteSigner, Verifier, parse_signature_line, sign_note
from operational_db.ledger.proofs import consistency_ranges
from operational_db.ledger.seal import seal
from operational_db.ledger.verify import LogTrust, ProblemKind, verify_ledger
from operational_db.ledger.witness import MAXIMUM_BODY_BYTES, Witness, WitnessReply
from operational_db.ledger.witness_client import (
    Outcome,
    WitnessEndpoint,
    parse_witnesses,
    request_body,
    submit_newest,
)
from operational_db.settings import Settings
from tests.operational_db.ledger.samples import append_committed
from tests.operational_db.ledger.test_verify import tamper

ORIGIN = "log.example/one"
NAME = "witness.example/w1"
LEAVES = [leaf_hash(bytes([number])) for number in range(200)]
OTHER_LEAVES = [*LEAVES[:3], leaf_hash(b"forged"), *LEAVES[4:]]


def root_of(size: int, leaves: list[bytes] = LEAVES) -> bytes:
    return Frontier().extend(leaves[:size]).root()


@dataclass
class Log:
    """A log that can say anything, true or not."""

    signer: NoteSigner
    leaves: list[bytes]

    def note(self, size: int, root: bytes | None = None) -> bytes:
        checkpoint = CheckpointText(self.signer.name, size, root or root_of(size, self.leaves))
        return sign_note(str(checkpoint), [self.signer])

    def body(self, old: int, new: int, root: bytes | None = None) -> bytes:
        hashes = [root_of(last - first, self.leaves[first:]) for first, last in consistency_ranges(old, new)]
        return request_body(old, hashes, self.note(new, root))


@pytest.fixture
def log() -> Log:
    return Log(NoteSigner(ORIGIN, Ed25519PrivateKey.generate()), LEAVES)


@pytest.fixture
def witness(tmp_path: Path, log: Log) -> Iterator[Witness]:
    witness = Witness(tmp_path / "witness", NAME, [log.signer.verifier])
    yield witness
    witness.close()


@pytest.fixture
def submit(witness: Witness, now: datetime) -> Callable[[bytes], WitnessReply]:
    return lambda body: witness.add_checkpoint(body, now=now)


Submit = Callable[[bytes], WitnessReply]


class TestAddCheckpoint:
    """The MUSTs of tlog-witness, section add-checkpoint (§); each test quotes the one it proves."""

    def test_the_first_checkpoint_and_its_successors_are_cosigned(
        self, submit: Submit, witness: Witness, log: Log, now: datetime
    ) -> None:
        """§ "The response body MUST be a sequence of one or more note signature lines … cosignatures"."""
        old = 0
        for size in (1, 2, 3, 7, 64, 100, 200):
            reply = submit(log.body(old, size))
            assert reply.status == 200
            assert reply.body.startswith("— ")
            assert reply.body.endswith("\n")
            line = parse_signature_line(reply.body.removesuffix("\n"))
            verifier = Verifier.from_vkey(witness.vkey)
            assert verifier.is_named_by(line)
            assert verifier.is_signed(str(CheckpointText(ORIGIN, size, root_of(size))), line.signature)
            assert int.from_bytes(line.signature[:8], "big") == int(now.timestamp())
            assert witness.latest(ORIGIN).tree_size == size
            old = size

    def test_the_same_checkpoint_again_is_cosigned_again(self, submit: Submit, log: Log) -> None:
        submit(log.body(0, 5))
        assert submit(log.body(5, 5)).status == 200

    def test_an_unknown_origin_is_404(self, submit: Submit) -> None:
        """§ "If the checkpoint origin is unknown, the witness MUST respond with a 404 Not Found"."""
        other = Log(NoteSigner("log.example/two", Ed25519PrivateKey.generate()), LEAVES)
        assert submit(other.body(0, 5)).status == 404

    def test_a_checkpoint_no_trusted_key_signed_is_403(self, submit: Submit, witness: Witness) -> None:
        """§ "If none of the signatures verify against a trusted public key, … MUST respond with a 403 Forbidden"."""
        impostor = Log(NoteSigner(ORIGIN, Ed25519PrivateKey.generate()), LEAVES)
        assert submit(impostor.body(0, 5)).status == 403
        assert witness.latest(ORIGIN).tree_size == 0

    def test_signatures_of_unknown_keys_beside_the_logs_are_ignored(self, submit: Submit, log: Log) -> None:
        """§ "it MUST ignore signatures from unknown keys"."""
        stranger = NoteSigner("else.example", Ed25519PrivateKey.generate())
        note = sign_note(str(CheckpointText(ORIGIN, 5, root_of(5))), [stranger, log.signer])
        assert submit(request_body(0, [], note)).status == 200

    def test_an_old_size_beyond_the_new_one_is_400(self, submit: Submit, log: Log) -> None:
        """§ "The old size MUST be equal to or lower than the checkpoint size. Otherwise, … 400 Bad Request"."""
        submit(log.body(0, 5))
        assert submit(request_body(7, [], log.note(6))).status == 400

    def test_a_wrong_old_size_is_409_with_the_right_one(self, submit: Submit, log: Log) -> None:
        """§ "… 409 Conflict … tree size of the latest cosigned checkpoint in decimal, followed by a newline"."""
        submit(log.body(0, 5))
        for body in (log.body(0, 7), log.body(4, 7), log.body(6, 7), log.body(0, 5)):
            reply = submit(body)
            assert (reply.status, reply.body, reply.media_type) == (409, "5\n", "text/x.tlog.size")

    def test_a_rollback_is_refused_whatever_its_old_size(self, submit: Submit, log: Log, witness: Witness) -> None:
        submit(log.body(0, 9))
        assert submit(log.body(0, 5)).status == 409
        assert submit(log.body(5, 5)).status == 409
        assert submit(request_body(9, [], log.note(5))).status == 400
        assert witness.latest(ORIGIN).tree_size == 9

    def test_a_fork_is_422_and_changes_nothing(self, submit: Submit, log: Log, witness: Witness) -> None:
        """§ "If the Merkle Consistency Proof doesn't verify, … 422 Unprocessable Entity" and "MUST NOT cosign"."""
        submit(log.body(0, 5))
        forked = Log(log.signer, OTHER_LEAVES)
        assert submit(forked.body(5, 9)).status == 422
        assert submit(request_body(5, [], log.note(9))).status == 422
        assert witness.latest(ORIGIN) == CheckpointText(ORIGIN, 5, root_of(5))
        assert submit(log.body(5, 9)).status == 200

    def test_another_root_of_the_same_size_is_409(self, submit: Submit, log: Log) -> None:
        """§ "the witness MUST check that the root hashes are also identical"."""
        submit(log.body(0, 5))
        reply = submit(Log(log.signer, OTHER_LEAVES).body(5, 5))
        assert reply.status == 409
        assert reply.media_type != "text/x.tlog.size"

    def test_a_proof_from_nothing_must_be_empty(self, submit: Submit, log: Log) -> None:
        """§ "The proof MUST be empty if the old size is zero."."""
        assert submit(request_body(0, [EMPTY_ROOT], log.note(5))).status == 422

    def test_malformed_requests_are_400(self, submit: Submit, log: Log) -> None:
        """§ "The old size line MUST consist of the string old, a single space" and what else the form is."""
        body = log.body(0, 5)
        line = b"A" * 43 + b"=\n"
        for malformed in (
            b"",
            body.replace(b"old 0", b"old 00"),
            body.replace(b"old 0", b"old -1"),
            body.replace(b"old 0", b"new 0"),
            body.replace(b"old 0\n", b"old 0\nAAAA\n"),
            body.replace(b"old 0\n", b"old 0\nnot base64\n"),
            # "The client MUST NOT send more than 63 consistency proof lines."
            body.replace(b"old 0\n", b"old 0\n" + line * 64),
            body.replace(b"\n\n", b"\n"),
            body.replace(b"\n5\n", b"\n05\n"),
            body[:-1],
            b"\xff" + body,
            body + b"x" * MAXIMUM_BODY_BYTES,
        ):
            assert submit(malformed).status == 400, malformed[:80]
        assert submit(body).status == 200


class TestState:
    def test_it_outlives_the_process(self, witness: Witness, tmp_path: Path, log: Log, now: datetime) -> None:
        """§ "The witness MUST persist the new checkpoint before responding."."""
        assert witness.add_checkpoint(log.body(0, 5), now=now).status == 200
        vkey = witness.vkey
        witness.close()
        again = Witness(tmp_path / "witness", NAME, [log.signer.verifier])
        assert again.vkey == vkey
        assert again.add_checkpoint(log.body(0, 6), now=now).status == 409
        assert again.add_checkpoint(log.body(5, 6), now=now).status == 200
        again.close()

    def test_two_witnesses_never_share_a_folder(self, witness: Witness, tmp_path: Path, log: Log) -> None:
        with pytest.raises(ConflictError, match="Another witness"):
            Witness(tmp_path / "witness", NAME, [log.signer.verifier])

    def test_each_log_has_its_own_state(self, tmp_path: Path, log: Log, now: datetime) -> None:
        other = Log(NoteSigner("log.example/two", Ed25519PrivateKey.generate()), OTHER_LEAVES)
        witness = Witness(tmp_path / "both", NAME, [log.signer.verifier, other.signer.verifier])
        assert witness.add_checkpoint(log.body(0, 5), now=now).status == 200
        assert witness.add_checkpoint(other.body(0, 9), now=now).status == 200
        assert (witness.latest(ORIGIN).tree_size, witness.latest("log.example/two").tree_size) == (5, 9)
        witness.close()

    def test_a_log_with_two_keys_is_one_log(self, tmp_path: Path, log: Log, now: datetime) -> None:
        """Rotation: the witness trusts the old and the new key of the same origin."""
        rotated = Log(NoteSigner(ORIGIN, Ed25519PrivateKey.generate()), LEAVES)
        witness = Witness(tmp_path / "rotated", NAME, [log.signer.verifier, rotated.signer.verifier])
        assert witness.add_checkpoint(log.body(0, 5), now=now).status == 200
        assert witness.add_checkpoint(rotated.body(5, 9), now=now).status == 200
        witness.close()

    def test_a_cosigning_key_is_no_logs_key(self, tmp_path: Path, log: Log) -> None:
        with pytest.raises(InvalidInputError):
            Witness(tmp_path / "wrong", NAME, [log.signer.cosigning_verifier])


@dataclass
class Ledger:
    """A ledger with a witness behind a transport that can be switched off."""

    engine: Engine
    signer: LogSigner
    witness: Witness
    endpoint: WitnessEndpoint
    client: httpx2.Client
    now: datetime
    is_away: bool = False

    def grow(self, count: int) -> None:
        append_committed(self.engine, count, self.now)
        seal(self.engine, self.signer, now=self.now)

    def submit(self) -> Outcome | None:
        submission = submit_newest(self.engine, self.endpoint, self.client, now=self.now)
        return None if submission is None else submission.outcome


@pytest.fixture
def ledger(owner_engine: Engine, tmp_path: Path, now: datetime) -> Iterator[Ledger]:
    signer = load_or_create_signer(Settings(home=tmp_path / "home"))
    witness = Witness(tmp_path / "witness", NAME, [signer.verifier])

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("POST", "/add-checkpoint")
        if made.is_away:
            raise httpx2.ConnectError("away", request=request)
        reply = made.witness.add_checkpoint(request.content, now=now)
        return httpx2.Response(int(reply.status), text=reply.body, headers={"Content-Type": reply.media_type})

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    endpoint = WitnessEndpoint("http://witness.example", Verifier.from_vkey(witness.vkey))
    made = Ledger(owner_engine, signer, witness, endpoint, client, now)
    yield made
    client.close()
    made.witness.close()


class TestSubmitting:
    def test_cosignatures_come_under_the_checkpoint(self, ledger: Ledger) -> None:
        assert ledger.submit() is None
        ledger.grow(5)
        assert ledger.submit() is Outcome.COSIGNED
        assert ledger.submit() is None
        with read_only_session(ledger.engine) as session:
            checkpoint = latest_signed_checkpoint(session)
            assert checkpoint is not None
            assert checkpoint == latest_cosigned_checkpoint(session)
        assert checkpoint.cosigner_names == (NAME,)
        _, note = parse_checkpoint(checkpoint.note)
        keys = (ledger.signer.verifier, ledger.endpoint.verifier)
        assert note.verified_by(keys) == keys

    def test_a_witness_that_was_away_catches_up_with_one_submission(self, ledger: Ledger) -> None:
        ledger.grow(5)
        assert ledger.submit() is Outcome.COSIGNED
        ledger.is_away = True
        for _ in range(3):
            ledger.grow(300)
            assert ledger.submit() is Outcome.UNREACHABLE
        ledger.is_away = False
        assert ledger.submit() is Outcome.COSIGNED
        assert ledger.witness.latest(ledger.signer.origin).tree_size == 905

    def test_what_the_witness_knows_and_we_forgot_is_learned_from_its_answer(self, ledger: Ledger) -> None:
        """§ "If a client doesn't have information on the latest cosigned checkpoint, it MAY … a old size of zero"."""
        ledger.grow(5)
        assert ledger.submit() is Outcome.COSIGNED
        tamper(ledger.engine, "delete from ledger_signatures where is_witness")
        ledger.grow(7)
        assert ledger.submit() is Outcome.COSIGNED

    def test_a_ledger_put_back_to_an_older_state_is_found_out(self, ledger: Ledger) -> None:
        ledger.grow(5)
        ledger.grow(5)
        assert ledger.submit() is Outcome.COSIGNED
        tamper(
            ledger.engine,
            "delete from ledger_events where id in (select event_id from ledger_leaves where leaf_index >= 5)",
            "delete from ledger_leaves where leaf_index >= 5",
            "delete from ledger_checkpoints where tree_size > 5",
            "delete from ledger_signatures where tree_size > 5 or is_witness",
        )
        assert ledger.submit() is Outcome.CONTRADICTED

    def test_rewritten_history_is_found_out_even_when_all_of_it_was_signed_anew(self, ledger: Ledger) -> None:
        """What nobody but a witness can notice: the operator rewrites everything, key in hand."""
        ledger.grow(5)
        assert ledger.submit() is Outcome.COSIGNED
        tables = "ledger_events", "ledger_pending", "ledger_leaves", "ledger_checkpoints", "ledger_signatures"
        tamper(ledger.engine, *(f"delete from {table}" for table in tables))
        (ledger.signer.folder / "ledger.checkpoint").unlink()
        ledger.grow(9)
        assert verify_ledger(ledger.engine, trust=LogTrust((ledger.signer.verifier,))).is_intact
        assert ledger.submit() is Outcome.CONTRADICTED

    def test_a_cosignature_of_another_key_is_not_kept(self, ledger: Ledger) -> None:
        """§ "The client MUST ignore any cosignatures from unknown keys."."""
        ledger.grow(5)
        stranger = NoteSigner(NAME, Ed25519PrivateKey.generate()).cosigning_verifier
        ledger.endpoint = WitnessEndpoint(ledger.endpoint.url, stranger)
        assert ledger.submit() is Outcome.REFUSED
        with unit_of_work(ledger.engine) as session:
            assert session.scalar(text("select count(*) from ledger_signatures where is_witness")) == 0

    def test_a_witness_that_does_not_know_the_log_refuses(self, ledger: Ledger, tmp_path: Path) -> None:
        ledger.grow(5)
        ledger.witness.close()
        other = NoteSigner("log.example/two", Ed25519PrivateKey.generate())
        ledger.witness = Witness(tmp_path / "witness", NAME, [other.verifier])
        assert ledger.submit() is Outcome.REFUSED

    def test_a_changed_cosignature_is_named(self, ledger: Ledger) -> None:
        ledger.grow(5)
        ledger.submit()
        trust = LogTrust((ledger.signer.verifier,), (ledger.endpoint.verifier,))
        report = verify_ledger(ledger.engine, trust=trust)
        assert report.signatures is not None
        assert (report.signatures.own, report.signatures.cosignatures) == (1, 1)
        tamper(ledger.engine, "update ledger_signatures set signature = set_byte(signature, 3, 9) where is_witness")
        problem = verify_ledger(ledger.engine, trust=trust).problem
        assert problem is not None
        assert problem.kind is ProblemKind.WRONG_COSIGNATURE
        assert NAME in problem.message
        # Who does not know the witness cannot tell, and ignores it.
        without = verify_ledger(ledger.engine, trust=LogTrust((ledger.signer.verifier,)))
        assert without.is_intact
        assert without.signatures is not None
        assert without.signatures.ignored == 1


class TestConfigured:
    def test_addresses_and_keys_are_read(self, witness: Witness) -> None:
        (endpoint, other) = parse_witnesses(f"https://w.example/a/#{witness.vkey}  http://w.example#{witness.vkey}")
        assert (endpoint.url, endpoint.verifier.name) == ("https://w.example/a", NAME)
        assert other.url == "http://w.example"
        assert parse_witnesses(" ") == ()

    def test_what_is_none_is_refused(self, witness: Witness, log: Log) -> None:
        for configured in (witness.vkey, "http://w.example", f"w.example#{witness.vkey}"):
            with pytest.raises(InvalidInputError):
                parse_witnesses(configured)
        with pytest.raises(InvalidInputError, match="cosigns"):
            parse_witnesses(f"http://w.example#{log.signer.verifier.vkey}")


def test_a_time_after_the_year_2106_still_fits(witness: Witness, log: Log, now: datetime) -> None:
    """tlog-cosignature: the timestamp is a u64."""
    assert witness.add_checkpoint(log.body(0, 5), now=now + timedelta(days=36_500 * 3)).status == 200
