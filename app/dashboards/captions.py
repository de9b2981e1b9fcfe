"""Captions of a lesson's media: drawn into an animation in step with it, and as WebVTT for clips. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from textwrap import wrap
from xml.etree import ElementTree

from operational_db.assessment.views import CaptionView

SVG = "http://www.w3.org/2000/svg"
BAND_HEIGHT = 64
LINE_LENGTH = 62
ElementTree.register_namespace("", SVG)


def captioned(svg: str, captions: Sequence[CaptionView], *, play: int = 0) -> str:
    """The drawing with a band below it in which each caption shows for its time.

    Parameters
    ----------
    play
        How often it was started again: a browser plays a drawing anew only when it differs.
    """
    # The drawing was checked when it was written: no document type, known elements only.
    root = ElementTree.fromstring(svg)  # noqa: S314
    left, top, width, height = (float(part) for part in root.attrib["viewBox"].split())
    root.set("viewBox", f"{left:g} {top:g} {width:g} {height + BAND_HEIGHT:g}")
    root.set("id", f"play-{play}")
    band = {"x": f"{left:g}", "y": f"{top + height:g}", "width": f"{width:g}", "height": str(BAND_HEIGHT)}
    ElementTree.SubElement(root, f"{{{SVG}}}rect", {**band, "fill": "#1f2933"})
    for caption in captions:
        group = ElementTree.SubElement(root, f"{{{SVG}}}g", {"opacity": "0", "font-size": "18", "fill": "#ffffff"})
        length = caption.to_seconds - caption.from_seconds
        timing = {"attributeName": "opacity", "to": "1", "begin": f"{caption.from_seconds}s", "dur": f"{length}s"}
        ElementTree.SubElement(group, f"{{{SVG}}}set", timing)
        for number, line in enumerate(wrap(caption.text, LINE_LENGTH)):
            place = {"x": f"{left + 16:g}", "y": f"{top + height + 26 + 24 * number:g}"}
            ElementTree.SubElement(group, f"{{{SVG}}}text", place).text = line
    return ElementTree.tostring(root, encoding="unicode")


def to_webvtt(captions: Sequence[CaptionView]) -> str:
    """The captions as a WebVTT file."""
    cues = [f"{_stamp(each.from_seconds)} --> {_stamp(each.to_seconds)}\n{each.text}\n" for each in captions]
    return "WEBVTT\n\n" + "\n".join(cues)


def to_transcript(captions: Sequence[CaptionView]) -> str:
    """The captions one below the other with their times, as Markdown."""
    return "\n".join(f"- {_stamp(each.from_seconds)[3:8]} {each.text}" for each in captions)


def _stamp(seconds: Decimal) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"00:{int(minutes):02d}:{rest:06.3f}"
