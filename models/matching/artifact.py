"""Matchers as files: written by skops, read back only when the hash is the recorded one and every type is a known one.

Nothing here runs code out of a file; no pickle. Which file serves, and what its hash was, is recorded elsewhere.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.matching.factors import FEATURE_NAMES
from models.matching.matcher import Matcher, MatcherKind

TRUSTED_TYPES = ("models.matching.additive.AdditiveMatcher",)
FORMAT = "sitesync-matcher-1"
_HEADS = ("asks", "succeeds")


class DamagedArtifactError(Exception):
    """A model file that may not serve: missing, changed since it was recorded, or holding what no matcher holds."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A written matcher: where it lies and the SHA-256 of its bytes, in hexadecimal."""

    path: Path
    sha256: str


def save_matcher(folder: Path, matcher: Matcher, card: Mapping[str, Any]) -> Artifact:  # JSON values of any type
    """Write a matcher with its card (plain JSON values) into the folder; the name tells its hash.

    The file appears whole or not at all, and the same hash is never written over.
    """
    from skops.io import dumps

    content = {
        "format": FORMAT,
        "version": -1 if matcher.version is None else matcher.version,
        "features": json.dumps(FEATURE_NAMES),
        "card": json.dumps(card, sort_keys=True, allow_nan=False),
        "heads": {name: getattr(matcher, name) for name in _HEADS} if matcher.kind is MatcherKind.LEARNED else {},
    }
    data = dumps(content)
    digest = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"matcher-{digest[:16]}.skops"
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
    return Artifact(path, digest)


def load_matcher(path: Path, sha256: str) -> Matcher:
    """The matcher of a file whose bytes have the recorded hash.

    Raises
    ------
    DamagedArtifactError
        When the file is missing, its bytes are others, or it holds anything but a matcher of today's features.
    """
    content = _read(path, sha256)
    version = content.get("version")
    heads = [_head(content["heads"], name) for name in _HEADS if content["heads"]]
    return Matcher(*heads, version=version if isinstance(version, int) and version >= 0 else None)


def load_card(path: Path, sha256: str) -> dict[str, Any]:  # JSON values of any type
    """The card in a matcher's file.

    Raises
    ------
    DamagedArtifactError
        As `load_matcher`.
    """
    card = json.loads(_read(path, sha256)["card"])
    if not isinstance(card, dict):
        raise DamagedArtifactError(f"The card in {path.name} is not an object.")
    return card


def _read(path: Path, sha256: str) -> dict[str, Any]:
    from skops.io import get_untrusted_types, loads

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedArtifactError(f"The model file {path.name} cannot be read.") from error
    if hashlib.sha256(data).hexdigest() != sha256.lower():
        raise DamagedArtifactError(f"The model file {path.name} is not the one that was recorded: its hash differs.")
    try:
        unknown = sorted(set(get_untrusted_types(data=data)) - set(TRUSTED_TYPES))
        if unknown:
            raise DamagedArtifactError(f"The model file {path.name} holds types no matcher has: {', '.join(unknown)}.")
        content = loads(data, trusted=list(TRUSTED_TYPES))
    except DamagedArtifactError:
        raise
    except Exception as error:  # whatever a broken file makes the reader stumble over, it may not serve
        raise DamagedArtifactError(f"The model file {path.name} cannot be taken apart.") from error
    return _checked(path, content)


def _checked(path: Path, content: object) -> dict[str, Any]:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DamagedArtifactError(f"The model file {path.name} holds no matcher of this format.")
    if content.get("features") != json.dumps(FEATURE_NAMES):
        raise DamagedArtifactError(f"The model file {path.name} was made for other features; train again.")
    heads = content.get("heads")
    if not isinstance(heads, dict) or set(heads) not in (set(), set(_HEADS)) or not isinstance(content["card"], str):
        raise DamagedArtifactError(f"The model file {path.name} holds no matcher of this format.")
    return content


def _head(heads: Mapping[str, Any], name: str) -> Any:  # an AdditiveMatcher, imported late
    from models.matching.additive import AdditiveMatcher

    head = heads[name]
    if not isinstance(head, AdditiveMatcher):
        raise DamagedArtifactError(f"The head {name} is not an additive model.")
    # Arrays of other shapes or without numbers come from no fit.
    count = len(FEATURE_NAMES)
    shapes = {"steps_": (count, head.segments), "intercept_": (), "low_": (count,), "span_": (count,)}
    for attribute, shape in shapes.items():
        values = np.asarray(getattr(head, attribute, np.nan))
        if values.shape != shape or values.dtype != np.float64 or not np.isfinite(values).all():
            raise DamagedArtifactError(f"The head {name} holds values that are no numbers of the features.")
    if (head.low_ != 0).any() or (head.span_ != 1).any() or getattr(head, "n_features_in_", None) != count:
        raise DamagedArtifactError(f"The head {name} was made for other bounds.")
    return head
