"""The ways out: files that are written once, and mail against a real SMTP server that accepts, refuses and vanishes."""

import json
import os
import stat
from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from app.serving.ports import free_port
from operational_db.errors import InvalidInputError
from operational_db.notifications.channels import (
    FailedError,
    FileChannel,
    Message,
    OutcomeUnknownError,
    RefusedError,
    SmtpChannel,
    UnavailableError,
    create_channels,
    parse_smtp_url,
)
from operational_db.settings import Settings
from operational_db.types import NotificationChannel, new_id

EMAIL = NotificationChannel.EMAIL


def message(address: str = "ann@example.com", **fields: object) -> Message:
    defaults: dict[str, object] = {
        "delivery_id": new_id(),
        "person_id": new_id(),
        "channel": EMAIL,
        "address": address,
        "subject": "Your certificate “Crane” expires in 7 days.",
        "body": ".A line that begins with a dot\nSee: https://training.example/me-certificates\n",
        "sent_at": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    }
    return Message(**{**defaults, **fields})  # type: ignore[arg-type] # defaults of a builder


class Handler:
    """Keeps mail; answers recipients and messages as told; `vanish` closes the connection instead of answering."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.recipient_answer: str | None = None
        self.message_answer = "250 OK"
        self.vanish: str | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.vanish == "recipient":
            self._close(server)
        if self.recipient_answer is not None:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.message_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.recipients += envelope.rcpt_tos
        if self.vanish == "message":
            self._close(server)
        return self.message_answer

    def _close(self, server: SMTP) -> None:
        assert isinstance(server.transport, WriteTransport)
        server.transport.abort()


@pytest.fixture
def handler() -> Handler:
    return Handler()


Serve = Callable[..., int]


@pytest.fixture
def serve(handler: Handler) -> Iterator[Serve]:
    """Starts a mail server; returns its port."""
    controllers: list[Controller] = []

    def start(port: int | None = None, **options: Any) -> int:
        controller = Controller(handler, hostname="127.0.0.1", port=port or free_port(), ready_timeout=60, **options)
        controller.start()
        controllers.append(controller)
        return int(controller.port)

    yield start
    for controller in controllers:
        controller.stop()


def channel_to(port: int) -> SmtpChannel:
    server = parse_smtp_url(f"smtp://127.0.0.1:{port}")
    return SmtpChannel(server, sender="SiteSync Training <training@sitesync.example>", timeout=60)


class TestMail:
    def test_mail_arrives_with_its_own_name_sender_and_whole_text(self, handler: Handler, serve: Serve) -> None:
        channel, sent = channel_to(serve()), message()
        channel.send(sent)
        channel.close()
        mail = handler.mails[0]
        assert mail["Message-ID"] == f"<{sent.delivery_id}@sitesync.example>"
        assert mail["From"] == "SiteSync Training <training@sitesync.example>"
        assert mail["Subject"] == sent.subject
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"] == "Fri, 20 Nov 2026 09:30:00 +0000"
        assert mail.get_content().replace("\r\n", "\n") == sent.body
        assert handler.recipients == ["ann@example.com"]

    def test_one_connection_carries_many_messages_and_survives_refusals(self, handler: Handler, serve: Serve) -> None:
        channel = channel_to(serve())
        channel.send(message())
        handler.recipient_answer = "550 no such mailbox ann@example.com"
        with pytest.raises(RefusedError) as refusal:
            channel.send(message())
        assert refusal.value.reason == "SMTP 550 at recipient"
        handler.recipient_answer = None
        channel.send(message("bob@example.com"))
        assert handler.recipients == ["ann@example.com", "bob@example.com"]
        channel.close()

    @pytest.mark.parametrize(
        ("answer", "error", "reason"),
        [
            ("451 try later", FailedError, "SMTP 451 at message"),
            ("554 looks like spam", RefusedError, "SMTP 554 at message"),
            ("421 shutting down", UnavailableError, "SMTP 421 at message"),
        ],
    )
    def test_an_answer_to_the_message_says_what_to_do(
        self, handler: Handler, serve: Serve, answer: str, error: type[Exception], reason: str
    ) -> None:
        handler.message_answer = answer
        channel = channel_to(serve())
        with pytest.raises(error, match=reason):
            channel.send(message())
        channel.close()

    def test_a_greylisted_recipient_is_tried_again(self, handler: Handler, serve: Serve) -> None:
        handler.recipient_answer = "450 greylisted"
        channel = channel_to(serve())
        with pytest.raises(FailedError, match="SMTP 450 at recipient"):
            channel.send(message())
        channel.close()

    def test_a_server_that_vanishes_before_the_message_has_accepted_nothing(
        self, handler: Handler, serve: Serve
    ) -> None:
        handler.vanish = "recipient"
        channel = channel_to(serve())
        with pytest.raises(UnavailableError, match="before the message"):
            channel.send(message())
        assert not handler.mails

    def test_a_server_that_vanishes_after_the_message_leaves_its_outcome_unknown(
        self, handler: Handler, serve: Serve
    ) -> None:
        handler.vanish = "message"
        channel, sent = channel_to(serve()), message()
        with pytest.raises(OutcomeUnknownError):
            channel.send(sent)
        handler.vanish = None
        channel.send(sent)
        channel.close()
        assert {mail["Message-ID"] for mail in handler.mails} == {f"<{sent.delivery_id}@sitesync.example>"}

    def test_no_server_is_a_channel_that_is_down(self) -> None:
        with pytest.raises(UnavailableError, match="mail server not reached"):
            channel_to(free_port()).send(message())

    def test_a_plain_server_is_not_given_what_needs_encryption(self, serve: Serve) -> None:
        server = parse_smtp_url(f"smtp+starttls://127.0.0.1:{serve()}")
        with pytest.raises(UnavailableError, match="SMTPNotSupportedError"):
            SmtpChannel(server, sender="a@b.example", timeout=60).send(message())

    def test_it_signs_in_where_the_address_names_a_user(self, handler: Handler, serve: Serve) -> None:
        known = LoginPassword(b"mailer", b"p@ss word")

        def check(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
            return AuthResult(success=data == known)

        port = serve(authenticator=check, auth_require_tls=False, auth_required=True)
        server = parse_smtp_url(f"smtp://mailer:p%40ss%20word@127.0.0.1:{port}")
        channel = SmtpChannel(server, sender="a@b.example", timeout=60)
        channel.send(message())
        channel.close()
        # Without a user the server refuses the sender: the channel is down until the settings are put right.
        with pytest.raises(UnavailableError, match="SMTP 530 at sender"):
            channel_to(port).send(message())
        assert len(handler.mails) == 1

    def test_an_address_beyond_ascii_needs_a_server_that_takes_it(self, handler: Handler, serve: Serve) -> None:
        plain, international = channel_to(serve(enable_SMTPUTF8=False)), channel_to(serve(enable_SMTPUTF8=True))
        with pytest.raises(RefusedError, match="plain addresses"):
            plain.send(message("jürgen@example.com"))
        international.send(message("jürgen@example.com"))
        assert handler.recipients == ["jürgen@example.com"]
        for channel in (plain, international):
            channel.close()


class TestFiles:
    def test_a_message_is_written_once_however_often_it_is_sent(self, tmp_path: Path) -> None:
        channel, sent = FileChannel(tmp_path / "outbox"), message()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: channel.send(sent), range(40)))
        channel.send(message(delivery_id=sent.delivery_id, body="Another text"))
        files = list((tmp_path / "outbox" / "email").iterdir())
        assert [path.name for path in files] == [f"{sent.delivery_id}.json"]
        assert json.loads(files[0].read_bytes())["body"] == sent.body
        assert channel.read(EMAIL, sent.delivery_id) == json.loads(files[0].read_bytes())
        assert channel.read(EMAIL, new_id()) is None

    def test_a_file_is_the_owners_and_holds_no_address(self, tmp_path: Path) -> None:
        channel, sent = FileChannel(tmp_path / "outbox"), message()
        channel.send(sent)
        path = channel.path_of(EMAIL, sent.delivery_id)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert sent.address not in path.read_text()

    def test_a_folder_that_takes_nothing_is_a_channel_that_is_down(self, tmp_path: Path) -> None:
        (tmp_path / "outbox").write_text("a file where the folder should be")
        with pytest.raises(UnavailableError, match="file not written"):
            FileChannel(tmp_path / "outbox").send(message())
        assert os.listdir(tmp_path) == ["outbox"]  # noqa: PTH208 - names are wanted


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "port", "is_tls", "needs_starttls"),
        [
            ("smtp://mail.example", 25, False, False),
            ("smtp://mail.example:2525", 2525, False, False),
            ("smtp+starttls://u:p@mail.example", 587, False, True),
            ("smtps://u:p@mail.example", 465, True, False),
        ],
    )
    def test_addresses_of_mail_servers(self, url: str, port: int, is_tls: bool, needs_starttls: bool) -> None:
        server = parse_smtp_url(url)
        assert (server.host, server.port, server.is_tls) == ("mail.example", port, is_tls)
        assert server.needs_starttls is needs_starttls

    @pytest.mark.parametrize(
        "url", ["", "mail.example", "http://u:secret@mail.example", "smtp://u:secret@", "smtp://h:x"]
    )
    def test_a_wrong_address_is_refused_without_repeating_a_password(self, url: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            parse_smtp_url(url)
        assert "secret" not in refusal.value.message

    def test_without_a_mail_server_everything_becomes_files(self, tmp_path: Path) -> None:
        channels = create_channels(Settings(home=tmp_path, port=8600))
        assert isinstance(channels.channel_for(EMAIL, is_simulated=False), FileChannel)
        assert channels.base_url == "http://127.0.0.1:8600"

    def test_with_one_only_mail_to_real_people_leaves_the_house(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, smtp_url=SecretStr("smtp://mail.example"), public_url="https://t.example/")
        channels = create_channels(settings)
        assert isinstance(channels.channel_for(EMAIL, is_simulated=False), SmtpChannel)
        assert isinstance(channels.channel_for(EMAIL, is_simulated=True), FileChannel)
        assert isinstance(channels.channel_for(NotificationChannel.SMS, is_simulated=False), FileChannel)
        assert channels.base_url == "https://t.example"
        assert "mail.example" not in repr(settings)

    def test_a_sender_without_an_address_is_refused(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, smtp_url=SecretStr("smtp://mail.example"), smtp_sender="Training")
        with pytest.raises(InvalidInputError, match="SITESYNC_SMTP_SENDER"):
            create_channels(settings)
