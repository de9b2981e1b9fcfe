"""The pictures of badges, drawn by us: the same facts give the same bytes. SVG for screens, PNG for everything else.

They show the certification, who issues it and until when it holds, never a person. Baking is in `baking`.
"""

import io
import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

SIZE = 600
_INK = "#12304a"
_PAPER = "#ffffff"
_RING = "#1f6f8b"
_ACCENT = "#b4540a"
_LINE_LENGTH = 18
_MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """What is written on a badge; without dates it is the picture of the certification itself."""

    certification_name: str
    issuing_organization: str
    issued_on: date | None = None
    expires_on: date | None = None

    @property
    def title(self) -> str:
        return f"Badge: {self.certification_name}"

    @property
    def description(self) -> str:
        return f"{self.certification_name}, issued by {self.issuing_organization}. {self.dates}".strip()

    @property
    def dates(self) -> str:
        if self.issued_on is None:
            return ""
        if self.expires_on is None:
            return f"Since {self.issued_on:%d %b %Y}"
        return f"{self.issued_on:%d %b %Y} to {self.expires_on:%d %b %Y}"

    @property
    def name_lines(self) -> list[str]:
        """The name in lines that fit, the last one shortened when there are too many."""
        return _lines(self.certification_name, _LINE_LENGTH, _MOST_LINES)

    @property
    def issuer_lines(self) -> list[str]:
        return _lines(self.issuing_organization, 28, 1)


def draw_svg(picture: Picture) -> bytes:
    """The badge as SVG, with a title and a description for those who do not see it."""
    lines = picture.name_lines
    top = 300 - 26 * (len(lines) - 1)
    texts = [_svg_text(line, top + 52 * number, 40, _INK, "bold") for number, line in enumerate(lines)]
    texts += [_svg_text(line, 160, 24, _RING, "normal") for line in picture.issuer_lines]
    if picture.dates:
        texts.append(_svg_text(picture.dates, 452, 24, _ACCENT, "normal"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" '
        'role="img" aria-labelledby="badge-title badge-description">'
        f'<title id="badge-title">{escape(_plain(picture.title))}</title>'
        f'<desc id="badge-description">{escape(_plain(picture.description))}</desc>'
        f'<circle cx="300" cy="300" r="290" fill="{_RING}"/>'
        f'<circle cx="300" cy="300" r="266" fill="{_PAPER}"/>'
        f'<circle cx="300" cy="300" r="252" fill="none" stroke="{_RING}" stroke-width="4"/>'
        f'<path d="M268 96l24 24 44-44" fill="none" stroke="{_ACCENT}" stroke-width="12" stroke-linecap="round"/>'
        f"{''.join(texts)}</svg>"
    ).encode()


@lru_cache(maxsize=512)
def draw_png(picture: Picture) -> bytes:
    """The badge as PNG with a transparent surround; what it shows is told by `Picture.description`, for an `alt`."""
    image = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 590, 590), fill=_RING)
    draw.ellipse((34, 34, 566, 566), fill=_PAPER)
    draw.ellipse((48, 48, 552, 552), outline=_RING, width=4)
    draw.line((268, 96, 292, 120, 336, 76), fill=_ACCENT, width=12, joint="curve")
    lines = picture.name_lines
    top = 300 - 26 * (len(lines) - 1)
    for number, line in enumerate(lines):
        _png_text(draw, line, top + 52 * number, 40, _INK)
    for line in picture.issuer_lines:
        _png_text(draw, line, 160, 24, _RING)
    if picture.dates:
        _png_text(draw, picture.dates, 452, 24, _ACCENT)
    content = io.BytesIO()
    image.save(content, "PNG", optimize=False, compress_level=9)
    return content.getvalue()


def _lines(text: str, width: int, most: int) -> list[str]:
    found = textwrap.wrap(_plain(text), width, max_lines=most, placeholder=" …", break_long_words=True)
    return found or ["–"]


def _plain(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _svg_text(text: str, y: int, size: int, colour: str, weight: str) -> str:
    return (
        f'<text x="300" y="{y}" text-anchor="middle" dominant-baseline="middle" font-family="system-ui, sans-serif" '
        f'font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(text)}</text>'
    )


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _png_text(draw: ImageDraw.ImageDraw, text: str, y: int, size: int, colour: str) -> None:
    draw.text((300, y), _drawable(text), font=_font(size), fill=colour, anchor="mm")


def _drawable(text: str) -> str:
    """The font that comes with the imaging library has Latin letters; others lose their marks, or become a dot."""
    plain = unicodedata.normalize("NFKD", text.replace("…", "...").replace("–", "-").replace("’", "'"))
    return "".join(
        character if character.isascii() else "·" for character in plain if not unicodedata.combining(character)
    )
