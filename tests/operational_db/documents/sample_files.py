"""Small files of every kind the tests of documents need, whole and broken."""

import struct
import zlib
from io import BytesIO

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(picture_format: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    target = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(target, picture_format)
    return target.getvalue()


PNG = picture()
JPEG = picture("JPEG")


def png_with_broken_chunk(name: bytes = b"IDAT") -> bytes:
    """A PNG with one bit of a chunk's data flipped, so that its checksum no longer fits."""
    broken = bytearray(png_with_chunk(b"tEXt", b"Title\x00proof"))
    broken[broken.index(name) + 6] ^= 1
    return bytes(broken)


def png_with_chunk(name: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    end = PNG.index(b"IDAT") - 4
    return PNG[:end] + chunk + PNG[end:]


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG that says it is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = PNG.index(b"IHDR") + 4
    return PNG[:start] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + PNG[start + len(header) + 4 :]
