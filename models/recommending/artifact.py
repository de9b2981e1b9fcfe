"""The trained recommender as a file: plain arrays in NumPy's own format, which runs no code when it is read.

Its hash is kept apart from it (in the registry) and checked before a byte of it is used. The card travels inside too.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from models.recommending.learned import CoCompletion

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
FORMAT = 1
_TEXTS = ("course_ids_", "conditions_")
_ARRAYS = ("shares_", "popular_counts_", "subjects_", "counts_", "lifts_", "strengths_")


class DamagedArtifactError(Exception):
    """The file is not what was registered: missing, changed or of another form. The yardstick serves meanwhile."""


@dataclass(frozen=True, slots=True)
class Artifact:
    path: Path
    sha256: str


def save_recommender(folder: Path, model: CoCompletion, card: Mapping[str, Json]) -> Artifact:
    """Write the model under the name of its own hash; the same model and card give the same file."""
    values = {name: np.array(getattr(model, name), dtype=np.str_) for name in _TEXTS}
    values |= {name: np.asarray(getattr(model, name)) for name in _ARRAYS}
    values["settings"] = np.array([FORMAT, model.pooling])
    values["card"] = np.array(json.dumps(card, sort_keys=True))
    content = _to_bytes(values)
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"courses-{digest[:16]}.npz"
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return Artifact(path, digest)


def load_recommender(path: Path, sha256: str) -> CoCompletion:
    """The model, when the file is byte for byte the registered one.

    Raises
    ------
    DamagedArtifactError
        When it is missing, changed, or not of this form.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedArtifactError(f"{path.name} cannot be read.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedArtifactError(f"{path.name} is not the file that was registered.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as values:
            settings = values["settings"]
            if int(settings[0]) != FORMAT:
                raise DamagedArtifactError(f"{path.name} has the form {int(settings[0])}; this program reads {FORMAT}.")
            model = CoCompletion(pooling=float(settings[1]))
            for name in _TEXTS:
                setattr(model, name, values[name].tolist())
            for name in _ARRAYS:
                setattr(model, name, values[name])
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DamagedArtifactError(f"{path.name} does not hold a recommender.") from error
    return model


def _to_bytes(values: Mapping[str, np.ndarray]) -> bytes:
    """An .npz archive whose bytes depend on nothing but the values: no times, names in order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(values):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asanyarray(values[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), entry.getvalue())
    return buffer.getvalue()
