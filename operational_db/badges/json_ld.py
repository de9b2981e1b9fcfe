"""Canonical RDF of JSON-LD documents, with contexts that come with the product and never from the network.

Canonicalization (URDNA2015) drops what no context defines: such a term would stand in a signed document without being
signed. Here it is refused instead. Signing and verifying are in `proofs`.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pyld import jsonld
from pyld.jsonld import JsonLdError, JsonLdProcessor

from operational_db.errors import DomainError

# A document as JSON has it; its leaves are of any JSON type.
JsonObject = dict[str, Any]

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_V3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
DID_V1 = "https://www.w3.org/ns/did/v1"
MULTIKEY_V1 = "https://w3id.org/security/multikey/v1"
DATA_PATH = Path(__file__).parent / "data"
_FILES = {
    CREDENTIALS_V2: "credentials-v2.json",
    "https://www.w3.org/2018/credentials/v1": "credentials-v1.json",
    OPEN_BADGES_V3: "open-badges-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": "open-badges-3.0.2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": "open-badges-3.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json": "open-badges-extensions.json",
    DID_V1: "did-v1.json",
    MULTIKEY_V1: "multikey-v1.json",
    "https://w3id.org/security/data-integrity/v2": "data-integrity-v2.json",
}
# Terms and relative addresses that no context defines expand to these, which no document can mean.
_UNKNOWN_TERM = "urn:sitesync:undefined-term:"
_RELATIVE = "sitesync-relative://undefined/"
_KEYWORDS = frozenset({"@context", "@id", "@type", "@value", "@language", "@list", "@set", "@graph"})
# Far deeper and larger than any badge; a hostile document could keep a processor busy for long.
DEEPEST = 40
# The processor keeps contexts in caches that threads must not change at once.
_PROCESSOR = threading.Lock()
MOST_NODES = 5_000


class UnsignableDocumentError(DomainError):
    """A document that JSON-LD cannot wholly express; `details` names the term or context."""

    status = 422
    code = "unsignable_document"


@cache
def _context(address: str) -> JsonObject:
    document: JsonObject = json.loads((DATA_PATH / _FILES[address]).read_text())
    return document


def load_pinned(address: str, _options: Mapping[str, object] | None = None) -> JsonObject:
    """The document loader of JSON-LD processors: a context that comes with the product, or a refusal.

    Raises
    ------
    UnsignableDocumentError
        For every other address; nothing is ever fetched.
    """
    if address not in _FILES:
        raise UnsignableDocumentError(f"The context {address[:200]} is not one of those this product knows.")
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": _context(address),
        # The processor then keeps what it made of the context, as it will not change.
        "tag": "static",
    }


def canonical_quads(document: JsonObject) -> str:
    """The document as canonical N-Quads (RDF Dataset Canonicalization, in pyld under its older name URDNA2015).

    Raises
    ------
    UnsignableDocumentError
        When it names an unknown context or brings its own, or holds a term, type or address that would not be signed.
    """
    _require_plain(document)
    options: JsonObject = {
        "documentLoader": load_pinned,
        "base": _RELATIVE,
        "expandContext": {"@context": {"@vocab": _UNKNOWN_TERM}},
    }
    with _PROCESSOR:
        return _canonicalize(document, options)


def _canonicalize(document: JsonObject, options: JsonObject) -> str:
    try:
        expanded = JsonLdProcessor().expand(document, options)
        for address in _addresses(expanded):
            if address.startswith((_UNKNOWN_TERM, _RELATIVE)):
                name = address.removeprefix(_UNKNOWN_TERM).removeprefix(_RELATIVE)[:100]
                raise UnsignableDocumentError(
                    f"No context of the document defines '{name}', so a signature would not cover it.",
                    details={"term": name},
                )
        quads = jsonld.normalize(
            expanded,
            {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load_pinned},
        )
    except JsonLdError as error:
        refusal = _refusal_in(error)
        if refusal is not None:
            raise refusal from error
        raise UnsignableDocumentError(f"The document is no JSON-LD: {str(error).splitlines()[0][:200]}") from error
    return str(quads)


def _refusal_in(error: JsonLdError) -> UnsignableDocumentError | None:
    """The processor wraps what its document loader raises."""
    cause: object = error
    for _ in range(8):
        cause = getattr(cause, "cause", None) or getattr(cause, "__cause__", None)
        if isinstance(cause, UnsignableDocumentError):
            return cause
    return None


def _require_plain(document: JsonObject) -> None:
    """Contexts are named, never brought along: a term mapped to nothing would hide what it holds from the signature."""
    count = 0
    open_nodes: list[tuple[object, int]] = [(document, 0)]
    while open_nodes:
        node, depth = open_nodes.pop()
        count += 1
        if depth > DEEPEST or count > MOST_NODES:
            raise UnsignableDocumentError("The document is deeper or larger than any badge.")
        if isinstance(node, dict):
            _require_known_keywords(node)
            open_nodes += [(value, depth + 1) for key, value in node.items() if key != "@context"]
        elif isinstance(node, list):
            open_nodes += [(value, depth + 1) for value in node]


def _require_known_keywords(node: JsonObject) -> None:
    for key in node:
        if key.startswith("@") and key not in _KEYWORDS:
            raise UnsignableDocumentError(f"'{key[:50]}' is no keyword that a badge needs.", details={"term": key[:50]})
    contexts = node.get("@context", [])
    for context in contexts if isinstance(contexts, list) else [contexts]:
        if not isinstance(context, str):
            raise UnsignableDocumentError("The document brings its own context; only published ones are accepted.")
        load_pinned(context)


def _addresses(node: object) -> Iterator[str]:
    """Every property, type and id of an expanded document."""
    if isinstance(node, list):
        for item in node:
            yield from _addresses(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if not key.startswith("@"):
                yield key
            if key == "@id" and isinstance(value, str):
                yield value
            elif key == "@type":
                yield from ([value] if isinstance(value, str) else value)
            elif key != "@value":
                yield from _addresses(value)
