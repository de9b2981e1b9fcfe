"""The ways out of the house behind one interface: e-mail over SMTP, and files for every channel without a provider.

Exactly once, honestly. A file is named after its delivery and made by an atomic link: a repeated delivery finds it and
changes nothing, so it is there once. The in-app channel is a row, written in one transaction: once. SMTP has no such
thing: when the connection breaks after the last byte, or this process dies before it could note the server's answer,
nobody knows whether the message was accepted. It is then sent again, alone and with the same Message-ID (made from the
delivery's id), by which mail systems know the second copy and drop it (RFC 5322 3.6.4; Sieve `duplicate`, RFC 7352).
In every other case an answer was read and noted, and the message was accepted once.
"""

import json
import os
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

from operational_db.errors import InvalidInputError
from operational_db.settings import Settings
from operational_db.types import NotificationChannel

SMTP_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Message:
    """One message to one person. `address`: e-mail address, telephone number or device token."""

    delivery_id: UUID
    person_id: UUID
    channel: NotificationChannel
    address: str
    subject: str
    body: str
    sent_at: datetime


class ChannelError(Exception):
    """Why a message did not go out; `reason` is safe to store and show: it holds no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FailedError(ChannelError):
    """Not accepted this time; worth another try."""


class RefusedError(ChannelError):
    """Not accepted, and never will be: no such mailbox."""


class UnavailableError(ChannelError):
    """The channel as a whole does not work now; nothing was sent, and other messages need not be tried."""


class OutcomeUnknownError(ChannelError):
    """Handed over, but the answer was lost: it may have arrived."""


class Channel(Protocol):
    """A way out. `send` returns when the message was accepted, and raises a `ChannelError` when not."""

    def send(self, message: Message) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Channels:
    """The way out per channel; what goes to simulated people never leaves the installation (`local`)."""

    by_channel: Mapping[NotificationChannel, Channel]
    local: Channel
    # Where links in messages lead, without a slash at the end.
    base_url: str = ""

    def channel_for(self, channel: NotificationChannel, *, is_simulated: bool) -> Channel:
        return self.local if is_simulated else self.by_channel[channel]

    def close(self) -> None:
        """Give back connections; the next `send` opens a new one."""
        for channel in (*self.by_channel.values(), self.local):
            channel.close()


def create_channels(settings: Settings) -> Channels:
    """E-mail by `SITESYNC_SMTP_URL` when set; everything else into files under the installation's home.

    Raises
    ------
    InvalidInputError
        When the address of the mail server or the sender cannot be understood.
    """
    local = FileChannel(settings.outbox_path)
    by_channel: dict[NotificationChannel, Channel] = {
        NotificationChannel.EMAIL: local,
        NotificationChannel.PUSH: local,
        NotificationChannel.SMS: local,
    }
    if settings.smtp_url is not None:
        by_channel[NotificationChannel.EMAIL] = SmtpChannel(
            parse_smtp_url(settings.smtp_url.get_secret_value()), sender=settings.smtp_sender
        )
    base_url = settings.public_url or f"http://{settings.host}:{settings.port}"
    return Channels(MappingProxyType(by_channel), local, base_url.rstrip("/"))


class FileChannel:
    """Writes each message to `<folder>/<channel>/<delivery id>.json`, readable by the owner only.

    The file names its reader by id and holds no address; it may name whom it is about. What is about somebody who is
    erased is forgotten (`service.forget_written`).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, channel: NotificationChannel, delivery_id: UUID) -> Path:
        return self.folder / channel.value / f"{delivery_id}.json"

    def send(self, message: Message) -> None:
        """Write the file, or find it written: the first one stays.

        Raises
        ------
        UnavailableError
            When the disk does not take it.
        """
        path = self.path_of(message.channel, message.delivery_id)
        content = {
            "delivery_id": str(message.delivery_id),
            "person_id": str(message.person_id),
            "channel": message.channel.value,
            "sent_at": message.sent_at.isoformat(),
            "subject": message.subject,
            "body": message.body,
        }
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._link(path, json.dumps(content, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise UnavailableError(f"file not written ({type(error).__name__})") from error

    def _link(self, path: Path, content: bytes) -> None:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(unfinished)
        finally:
            # Whatever happens to the spare name, the message is there or is not.
            with suppress(OSError):
                unfinished.unlink()

    def read(self, channel: NotificationChannel, delivery_id: UUID) -> dict[str, str] | None:
        """What was written for a delivery; None when nothing was."""
        try:
            content: dict[str, str] = json.loads(self.path_of(channel, delivery_id).read_bytes())
        except FileNotFoundError:
            return None
        return content

    def forget(self, channel: NotificationChannel, delivery_id: UUID) -> bool:
        """Remove what was written for a delivery; whether there was anything."""
        try:
            self.path_of(channel, delivery_id).unlink()
        except FileNotFoundError:
            return False
        return True

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to hand in mail: `smtps` speaks TLS from the start, `starttls` must be offered, or is welcome."""

    host: str
    port: int
    user: str | None
    password: str | None
    is_tls: bool
    needs_starttls: bool


def parse_smtp_url(url: str) -> SmtpServer:
    """Read `smtp://`, `smtp+starttls://` or `smtps://` `[user:password@]host[:port]`.

    Raises
    ------
    InvalidInputError
        When it is none of these; the message does not repeat it, because it may hold a password.
    """
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ports or not host:
        raise InvalidInputError(
            "SITESYNC_SMTP_URL must read smtp://host:port, smtp+starttls://user:password@host or smtps://user:password"
            "@host."
        )
    return SmtpServer(
        host=host,
        port=port or ports[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_tls=parts.scheme == "smtps",
        needs_starttls=parts.scheme == "smtp+starttls",
    )


class SmtpChannel:
    """Hands mail to one server over a connection that is kept for a round of deliveries."""

    def __init__(self, server: SmtpServer, *, sender: str, timeout: float = SMTP_TIMEOUT_SECONDS) -> None:
        name, address = parseaddr(sender)
        if "@" not in address:
            raise InvalidInputError("SITESYNC_SMTP_SENDER must hold an e-mail address, with or without a name.")
        self.server = server
        self.sender_name = name
        self.sender_address = address
        self.timeout = timeout
        self._connection: smtplib.SMTP | None = None

    def send(self, message: Message) -> None:
        """Hand one message in; see the module's first lines for what is known when the line breaks.

        Raises
        ------
        UnavailableError, FailedError, RefusedError, OutcomeUnknownError
        """
        connection = self._open()
        is_plain = message.address.isascii()
        if not is_plain and not connection.has_extn("smtputf8"):
            raise RefusedError("the mail server takes plain addresses only")
        content = self.to_mail(message).as_bytes(policy=SMTP if is_plain else SMTPUTF8)
        options = [] if is_plain else ["SMTPUTF8"]
        try:
            _require(connection.mail(self.sender_address, options), 250, "sender", UnavailableError)
            _require(connection.rcpt(message.address), 250, "recipient", RefusedError)
        except ChannelError:
            self._reset(connection)
            raise
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise UnavailableError(f"connection lost before the message ({type(error).__name__})") from error
        try:
            answer = connection.data(content)
        except smtplib.SMTPDataError as error:
            # The server did not want to hear the message at all.
            self._reset(connection)
            raise _error_of(error.smtp_code, "message", RefusedError) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise OutcomeUnknownError(f"connection lost after the message ({type(error).__name__})") from error
        if answer[0] != 250:
            self._reset(connection)
            raise _error_of(answer[0], "message", RefusedError)

    def to_mail(self, message: Message) -> EmailMessage:
        """The message as mail: its Message-ID is made from the delivery's id, the same at every attempt."""
        mail = EmailMessage()
        domain = self.sender_address.rpartition("@")[2]
        mail["Message-ID"] = f"<{message.delivery_id}@{domain}>"
        mail["Date"] = format_datetime(message.sent_at)
        mail["From"] = f"{self.sender_name} <{self.sender_address}>" if self.sender_name else self.sender_address
        mail["To"] = message.address
        mail["Subject"] = message.subject
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        return mail

    def close(self) -> None:
        """End the connection politely, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _open(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        try:
            self._connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            code = getattr(error, "smtp_code", None)
            detail = type(error).__name__ if code is None else f"{type(error).__name__} {code}"
            raise UnavailableError(f"mail server not reached ({detail})") from error
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        server, context = self.server, ssl.create_default_context()
        connection: smtplib.SMTP
        if server.is_tls:
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=self.timeout, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self.timeout)
        try:
            connection.ehlo_or_helo_if_needed()
            if not server.is_tls and (server.needs_starttls or connection.has_extn("starttls")):
                connection.starttls(context=context)
                connection.ehlo()
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _reset(self, connection: smtplib.SMTP) -> None:
        try:
            connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


def _require(answer: tuple[int, bytes], wanted: int, stage: str, permanent: type[ChannelError]) -> None:
    if answer[0] not in {wanted, wanted + 1}:
        raise _error_of(answer[0], stage, permanent)


def _error_of(code: int, stage: str, permanent: type[ChannelError]) -> ChannelError:
    """4xx may pass, 5xx will not; 421 closes the channel. The server's words are left out: they may name the person."""
    reason = f"SMTP {code} at {stage}"
    if code == 421:
        return UnavailableError(reason)
    return permanent(reason) if code >= 500 else FailedError(reason)
