"""Landing folders for tests, written from lists of typed events.

The layout is the extraction's own (one Parquet file per kind and segment, a manifest per segment, whole dimensions);
nothing here reads PostgreSQL, so that the warehouse can be tested alone. Many random entries are `bulk`'s business.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

import polars as pl

from operational_db.ledger.events import EVENT_TYPES, Event

ENTRY_SCHEMA: dict[str, pl.DataType] = {
    "leaf_index": pl.Int64(),
    "event_id": pl.String(),
    "kind_version": pl.Int16(),
    "subject_id": pl.String(),
    "organization_id": pl.String(),
    "occurred_at": pl.Datetime("us", "UTC"),
    "recorded_at": pl.Datetime("us", "UTC"),
    "body": pl.String(),
}

DIMENSION_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "people": {
        "person_id": pl.String(),
        "display_name": pl.String(),
        "is_simulated": pl.Boolean(),
        "timezone": pl.String(),
        "erased": pl.Boolean(),
    },
    "organizations": {
        "organization_id": pl.String(),
        "name": pl.String(),
        "kind": pl.String(),
        "region": pl.String(),
        "timezone": pl.String(),
        "is_simulated": pl.Boolean(),
    },
    "teams": {"team_id": pl.String(), "organization_id": pl.String(), "name": pl.String()},
    "courses": {
        "course_id": pl.String(),
        "title": pl.String(),
        "slug": pl.String(),
        "provider_type": pl.String(),
        "provider_id": pl.String(),
        "provider_name": pl.String(),
        "category": pl.String(),
        "trade": pl.String(),
        "level": pl.String(),
        "delivery_method": pl.String(),
        "estimated_hours": pl.Float64(),
        "leads_to_certification": pl.Boolean(),
        "certification_id": pl.String(),
        "ce_credits": pl.Float64(),
        "session_starts_on": pl.Date(),
        "status": pl.String(),
        "published_at": pl.Datetime("us", "UTC"),
        "price": pl.Float64(),
        "currency": pl.String(),
    },
    "course_modules": {
        "course_id": pl.String(),
        "module_count": pl.Int64(),
        "required_module_count": pl.Int64(),
    },
    "assessments": {
        "assessment_id": pl.String(),
        "course_id": pl.String(),
        "title": pl.String(),
        "assessment_type": pl.String(),
        "passing_score": pl.Int32(),
    },
    "certifications": {
        "certification_id": pl.String(),
        "name": pl.String(),
        "code": pl.String(),
        "source": pl.String(),
        "issuing_organization": pl.String(),
        "category": pl.String(),
        "trade": pl.String(),
        "validity_period_months": pl.Int32(),
    },
    "lessons": {
        "lesson_id": pl.String(),
        "organization_id": pl.String(),
        "code": pl.String(),
        "title": pl.String(),
        "lesson_type": pl.String(),
        "owner_id": pl.String(),
        "course_id": pl.String(),
    },
    "lesson_versions": {
        "lesson_version_id": pl.String(),
        "lesson_id": pl.String(),
        "lesson_version": pl.String(),
        "status": pl.String(),
        "duration_minutes": pl.Float64(),
        "pass_threshold": pl.Int32(),
        "scope_tags": pl.String(),
        "locales": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "published_at": pl.Datetime("us", "UTC"),
        "refresh_due_on": pl.Date(),
    },
    "policies": {
        "policy_id": pl.String(),
        "organization_id": pl.String(),
        "code": pl.String(),
        "title": pl.String(),
        "is_critical": pl.Boolean(),
        "latest_version": pl.String(),
        "latest_effective_on": pl.Date(),
        "version_count": pl.Int64(),
    },
    "tracks": {
        "track_id": pl.String(),
        "organization_id": pl.String(),
        "persona": pl.String(),
        "tier": pl.String(),
        "title": pl.String(),
        "lesson_count": pl.Int64(),
        "required_lesson_count": pl.Int64(),
    },
    "features": {
        "feature_id": pl.String(),
        "organization_id": pl.String(),
        "action": pl.String(),
        "title": pl.String(),
        "policy_id": pl.String(),
        "runbook_id": pl.String(),
        "lesson_id": pl.String(),
    },
    "buildings": {
        "building_id": pl.String(),
        "owner_id": pl.String(),
        "name": pl.String(),
        "city": pl.String(),
        "district": pl.String(),
        "register_id": pl.String(),
        "latitude": pl.Float64(),
        "longitude": pl.Float64(),
        "timezone": pl.String(),
        "is_active": pl.Boolean(),
    },
    "manufacturers": {
        "manufacturer_id": pl.String(),
        "name": pl.String(),
        "is_maker": pl.Boolean(),
    },
    "equipment": {
        "equipment_id": pl.String(),
        "building_id": pl.String(),
        "name": pl.String(),
        "equipment_type": pl.String(),
        "manufacturer_id": pl.String(),
        "model": pl.String(),
        "register_id": pl.String(),
        "status": pl.String(),
        "installed_on": pl.Date(),
        "inspected_on": pl.Date(),
    },
    "service_contracts": {
        "contract_id": pl.String(),
        "owner_id": pl.String(),
        "contractor_id": pl.String(),
        "building_id": pl.String(),
        "started_on": pl.Date(),
        "ended_on": pl.Date(),
    },
    "badges": {
        "badge_id": pl.String(),
        "certificate_id": pl.String(),
        "issued_at": pl.Datetime("us", "UTC"),
        "is_public": pl.Boolean(),
    },
    "roi_estimates": {
        "estimate_id": pl.String(),
        "organization_id": pl.String(),
        "course_id": pl.String(),
        "outcome_kind": pl.String(),
        "exposure": pl.Float64(),
        "half_width": pl.Float64(),
        "without_training": pl.Float64(),
        "trained_count": pl.Int64(),
        "compared_count": pl.Int64(),
        "month_count": pl.Int64(),
        "pre_trend_p": pl.Float64(),
        "placebo_p": pl.Float64(),
        "reason": pl.String(),
        "what_would_change": pl.String(),
        "estimated_at": pl.Datetime("us", "UTC"),
    },
    "roi_event_months": {
        "estimate_id": pl.String(),
        "month_offset": pl.Int32(),
        "effect": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "trained_count": pl.Int64(),
    },
    "roi_covariances": {
        "estimate_id": pl.String(),
        "other_kind": pl.String(),
        "covariance": pl.Float64(),
    },
    "income_contexts": {
        "source": pl.String(),
        "trade": pl.String(),
        "jurisdiction": pl.String(),
        "cohort_year": pl.Int32(),
        "years_from_certification": pl.Int32(),
        "median_income": pl.Float64(),
        "currency": pl.String(),
        "person_count": pl.Int64(),
    },
    "learned_models": {
        "model_id": pl.String(),
        "model_kind": pl.String(),
        "model_version": pl.Int32(),
        "headline": pl.String(),
        "ledger_size": pl.Int64(),
        "trained_at": pl.Datetime("us", "UTC"),
        "promoted_at": pl.Datetime("us", "UTC"),
        "retired_at": pl.Datetime("us", "UTC"),
    },
    "import_batches": {
        "import_id": pl.String(),
        "importer": pl.String(),
        "format": pl.String(),
        "source": pl.String(),
        "organization_id": pl.String(),
        "state": pl.String(),
        "started_at": pl.Datetime("us", "UTC"),
        "finished_at": pl.Datetime("us", "UTC"),
        "undone_at": pl.Datetime("us", "UTC"),
        "read_count": pl.Int64(),
        "added_count": pl.Int64(),
        "changed_count": pl.Int64(),
        "unchanged_count": pl.Int64(),
        "refused_count": pl.Int64(),
    },
}

ENGAGEMENT_SCHEMA: dict[str, pl.DataType] = {
    "person_id": pl.String(),
    "course_id": pl.String(),
    "on_date": pl.Date(),
    "organization_id": pl.String(),
    "interaction_count": pl.Int32(),
    "session_count": pl.Int32(),
    "mobile_session_count": pl.Int32(),
    "minutes": pl.Int32(),
    "import_id": pl.String(),
}

Row = Mapping[str, object]


@dataclass
class Dimensions:
    """Rows of every dimension; missing columns are null."""

    people: list[Row] = field(default_factory=list)
    organizations: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    courses: list[Row] = field(default_factory=list)
    course_modules: list[Row] = field(default_factory=list)
    assessments: list[Row] = field(default_factory=list)
    certifications: list[Row] = field(default_factory=list)
    lessons: list[Row] = field(default_factory=list)
    lesson_versions: list[Row] = field(default_factory=list)
    policies: list[Row] = field(default_factory=list)
    tracks: list[Row] = field(default_factory=list)
    features: list[Row] = field(default_factory=list)
    buildings: list[Row] = field(default_factory=list)
    manufacturers: list[Row] = field(default_factory=list)
    equipment: list[Row] = field(default_factory=list)
    service_contracts: list[Row] = field(default_factory=list)
    badges: list[Row] = field(default_factory=list)
    roi_estimates: list[Row] = field(default_factory=list)
    roi_event_months: list[Row] = field(default_factory=list)
    roi_covariances: list[Row] = field(default_factory=list)
    income_contexts: list[Row] = field(default_factory=list)
    learned_models: list[Row] = field(default_factory=list)
    import_batches: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Landing:
    """Where the three parts of a landing folder lie, and how many entries it holds."""

    root: Path
    size: int

    @property
    def entries(self) -> Path:
        return self.root / "entries"

    @property
    def dimensions(self) -> Path:
        return self.root / "dimensions" / "test"

    @property
    def engagement(self) -> Path:
        return self.root / "engagement"


def canonical_body(event: Event) -> str:
    """The entry's body as canonical JSON; bodies hold text, whole numbers and booleans only."""
    return json.dumps(event.body(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_schemas(landing: Landing) -> None:
    """An empty Parquet file per kind and for engagement, so that no glob is ever empty."""
    for kind in EVENT_TYPES:
        folder = landing.entries / f"kind={kind}"
        folder.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(schema=ENTRY_SCHEMA).write_parquet(folder / "schema.parquet")
    landing.engagement.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(schema=ENGAGEMENT_SCHEMA).write_parquet(landing.engagement / "schema.parquet")


def write_dimensions(landing: Landing, dimensions: Dimensions | Mapping[str, pl.DataFrame]) -> None:
    """Every dimension as one Parquet file, from rows or from ready frames."""
    landing.dimensions.mkdir(parents=True, exist_ok=True)
    for name, schema in DIMENSION_SCHEMAS.items():
        if isinstance(dimensions, Dimensions):
            rows = [{column: row.get(column) for column in schema} for row in getattr(dimensions, name)]
            frame = pl.DataFrame(rows, schema=schema)
        else:
            frame = dimensions.get(name, pl.DataFrame(schema=schema))
        frame.write_parquet(landing.dimensions / f"{name}.parquet")


def write_engagement(landing: Landing, rows: Sequence[Row]) -> None:
    """Daily engagement rows, one file per month."""
    by_month: dict[str, list[Row]] = {}
    for row in rows:
        on_date = row["on_date"]
        assert isinstance(on_date, date)
        by_month.setdefault(on_date.strftime("%Y-%m"), []).append(row)
    for month, month_rows in by_month.items():
        frame = pl.DataFrame(
            [{column: row.get(column) for column in ENGAGEMENT_SCHEMA} for row in month_rows], schema=ENGAGEMENT_SCHEMA
        )
        frame.write_parquet(landing.engagement / f"{month}-0.parquet")


def write_events(landing: Landing, events: Sequence[Event], first_leaf: int = 0) -> Landing:
    """One segment holding `events` in ledger order from `first_leaf`; returns the landing with its new size."""
    rows: dict[str, list[dict[str, object]]] = {}
    for offset, event in enumerate(events):
        leaf = first_leaf + offset
        rows.setdefault(event.kind, []).append(
            {
                "leaf_index": leaf,
                "event_id": str(UUID(int=leaf + 1)),
                "kind_version": event.version,
                "subject_id": None if event.subject_id is None else str(event.subject_id),
                "organization_id": None if event.organization_id is None else str(event.organization_id),
                "occurred_at": event.occurred_at,
                "recorded_at": event.occurred_at,
                "body": canonical_body(event),
            }
        )
    end = first_leaf + len(events)
    frames = {kind: pl.DataFrame(kind_rows, schema=ENTRY_SCHEMA) for kind, kind_rows in rows.items()}
    write_segment(landing, frames, first_leaf, end)
    return Landing(landing.root, end)


def write_segment(landing: Landing, frames: Mapping[str, pl.DataFrame], start: int, end: int) -> None:
    """The entries of each kind, then the manifest that makes them count."""
    digests: dict[str, str] = {}
    for kind, frame in frames.items():
        path = landing.entries / f"kind={kind}" / f"{start:012d}-{end:012d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd", row_group_size=122_880)
        with path.open("rb") as stream:
            digests[kind] = hashlib.file_digest(stream, "sha256").hexdigest()
    segments = landing.entries / "segments"
    segments.mkdir(parents=True, exist_ok=True)
    manifest = {
        "from": start,
        "to": end,
        "root": hashlib.sha256(f"{start}-{end}".encode()).hexdigest(),
        "counts": {kind: frame.height for kind, frame in frames.items()},
        "sha256": digests,
    }
    (segments / f"{start:012d}-{end:012d}.json").write_text(json.dumps(manifest))
