"""Which releases of the warehouse exist and which one is current.

A release is one DuckDB file and one JSON manifest beside it; `current.json` names the release readers should open.
Writing releases is the pipeline's job (`pipelines/release.py`); opening one for a viewer is `reader.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from operational_db.errors import ReleaseUnavailableError
from operational_db.settings import Settings

CURRENT_FILE = "current.json"
RELEASE_PREFIX = "warehouse_"


@dataclass(frozen=True)
class CheckResult:
    """What one check of a pipeline run found; `numbers` are the figures it compared, for whoever has to explain it.

    A blocking check that did not pass keeps the former release.
    """

    name: str
    passed: bool
    blocking: bool
    message: str
    numbers: dict[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleaseManifest:
    """One release: what it holds and what it was cut at.

    `ledger_size` is the number of entries it holds (leaf 0 to `ledger_size` - 1), `root_hash` the hexadecimal RFC 6962
    root over them, `as_of` the instant statuses were derived at. `row_counts` is per mart.
    """

    name: str
    path: Path
    ledger_size: int
    root_hash: str
    as_of: datetime
    built_at: datetime
    is_simulated: bool
    checks: tuple[CheckResult, ...]
    row_counts: dict[str, int]
    duration_seconds: float = 0.0
    is_full_build: bool = True
    models_hash: str = ""
    landing_fingerprint: str = ""


@dataclass(frozen=True)
class CurrentRelease:
    """The content of `current.json`."""

    name: str


MANIFEST_ADAPTER = TypeAdapter(ReleaseManifest)
CURRENT_ADAPTER = TypeAdapter(CurrentRelease)


def manifest_path(release_path: Path) -> Path:
    """Where the manifest of a release file lies."""
    return release_path.with_suffix(".json")


def read_manifest(path: Path) -> ReleaseManifest:
    """Read one manifest file; the release's path is taken from where the manifest lies, so that a home can be moved.

    Raises
    ------
    ReleaseUnavailableError
        When the manifest or its release file is missing or damaged.
    """
    release_path = path.with_suffix(".duckdb")
    try:
        manifest = MANIFEST_ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ReleaseUnavailableError(
            "The description of the current figures cannot be read. Run `sitesync refresh --full` to make them anew.",
            details={"file": path.name, "reason": type(error).__name__},
        ) from error
    if not release_path.is_file():
        raise ReleaseUnavailableError(
            "The file with the current figures is missing. Run `sitesync refresh --full` to make it anew.",
            details={"file": release_path.name, "reason": "missing"},
        )
    return _at(manifest, release_path)


def _at(manifest: ReleaseManifest, release_path: Path) -> ReleaseManifest:
    values = {**manifest.__dict__, "path": release_path, "name": release_path.stem}
    return ReleaseManifest(**values)


def current_manifest(settings: Settings) -> ReleaseManifest:
    """The release readers should open now.

    Raises
    ------
    ReleaseUnavailableError
        When nothing was released yet, or the current release is missing or damaged.
    """
    pointer = settings.warehouse_path / CURRENT_FILE
    try:
        name = CURRENT_ADAPTER.validate_json(pointer.read_bytes()).name
    except FileNotFoundError as error:
        raise ReleaseUnavailableError(
            "No figures have been computed yet. They appear after the first `sitesync refresh`.",
            details={"file": CURRENT_FILE, "reason": "missing"},
        ) from error
    except (OSError, ValidationError) as error:
        raise ReleaseUnavailableError(
            "The pointer to the current figures cannot be read. Run `sitesync refresh --full` to make them anew.",
            details={"file": CURRENT_FILE, "reason": type(error).__name__},
        ) from error
    return read_manifest(manifest_path(settings.warehouse_path / f"{name}.duckdb"))


def list_manifests(settings: Settings) -> list[ReleaseManifest]:
    """Every complete release on disk, newest first; damaged ones are left out."""
    found = []
    for path in settings.warehouse_path.glob(f"{RELEASE_PREFIX}*.json"):
        try:
            found.append(read_manifest(path))
        except ReleaseUnavailableError:
            continue
    return sorted(found, key=lambda manifest: (manifest.built_at, manifest.name), reverse=True)
