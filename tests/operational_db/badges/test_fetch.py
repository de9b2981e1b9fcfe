"""Fetching from foreign issuers: nothing inside our network, nothing large, nothing but https."""

import http.client
import http.server
import ssl
import threading
from collections.abc import Iterator

import pytest

from operational_db.badges import fetch
from operational_db.badges.fetch import FetchRefusedError, fetch_nothing, fetch_public, fetch_with


class TestRefusals:
    @pytest.mark.parametrize(
        "address",
        ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://", "https://user@example.com/",
         "https://example.com/a b", "https://example.com/\r\nHost: x", "https://exa mple/", "https://[::1", "x",
         "https://example.com:99999/"],
    )  # fmt: skip
    def test_only_plain_https_addresses_are_fetched(self, address: str) -> None:
        with pytest.raises(FetchRefusedError):
            fetch_with(address, resolve=lambda host, port: ["93.184.215.14"])

    @pytest.mark.parametrize(
        "ip",
        ["127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
         "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "ff02::1", "255.255.255.255"],
    )  # fmt: skip
    def test_private_and_reserved_addresses_are_not_reached(self, ip: str) -> None:
        with pytest.raises(FetchRefusedError, match="not a public address"):
            fetch_with("https://elsewhere.example/", resolve=lambda host, port: [ip])

    def test_a_name_that_is_public_and_private_at_once_is_not_reached(self) -> None:
        with pytest.raises(FetchRefusedError, match="not a public address"):
            fetch_with("https://elsewhere.example/", resolve=lambda host, port: ["93.184.215.14", "127.0.0.1"])

    def test_our_own_network_is_not_reached_by_name_or_number(self) -> None:
        for host in ("localhost", "127.0.0.1", "[::1]", "2130706433"):
            with pytest.raises(FetchRefusedError):
                fetch_public(f"https://{host}:8501/")

    def test_verification_that_does_not_reach_out_says_so(self) -> None:
        with pytest.raises(FetchRefusedError, match="does not reach out"):
            fetch_nothing("https://elsewhere.example/")


class Answers(http.server.BaseHTTPRequestHandler):
    """A small document, a redirect, an endless one."""

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "https://127.0.0.1/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(b"x" * (fetch.MOST_BYTES + 10) if self.path == "/large" else b'{"a":1}')
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class TestAnswers:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """A server that stands for a public one: what is examined is the resolver's answer, what is reached is this."""
        server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()

        class Plain(http.client.HTTPConnection):
            def __init__(self, host: str, port: int, ip: str) -> None:
                assert ip == "93.184.215.14"
                super().__init__("127.0.0.1", server.server_address[1], timeout=60)

        monkeypatch.setattr(fetch, "_PinnedConnection", Plain)
        yield "https://elsewhere.example"
        server.shutdown()
        server.server_close()
        thread.join()

    def get(self, address: str) -> bytes:
        return fetch_with(address, resolve=lambda host, port: ["93.184.215.14"])

    def test_a_document_is_read(self, server: str) -> None:
        assert self.get(f"{server}/did.json") == b'{"a":1}'

    def test_redirects_are_not_followed(self, server: str) -> None:
        with pytest.raises(FetchRefusedError, match="302"):
            self.get(f"{server}/away")

    def test_large_documents_are_left(self, server: str) -> None:
        with pytest.raises(FetchRefusedError, match="larger"):
            self.get(f"{server}/large")

    def test_slow_documents_are_left(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch, "MOST_SECONDS", -1.0)
        with pytest.raises(FetchRefusedError, match="longer"):
            self.get(f"{server}/did.json")


def test_certificates_are_checked_against_the_name() -> None:
    connection = fetch._PinnedConnection("elsewhere.example", 443, "93.184.215.14")
    assert connection._tls.check_hostname
    assert connection._tls.verify_mode is ssl.CERT_REQUIRED
