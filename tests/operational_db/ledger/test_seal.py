"""Signed checkpoints: made with the leaves, by one sealer at a time, soon or at once; keys, their rights, rotation."""

import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from operational_db.database import create_database_engine, read_only_session, unit_of_work
from operational_db.errors import LedgerTamperedError
from operational_db.key_files import KeyUnusableError
from operational_db.ledger import seal as sealing
from operational_db.ledger.append import append_events
from operational_db.ledger.checkpoints import (
    CheckpointText,
    latest_signed_checkpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    signed_checkpoint_at,
)
from operational_db.ledger.keys import (
    LogSigner,
    list_keys,
    load_or_create_signer,
    log_verifiers,
    rotate_key,
)
from operational_db.ledger.notes import MalformedNoteError
from operational_db.ledger.seal import Sealer, request_seal, seal
from operational_db.ledger.sequence import SEQUENCER_LOCK, sequence_pending
from operational_db.ledger.trust import load_trust
from operational_db.ledger.verify import verify_ledger
from operational_db.settings import Settings
from tests.operational_db.ledger.samples import append_committed, create_events
from tests.operational_db.ledger.test_verify import tamper


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", ledger_origin="log.example/one")


@pytest.fixture
def signer(settings: Settings) -> LogSigner:
    return load_or_create_signer(settings)


def signed_sizes(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("select tree_size from ledger_signatures order by 1")))


class TestCheckpoint:
    def test_it_has_the_three_lines_and_the_logs_signature(
        self, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        """tlog-checkpoint, Note text: origin, "ASCII decimal representation of the number of leaves", root."""
        append_committed(committed_engine, 5, now)
        checkpoint = seal(committed_engine, signer, now=now)
        assert checkpoint is not None
        with read_only_session(committed_engine) as session:
            signed = latest_signed_checkpoint(session)
        assert signed is not None
        assert (signed.tree_size, signed.root_hash) == (5, checkpoint.root_hash)
        lines = signed.note.decode().split("\n")
        assert lines[:2] == ["log.example/one", "5"]
        assert lines[3] == ""
        # "The log's key name in its signature line SHOULD match the origin line."
        assert lines[4].startswith("— log.example/one ")
        read, note = parse_checkpoint(signed.note, [signer.verifier])
        assert read == CheckpointText("log.example/one", 5, checkpoint.root_hash)
        assert note.to_bytes() == signed.note

    def test_the_specifications_example_is_read_and_written_alike(self) -> None:
        example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        assert str(parse_checkpoint_text(example)) == example
        extended = f"{example}extension\n"
        assert parse_checkpoint_text(extended).extensions == ("extension",)

    @pytest.mark.parametrize(
        "checkpoint",
        [
            "log.example\n05\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "log.example\n-5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "log.example\n\u0665\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "log.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\n",
            "log.example\n5\nAAAA\n",
            "log.example\n5\n",
            "\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "log.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        ],
    )
    def test_other_texts_are_none(self, checkpoint: str) -> None:
        """tlog-checkpoint: "no leading zeroes"; origin and "Extension lines, if any, MUST be non-empty"."""
        with pytest.raises(MalformedNoteError):
            parse_checkpoint_text(checkpoint)


class TestSeal:
    def test_an_empty_ledger_has_nothing_to_seal(
        self, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        assert seal(committed_engine, signer, now=now) is None
        with read_only_session(committed_engine) as session:
            assert latest_signed_checkpoint(session) is None

    def test_without_news_nothing_is_signed(self, committed_engine: Engine, signer: LogSigner, now: datetime) -> None:
        append_committed(committed_engine, 3, now)
        assert seal(committed_engine, signer, now=now) == seal(committed_engine, signer, now=now)
        assert signed_sizes(committed_engine) == [3]

    def test_every_checkpoint_is_signed_those_made_without_a_key_too(
        self, committed_engine: Engine, settings: Settings, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(committed_engine, 3, now)
        sequence_pending(committed_engine, now=now)
        append_committed(committed_engine, 3, now)
        sequence_pending(committed_engine, now=now, signer=signer)
        append_committed(committed_engine, 300, now)
        sequence_pending(committed_engine, now=now, batch_size=100)
        seal(committed_engine, signer, now=now)
        assert signed_sizes(committed_engine) == [3, 6, 106, 206, 306]
        assert verify_ledger(committed_engine, trust=load_trust(settings)).is_intact

    def test_a_seal_leaves_the_work_to_the_one_that_is_at_it(
        self, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(committed_engine, 3, now)
        with committed_engine.connect() as other:
            other.execute(text("select pg_advisory_lock(:key)"), {"key": SEQUENCER_LOCK})
            assert seal(committed_engine, signer, now=now) is None
        assert signed_sizes(committed_engine) == []

    def test_an_unsigned_checkpoint_that_its_tiles_do_not_lead_to_is_not_signed(
        self, owner_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(owner_engine, 300, now)
        sequence_pending(owner_engine, now=now)
        tamper(owner_engine, "update ledger_tiles set root_hash = sha256('x')")
        with pytest.raises(LedgerTamperedError, match="do not lead to the root"):
            seal(owner_engine, signer, now=now)
        assert signed_sizes(owner_engine) == []

    def test_two_sealers_and_eight_writers_make_one_log(
        self, committed_engine: Engine, committed_url: str, settings: Settings, signer: LogSigner, now: datetime
    ) -> None:
        is_writing = threading.Event()
        is_writing.set()

        def write() -> None:
            for _ in range(15):
                append_committed(committed_engine, 7, now)

        def keep_sealing() -> None:
            engine = create_database_engine(committed_url)
            while is_writing.is_set():
                seal(engine, signer, now=now)
            engine.dispose()

        with ThreadPoolExecutor(10) as pool:
            sealers = [pool.submit(keep_sealing) for _ in range(2)]
            for writer in [pool.submit(write) for _ in range(8)]:
                writer.result(timeout=120)
            is_writing.clear()
            for sealer in sealers:
                sealer.result(timeout=120)
        checkpoint = seal(committed_engine, signer, now=now, wait=True)
        assert checkpoint is not None
        assert checkpoint.tree_size == 8 * 15 * 7
        report = verify_ledger(committed_engine, trust=load_trust(settings))
        assert report.is_intact
        assert report.signatures is not None
        assert report.signatures.own == report.checkpoint_count


class TestNoContradiction:
    """tlog-checkpoint, Signatures: "A log MUST not sign any checkpoint which is inconsistent with any … previously"."""

    def test_a_database_put_back_to_an_older_state_is_not_signed(
        self, owner_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(owner_engine, 3, now)
        seal(owner_engine, signer, now=now)
        tables = "ledger_events", "ledger_pending", "ledger_leaves", "ledger_checkpoints", "ledger_signatures"
        tamper(owner_engine, *(f"delete from {table}" for table in tables))
        append_committed(owner_engine, 5, now)
        with pytest.raises(LedgerTamperedError, match="older state"):
            seal(owner_engine, signer, now=now)
        assert signed_sizes(owner_engine) == []
        # Who knows that the newer state is lost gives the log a new name.
        renamed = replace(signer, signer=replace(signer.signer, name="log.example/two"))
        assert seal(owner_engine, renamed, now=now) is not None

    def test_the_newest_checkpoint_is_signed_again_under_a_new_name(
        self, committed_engine: Engine, settings: Settings, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(committed_engine, 3, now)
        seal(committed_engine, signer, now=now)
        renamed = load_or_create_signer(settings.model_copy(update={"ledger_origin": "log.example/two"}))
        seal(committed_engine, renamed, now=now)
        with read_only_session(committed_engine) as session:
            checkpoint = latest_signed_checkpoint(session)
        assert checkpoint is not None
        assert checkpoint.origin == "log.example/two"
        _, note = parse_checkpoint(checkpoint.note, [renamed.verifier])
        assert [signature.name for signature in note.signatures] == ["log.example/two"]


class TestKeys:
    def test_the_key_is_its_owners_alone(self, settings: Settings, signer: LogSigner) -> None:
        path = settings.keys_path / "ledger.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.keys_path.stat().st_mode) == 0o700
        assert load_or_create_signer(settings).vkey == signer.vkey

    def test_a_key_that_others_may_read_is_refused(self, settings: Settings, signer: LogSigner) -> None:
        (settings.keys_path / "ledger.key").chmod(0o640)
        with pytest.raises(KeyUnusableError, match="chmod 600"):
            load_or_create_signer(settings)

    @pytest.mark.parametrize("content", [b"", b"nothing like it", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
    def test_a_file_that_holds_no_key_is_refused(self, settings: Settings, signer: LogSigner, content: bytes) -> None:
        (settings.keys_path / "ledger.key").write_bytes(content)
        with pytest.raises(KeyUnusableError):
            load_or_create_signer(settings)

    def test_many_that_start_at_once_get_the_same_key(self, settings: Settings) -> None:
        with ThreadPoolExecutor(16) as pool:
            made = [pool.submit(load_or_create_signer, settings) for _ in range(16)]
            vkeys = {future.result().vkey for future in made}
        assert len(vkeys) == 1
        assert [record.verifier.vkey for record in list_keys(settings)] == list(vkeys)

    def test_an_origin_that_is_no_name_is_refused(self, settings: Settings) -> None:
        with pytest.raises(MalformedNoteError):
            load_or_create_signer(settings.model_copy(update={"ledger_origin": "my ledger"}))

    def test_after_a_rotation_old_and_new_signatures_verify_and_the_old_private_half_is_gone(
        self, committed_engine: Engine, settings: Settings, signer: LogSigner, now: datetime
    ) -> None:
        """tlog-checkpoint, Signatures: "clients MUST ignore unknown signatures. This enables … log key rotation"."""
        append_committed(committed_engine, 3, now)
        seal(committed_engine, signer, now=now)
        private = (settings.keys_path / "ledger.key").read_bytes()
        before, after = rotate_key(settings, now=now)
        assert (before.vkey, after.vkey) == (signer.vkey, load_or_create_signer(settings).vkey)
        assert log_verifiers(settings) == (before.verifier, after.verifier)
        assert [record.is_current for record in list_keys(settings)] == [False, True]
        assert all(private not in path.read_bytes() for path in settings.keys_path.iterdir())
        seal(committed_engine, after, now=now)
        append_committed(committed_engine, 3, now)
        seal(committed_engine, after, now=now)
        with read_only_session(committed_engine) as session:
            handover = signed_checkpoint_at(session, 3)
            newest = latest_signed_checkpoint(session)
        assert handover is not None
        assert newest is not None
        # The checkpoint at the change carries both, so that who trusts either can go on from it.
        both = parse_checkpoint(handover.note)[1].verified_by([before.verifier, after.verifier])
        assert set(both) == {before.verifier, after.verifier}
        assert parse_checkpoint(newest.note)[1].verified_by(log_verifiers(settings)) == (after.verifier,)
        report = verify_ledger(committed_engine, trust=load_trust(settings))
        assert report.is_intact
        assert report.signatures is not None
        assert report.signatures.own == 3


@contextmanager
def running(sealer: Sealer) -> Iterator[None]:
    thread = threading.Thread(target=sealer.run)
    thread.start()
    try:
        yield
    finally:
        sealer.stop()
        thread.join(timeout=120)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "What was waited for did not come."
        time.sleep(0.01)


class TestSealer:
    def sealer(self, engine: Engine, signer: LogSigner, now: datetime) -> Sealer:
        return Sealer(engine, lambda: signer, clock=lambda: now)

    def test_what_is_appended_is_sealed_by_itself(
        self, committed_engine: Engine, signer: LogSigner, now: datetime
    ) -> None:
        with running(self.sealer(committed_engine, signer, now)):
            append_committed(committed_engine, 3, now)
            wait_until(lambda: signed_sizes(committed_engine) == [3])
            append_committed(committed_engine, 3, now)
            wait_until(lambda: signed_sizes(committed_engine) == [3, 6])

    def test_on_demand_it_does_not_wait_for_its_next_look(
        self, committed_engine: Engine, signer: LogSigner, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sealing, "LOOK_SECONDS", 600.0)
        append_committed(committed_engine, 1, now)
        sealer = self.sealer(committed_engine, signer, now)
        with running(sealer):
            wait_until(lambda: signed_sizes(committed_engine) == [1])
            with unit_of_work(committed_engine) as session:
                append_events(session, create_events(3), now=now)
                request_seal(session)
            wait_until(lambda: signed_sizes(committed_engine) == [1, 4])
            # Its next look is far away, and only a request lets it see before then that it is to stop.
            sealer.stop()
            with unit_of_work(committed_engine) as session:
                request_seal(session)

    def test_when_idle_it_asks_one_question_a_look(
        self, committed_engine: Engine, committed_url: str, signer: LogSigner, now: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(sealing, "LOOK_SECONDS", 0.01)
        append_committed(committed_engine, 1, now)
        engine = create_database_engine(committed_url)
        statements: list[str] = []
        with running(self.sealer(engine, signer, now)):
            wait_until(lambda: signed_sizes(committed_engine) == [1])
            event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
            wait_until(lambda: len(statements) > 20)
        engine.dispose()
        assert {" ".join(statement.split())[:13] for statement in statements[5:]} == {"select exists"}

    def test_it_outlives_the_loss_of_its_connection(
        self, committed_engine: Engine, owner_engine: Engine, committed_url: str, signer: LogSigner, now: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(sealing, "RETRY_SECONDS", (0.05,))
        engine = create_database_engine(committed_url)
        append_committed(committed_engine, 1, now)
        with running(self.sealer(engine, signer, now)):
            wait_until(lambda: signed_sizes(committed_engine) == [1])
            with owner_engine.connect() as connection:
                ended = connection.scalar(
                    text(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()"
                    )
                )
            assert ended
            append_committed(committed_engine, 1, now)
            wait_until(lambda: signed_sizes(committed_engine) == [1, 2])
        engine.dispose()

    def test_a_ledger_that_contradicts_itself_stops_no_sealer_and_is_not_signed(
        self, owner_engine: Engine, signer: LogSigner, now: datetime, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(sealing, "RETRY_SECONDS", (0.05,))
        append_committed(owner_engine, 3, now)
        seal(owner_engine, signer, now=now)
        tamper(owner_engine, "update ledger_checkpoints set root_hash = sha256('x')")
        append_committed(owner_engine, 3, now)
        with running(self.sealer(owner_engine, signer, now)):
            wait_until(lambda: "ledger.not_sealed" in caplog.text)
        assert signed_sizes(owner_engine) == [3]

    def test_it_waits_for_a_database_that_is_not_migrated_yet(
        self, empty_database_url: Callable[[], str], signer: LogSigner, now: datetime, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(sealing, "RETRY_SECONDS", (0.05,))
        engine = create_database_engine(empty_database_url())
        with running(self.sealer(engine, signer, now)):
            wait_until(lambda: caplog.text.count("ledger.sealer_lacks_tables") > 1)
        engine.dispose()

    def test_a_rotated_key_is_taken_up_without_a_restart(
        self, committed_engine: Engine, settings: Settings, signer: LogSigner, now: datetime
    ) -> None:
        append_committed(committed_engine, 3, now)
        with running(Sealer(committed_engine, lambda: load_or_create_signer(settings), clock=lambda: now)):
            wait_until(lambda: signed_sizes(committed_engine) == [3])
            rotate_key(settings, now=now)
            wait_until(lambda: signed_sizes(committed_engine) == [3, 3])
