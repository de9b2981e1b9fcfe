"""Which drawings a lesson may carry: SVG that cannot run anything or fetch anything.

Lessons are shown in other people's browsers: a drawing is accepted by what it may hold, never by what it may not.
"""

import re
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
LARGEST_SVG = 64 * 1024
_ELEMENT_NAMES = """
    svg g defs title desc rect circle ellipse line path polyline polygon text tspan clipPath mask linearGradient
    radialGradient stop marker animate animateTransform animateMotion set
"""
_ATTRIBUTE_NAMES = """
    id class x y x1 x2 y1 y2 cx cy r rx ry dx dy width height viewBox d points transform fill stroke opacity fill-rule
    fill-opacity stroke-opacity stroke-width stroke-dasharray stroke-linecap stroke-linejoin font-family font-size
    font-weight text-anchor dominant-baseline clip-path mask offset stop-color stop-opacity gradientUnits role
    aria-label aria-labelledby preserveAspectRatio attributeName from to by values begin dur end repeatCount keyTimes
    calcMode additive type letter-spacing visibility display marker-end refX refY markerWidth markerHeight orient
"""
ELEMENTS = frozenset(_ELEMENT_NAMES.split())
ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
VIEW_BOX = re.compile(r"-?\d+(\.\d+)? -?\d+(\.\d+)? \d+(\.\d+)? \d+(\.\d+)?")
LOCAL_REFERENCE = re.compile(r"url\(\s*#[\w-]+\s*\)")


def svg_problem(text: str) -> str | None:
    """What is wrong with the drawing, or None when it may be shown."""
    if len(text.encode()) > LARGEST_SVG:
        return f"the drawing is larger than {LARGEST_SVG // 1024} KB"
    # A document type could define entities that grow without bound or read files.
    if "<!" in text or "<?" in text:
        return "a drawing holds no document type, comment, CDATA or processing instruction"
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type gets here, see above
    except ElementTree.ParseError as error:
        return f"it is no well-formed XML ({error})"
    if root.tag != f"{{{SVG}}}svg":
        return "its outermost element is not svg"
    # Captions are drawn below it, and pages scale it by this.
    if VIEW_BOX.fullmatch(root.get("viewBox", "")) is None:
        return "it needs a viewBox of four numbers with spaces between, such as 0 0 640 360"
    return next((problem for element in root.iter() if (problem := _element_problem(element))), None)


def _element_problem(element: ElementTree.Element) -> str | None:
    name = element.tag.removeprefix(f"{{{SVG}}}")
    if name not in ELEMENTS:
        return f"the element {name} is not allowed"
    for attribute, value in element.attrib.items():
        if attribute not in ATTRIBUTES:
            return f"the attribute {attribute} is not allowed"
        if "url(" in LOCAL_REFERENCE.sub("", value):
            return f"{attribute} points outside of the drawing"
    return None
