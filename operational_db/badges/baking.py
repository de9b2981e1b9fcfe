"""Baking: a credential inside the badge's image, so that the image alone can be verified. And the way back.

Open Badges 3.0, 5.3: PNG in an iTXt chunk `openbadgecredential`, SVG in an element `openbadges:credential` right behind
the root's tag. Open Badges 2.0: chunk `openbadges`, element `openbadges:assertion`. Pure; what comes out is unverified.
"""

import struct
import zlib
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from operational_db.badges.tokens import is_token
from operational_db.errors import InvalidInputError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"openbadgecredential"
KEYWORD_V2 = b"openbadges"
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
NAMESPACE_V2 = "http://openbadges.org"
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
# No badge's image or credential comes near these.
MOST_IMAGE_BYTES = 4 * 1024 * 1024
MOST_CREDENTIAL_BYTES = 512 * 1024
_CHUNK_HEAD = 8
_CHUNK_CRC = 4
# Elements that can run or fetch something; a badge's picture needs none of them.
_FORBIDDEN = frozenset({"script", "foreignobject", "iframe", "object", "embed", "handler", "set", "animate"})


def is_png(content: bytes) -> bool:
    return content.startswith(PNG_SIGNATURE)


def is_svg(content: bytes) -> bool:
    """Whether the bytes look like an XML document with an SVG root; parsing is what decides."""
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"<svg" in content[:65_536]


def bake_png(image: bytes, text: str, *, keyword: bytes = KEYWORD) -> bytes:
    """The image with the credential (JSON or compact JWS) in it, in the place of any it carried.

    Raises
    ------
    InvalidInputError
        When the image is no whole PNG.
    """
    body = keyword + b"\0\0\0\0\0" + text.encode()
    out = bytearray(PNG_SIGNATURE)
    for kind, data in _chunks(image):
        if kind == b"iTXt" and data.split(b"\0", 1)[0] in {KEYWORD, KEYWORD_V2}:
            continue
        out += _chunk(kind, data)
        if kind == b"IHDR":
            out += _chunk(b"iTXt", body)
    return bytes(out)


def unbake_png(image: bytes) -> str:
    """The text of the credential in the image; of 3.0's when it carries one of each version.

    Raises
    ------
    InvalidInputError
        When the image is too large, broken or cut off, or carries no credential, or several.
    """
    texts = [data for kind, data in _chunks(image) if kind == b"iTXt"]
    for keyword in (KEYWORD, KEYWORD_V2):
        found = [data for data in texts if data.split(b"\0", 1)[0] == keyword]
        if len(found) > 1:
            raise InvalidInputError("This PNG carries several badges.")
        if found:
            return _text_of(found[0])
    raise InvalidInputError("This PNG carries no badge.")


def bake_svg(image: bytes, text: str) -> bytes:
    """The image with the credential behind its root's tag. The image must be one of ours.

    Raises
    ------
    InvalidInputError
        When it is no SVG whose root is written without a namespace prefix.
    """
    source = image.decode()
    start = source.find("<svg")
    end = source.find(">", start)
    if start < 0 or end < 0 or source[end - 1] == "/":
        raise InvalidInputError("This is no SVG that a badge could be put into.")
    if is_token(text):
        element = f"<openbadges:credential verify={quoteattr(text)}></openbadges:credential>"
    else:
        element = f"<openbadges:credential><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></openbadges:credential>"
    head = f'{source[:end]} xmlns:openbadges="{escape(NAMESPACE)}">'
    return (head + element + source[end + 1 :]).encode()


def unbake_svg(image: bytes) -> str:
    """The text of the credential in the image.

    Raises
    ------
    InvalidInputError
        When it is too large, no SVG, declares entities, carries a script, or carries no credential.
    """
    if len(image) > MOST_IMAGE_BYTES:
        raise InvalidInputError("The image is larger than any badge.")
    try:
        root = etree.fromstring(image, _inert_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidInputError("The SVG is broken.") from error
    if root.getroottree().docinfo.doctype:
        raise InvalidInputError("The SVG declares entities or a document type; no badge needs them.")
    if root.tag != f"{{{SVG_NAMESPACE}}}svg":
        raise InvalidInputError("This is no SVG.")
    _require_inert(root)
    for name in (f"{{{NAMESPACE}}}credential", f"{{{NAMESPACE_V2}}}assertion"):
        element = next(root.iter(name), None)
        if element is None:
            continue
        text = (element.get("verify") or element.text or "").strip()
        if text:
            return _limited(text)
    raise InvalidInputError("This SVG carries no badge.")


def _inert_parser() -> etree.XMLParser:
    """Expands no entity, loads no document type, fetches nothing, and stops at trees of unusual depth or size."""
    return etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )


def _require_inert(root: etree._Element) -> None:
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2].lower()
        if name in _FORBIDDEN:
            raise InvalidInputError(f"The SVG holds an element '{name}', which no badge needs. It was not read.")
        for attribute, value in element.attrib.items():
            plain = str(attribute).rpartition("}")[2].lower()
            if plain.startswith("on") or "javascript:" in str(value).lower():
                raise InvalidInputError("The SVG holds a script. It was not read.")


def _chunks(image: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk, in order; the checksum of each is examined."""
    if len(image) > MOST_IMAGE_BYTES:
        raise InvalidInputError("The image is larger than any badge.")
    if not is_png(image):
        raise InvalidInputError("This is no PNG.")
    position = len(PNG_SIGNATURE)
    is_first = True
    while position + _CHUNK_HEAD + _CHUNK_CRC <= len(image):
        (length,) = struct.unpack(">I", image[position : position + 4])
        kind = image[position + 4 : position + 8]
        end = position + _CHUNK_HEAD + length
        if end + _CHUNK_CRC > len(image):
            break
        data = image[position + _CHUNK_HEAD : end]
        (checksum,) = struct.unpack(">I", image[end : end + _CHUNK_CRC])
        if checksum != zlib.crc32(kind + data):
            raise InvalidInputError("A part of the PNG is broken: its checksum does not fit.")
        if is_first and kind != b"IHDR":
            raise InvalidInputError("This is no PNG: its first part is not the header.")
        is_first = False
        yield kind, data
        position = end + _CHUNK_CRC
        if kind == b"IEND":
            return
    raise InvalidInputError("The PNG is cut off.")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text_of(data: bytes) -> str:
    """Text of an iTXt chunk: keyword, compression flag and method, language, translated keyword, text."""
    _, _, rest = data.partition(b"\0")
    if len(rest) < 2 or rest[0] not in (0, 1):
        raise InvalidInputError("The badge in the PNG is broken.")
    parts = rest[2:].split(b"\0", 2)
    if len(parts) != 3:
        raise InvalidInputError("The badge in the PNG is broken.")
    text = _unpacked(parts[2]) if rest[0] == 1 else parts[2]
    try:
        return _limited(text.decode())
    except UnicodeDecodeError as error:
        raise InvalidInputError("The badge in the PNG is broken.") from error


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(content, MOST_CREDENTIAL_BYTES + 1)
    except zlib.error as error:
        raise InvalidInputError("The badge in the PNG is broken.") from error
    if len(text) <= MOST_CREDENTIAL_BYTES and not unpacker.eof:
        raise InvalidInputError("The badge in the PNG is cut off.")
    return text


def _limited(text: str) -> str:
    if len(text.encode()) > MOST_CREDENTIAL_BYTES:
        raise InvalidInputError("What the image carries is larger than any badge.")
    return text
