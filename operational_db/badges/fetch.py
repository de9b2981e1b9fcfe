"""Fetching documents of foreign issuers, without being led into the network the product runs in.

Only https, only addresses anybody in the world could reach, no redirects, few bytes, little time. Every verification
takes the function as an argument, so that tests and closed networks bring their own.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from operational_db.errors import DomainError

# An address (https://…) to the bytes found there; raises FetchRefusedError.
Fetch = Callable[[str], bytes]
# A host and port to the addresses it stands for.
Resolve = Callable[[str, int], list[str]]

MOST_BYTES = 1024 * 1024
MOST_SECONDS = 5.0
_CHUNK = 64 * 1024
_HTTPS_PORT = 443


class FetchRefusedError(DomainError):
    """The address may not be fetched, or what is there could not be had."""

    status = 422
    code = "fetch_refused"


def fetch_public(address: str) -> bytes:
    """The document at a public https address.

    Raises
    ------
    FetchRefusedError
        For other schemes, private and reserved addresses, redirects, too large or slow answers, and failures.
    """
    return fetch_with(address, resolve=_resolve)


def fetch_nothing(address: str) -> bytes:
    """For verification that must not reach out.

    Raises
    ------
    FetchRefusedError
        Always.
    """
    raise FetchRefusedError(f"{address[:200]} was not fetched: this verification does not reach out.")


def fetch_with(address: str, *, resolve: Resolve) -> bytes:
    """As `fetch_public`, with another way to find the addresses of a host."""
    host, port, path = _split(address)
    deadline = time.monotonic() + MOST_SECONDS
    ip = _public_ip(host, resolve(host, port))
    connection = _PinnedConnection(host, port, ip)
    try:
        connection.request("GET", path, headers={"Accept": "application/json, application/*, image/*;q=0.5"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise FetchRefusedError(f"{host} answered with status {answer.status}.")
        return _read(answer, host, deadline)
    except (OSError, http.client.HTTPException) as error:
        raise FetchRefusedError(f"{host} could not be reached: {type(error).__name__}.") from error
    finally:
        connection.close()


def _split(address: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(address)
        port = parts.port or _HTTPS_PORT
    except ValueError as error:
        raise FetchRefusedError("This is no address.") from error
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise FetchRefusedError("Only addresses that begin with https:// are fetched.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(ord(character) <= 32 or ord(character) >= 127 for character in path + parts.hostname):
        raise FetchRefusedError("The address holds characters that no address holds.")
    return parts.hostname, port, path


def _public_ip(host: str, found: list[str]) -> str:
    """The first address, when all are public: a name that also stands for a private one is not to be trusted."""
    if not found:
        raise FetchRefusedError(f"{host} is not known.")
    for text in found:
        ip = ipaddress.ip_address(text)
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        if not (mapped or ip).is_global or ip.is_multicast:
            raise FetchRefusedError(f"{host} is not a public address.")
    return found[0]


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefusedError(f"{host} is not known.") from error
    return [str(item[4][0]) for item in found]


def _read(answer: http.client.HTTPResponse, host: str, deadline: float) -> bytes:
    content = bytearray()
    while chunk := answer.read1(_CHUNK):
        content += chunk
        if len(content) > MOST_BYTES:
            raise FetchRefusedError(f"The document of {host} is larger than {MOST_BYTES // 1024:,} kB.")
        if time.monotonic() > deadline:
            raise FetchRefusedError(f"{host} took longer than {MOST_SECONDS:.0f} s.")
    return bytes(content)


class _PinnedConnection(http.client.HTTPSConnection):
    """Connects to the address that was examined, not to what the name stands for a moment later."""

    def __init__(self, host: str, port: int, ip: str) -> None:
        super().__init__(host, port, timeout=MOST_SECONDS)
        self._ip = ip
        self._tls = ssl.create_default_context()

    def connect(self) -> None:
        plain = socket.create_connection((self._ip, self.port), MOST_SECONDS)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
