"""Draws what the demo's people hand in as evidence: a plain picture of a certificate, as PNG or PDF."""

from datetime import datetime
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (640, 420)


def draw_certificate(title: str, number: int, added_at: datetime) -> tuple[str, bytes]:
    """File name and bytes; every second one is a PDF. The same arguments give the same bytes."""
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((16, 16, SIZE[0] - 16, SIZE[1] - 16), outline="#1f3a5f", width=4)
    lines = ("CERTIFICATE OF COMPLETION", title, f"No. {number:06d}", "Simulated document, proves nothing")
    for place, line in enumerate(lines):
        pen.text((60, 80 + 70 * place), line, fill="#1f3a5f", font_size=26)
    target = BytesIO()
    if number % 2:
        picture.save(target, "PNG", optimize=True)
        return "certificate.png", target.getvalue()
    day = added_at.utctimetuple()
    picture.save(target, "PDF", resolution=96.0, creationDate=day, modDate=day)
    return "certificate.pdf", target.getvalue()
