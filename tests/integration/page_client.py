"""Opens dashboard pages of a running server the way a browser does, over its websocket, and keeps every byte it sends.

What is not in these bytes cannot be in the browser, whatever a page draws. Looks are for the browser tests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from google.protobuf.message import Message  # type: ignore[import-untyped]  # comes without types
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.integration.installation import Installation

PAGE_SECONDS = 120.0


@dataclass(frozen=True)
class Page:
    """All that arrived for one run of a page: the bytes, and every text in them."""

    wire: bytes
    text: str
    has_exception: bool

    def holds(self, secret: str) -> bool:
        """Whether the text occurs anywhere, table contents included."""
        return secret.encode() in self.wire


def open_page(
    installation: Installation, page: str, cookie: str | None, address: Mapping[str, str] | None = None
) -> Page:
    """Open a page by its address as the person of the cookie, and wait until it is drawn."""
    headers = {"Cookie": cookie} if cookie else {}
    with connect(
        f"ws://127.0.0.1:{installation.port}/_stcore/stream",
        additional_headers=headers,
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        open_timeout=PAGE_SECONDS,
    ) as connection:
        state = ClientState(query_string=urlencode(address or {}), page_name=page)
        connection.send(BackMsg(rerun_script=state).SerializeToString())
        return _to_page(_messages(connection))


def _messages(connection: ClientConnection) -> list[tuple[bytes, ForwardMsg]]:
    found = []
    while True:
        wire = connection.recv(timeout=PAGE_SECONDS)
        assert isinstance(wire, bytes)
        message = ForwardMsg.FromString(wire)
        found.append((wire, message))
        is_end = message.WhichOneof("type") == "script_finished"
        if is_end and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return found


def _to_page(messages: list[tuple[bytes, ForwardMsg]]) -> Page:
    elements = [message.delta.new_element for _, message in messages if message.HasField("delta")]
    texts = [text for _, message in messages for text in _texts(message)]
    return Page(
        b"".join(wire for wire, _ in messages),
        "\n".join(texts),
        any(element.WhichOneof("type") == "exception" for element in elements),
    )


def _texts(message: Message) -> Iterator[str]:
    for _, value in message.ListFields():
        values = value if isinstance(value, list) or hasattr(value, "append") else [value]
        for item in values:
            if isinstance(item, Message):
                yield from _texts(item)
            elif isinstance(item, str):
                yield item
