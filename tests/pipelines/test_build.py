"""What is built and why, and that the landing is what both the ledger and the models take it for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from models.roi.effect import Effect, EffectState, EventMonth, Placebo
from operational_db.database import unit_of_work
from operational_db.ledger.canonical import entry_bytes
from operational_db.ledger.merkle import leaf_hash
from operational_db.releases.manifest import ReleaseManifest
from operational_db.settings import Settings
from operational_db.tables.roi import RoiEstimate
from operational_db.types import OutcomeKind, new_id
from pipelines.build import BuildPlan, LandedState, models_hash, plan_build
from pipelines.extract import DIMENSIONS, extract_dimensions, open_reader, read_table
from pipelines.landing import ENGAGEMENT_SCHEMA, ENTRY_SCHEMA, Landing, Segment, SegmentWriter, prepare_landing
from pipelines.landing import remove_leftovers as remove_landing_leftovers
from pipelines.landing_checks import check_segments_tile, leaf_hashes
from tests import builders
from tests.dbt_project.landing import DIMENSION_SCHEMAS
from tests.dbt_project.landing import ENGAGEMENT_SCHEMA as EXPECTED_ENGAGEMENT
from tests.dbt_project.landing import ENTRY_SCHEMA as EXPECTED_ENTRIES

AS_OF = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def segment(from_leaf: int, to_leaf: int, kind: str = "attempt.graded") -> Segment:
    return Segment(from_leaf, to_leaf, "aa", {kind: to_leaf - from_leaf}, {kind: "00"})


def landed(to_leaf: int = 10, dimensions: str = "d", kind: str = "attempt.graded") -> LandedState:
    segments = (segment(0, 10), *([segment(10, to_leaf, kind)] if to_leaf > 10 else []))
    return LandedState(to_leaf, "aa", dimensions, "e", segments)


CURRENT = ReleaseManifest(
    name="warehouse_1",
    path=Path("warehouse_1.duckdb"),
    ledger_size=10,
    root_hash="aa",
    as_of=AS_OF,
    built_at=AS_OF,
    is_simulated=False,
    checks=(),
    row_counts={},
    models_hash="m",
    landing_fingerprint="d-e",
)


class TestPlan:
    def plan(self, state: LandedState, **options: object) -> BuildPlan | None:
        given: dict[str, object] = {"as_of": AS_OF, "models_hash": "m", **options}
        return plan_build(CURRENT, state, **given)  # type: ignore[arg-type]

    def test_without_news_there_is_no_build(self) -> None:
        assert self.plan(landed()) is None

    def test_new_entries_are_built_upon_the_release(self) -> None:
        plan = self.plan(landed(12))
        assert plan is not None
        assert (plan.from_leaf, plan.to_leaf, plan.is_full) == (10, 12, False)

    def test_changed_dimensions_are_news(self) -> None:
        plan = self.plan(landed(dimensions="other"))
        assert plan is not None
        assert (plan.from_leaf, plan.is_full) == (10, False)

    @pytest.mark.parametrize(
        ("state", "options", "reason"),
        [
            (landed(), {"full": True}, "it was asked for"),
            (landed(), {"as_of": AS_OF + timedelta(days=1)}, "the day has changed"),
            (landed(), {"models_hash": "other"}, "the models have changed"),
            (landed(12, kind="import.undone"), {}, "an import was undone"),
            (landed(), {"dimensions_rewritten": True}, "dimensions that facts are derived with have changed"),
        ],
    )
    def test_what_cannot_be_built_upon_is_built_anew(
        self, state: LandedState, options: dict[str, object], reason: str
    ) -> None:
        plan = self.plan(state, **options)
        assert plan is not None
        assert (plan.from_leaf, plan.is_full, plan.reason) == (0, True, reason)

    def test_the_last_minute_of_the_day_is_still_the_day(self) -> None:
        assert self.plan(landed(), as_of=AS_OF.replace(hour=23, minute=59)) is None
        assert self.plan(landed(), as_of=(AS_OF + timedelta(days=1)).replace(hour=0, minute=0)) is not None

    def test_an_import_undone_before_the_release_needs_no_new_build(self) -> None:
        state = replace(landed(), segments=(segment(0, 10, "import.undone"),))
        assert self.plan(state) is None

    def test_the_models_hash_follows_every_model(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        model = tmp_path / "models" / "a.sql"
        model.write_text("select 1")
        before = models_hash(tmp_path)
        model.write_text("select 2")
        assert models_hash(tmp_path) != before


class TestSegments:
    @pytest.mark.parametrize(
        ("segments", "size", "problem"),
        [
            ([segment(0, 5), segment(5, 10)], 10, ""),
            ([], 0, ""),
            ([segment(0, 5), segment(6, 10)], 10, "Entries 5 to 5 are missing."),
            ([segment(0, 5), segment(3, 10)], 10, "Entries 3 to 4 are landed twice."),
            ([segment(1, 10)], 10, "Entries 0 to 0 are missing."),
            ([segment(0, 9)], 10, "ends at 9 entries, the ledger has 10"),
            ([segment(0, 11)], 10, "not of the same ledger"),
            ([replace(segment(0, 10), counts={"attempt.graded": 9})], 10, "counts 9 entries, not 10"),
        ],
    )
    def test_they_tile_the_ledger_exactly(self, segments: list[Segment], size: int, problem: str) -> None:
        check = check_segments_tile(segments, size)
        assert check.passed == (not problem)
        assert problem in check.message

    def test_files_without_a_manifest_are_removed(self, tmp_path: Path) -> None:
        landing = Landing(tmp_path)
        prepare_landing(landing)
        writer = SegmentWriter(landing, 0, 1)
        writer.row_group_rows = 1
        writer.write("attempt.graded", pa.Table.from_pylist([{"leaf_index": 0}], ENTRY_SCHEMA))
        writer.close()
        assert [path.name for path in remove_landing_leftovers(landing)] == ["000000000000-000000000001.parquet"]
        assert remove_landing_leftovers(landing) == []


@pytest.mark.parametrize("organization_id", [None, uuid4()])
@pytest.mark.parametrize("subject_id", [None, uuid4()])
def test_landed_entries_hash_as_the_ledger_hashes_them(
    tmp_path: Path, subject_id: UUID | None, organization_id: UUID | None
) -> None:
    """Text beyond ASCII, quotes and microseconds included."""
    landing = Landing(tmp_path)
    body = '{"category":"Größe \\"A\\" ✓","x":1}'
    event_id, instant = uuid4(), datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
    row = {
        "leaf_index": 0,
        "event_id": str(event_id),
        "kind_version": 1,
        "subject_id": subject_id and str(subject_id),
        "organization_id": organization_id and str(organization_id),
        "occurred_at": instant,
        "recorded_at": AS_OF,
        "body": body,
    }
    writer = SegmentWriter(landing, 0, 1)
    landing.segments.mkdir(parents=True)
    writer.write("training.assigned", pa.Table.from_pylist([row], ENTRY_SCHEMA))
    landed_segment = writer.finish(None)
    entry = entry_bytes(event_id, "training.assigned", 1, subject_id, organization_id, instant, AS_OF, body)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert list(leaf_hashes(connection, landing, landed_segment)) == [leaf_hash(entry)]


class TestSchemas:
    """Extraction and models agree on names and types of columns, in both directions."""

    def test_entries_and_engagement(self) -> None:
        for ours, theirs in ((ENTRY_SCHEMA, EXPECTED_ENTRIES), (ENGAGEMENT_SCHEMA, EXPECTED_ENGAGEMENT)):
            frame = pl.from_arrow(ours.empty_table())
            assert isinstance(frame, pl.DataFrame)
            assert dict(frame.schema) == dict(theirs)

    def test_dimensions(self, committed_engine: Engine, settings: Settings) -> None:
        landing = Landing(settings.landing_path)
        prepare_landing(landing)
        with open_reader(committed_engine) as reader:
            folder = landing.dimensions / extract_dimensions(reader, landing)
        assert DIMENSIONS.keys() == DIMENSION_SCHEMAS.keys()
        for name, wanted in DIMENSION_SCHEMAS.items():
            found = dict(pl.read_parquet_schema(folder / f"{name}.parquet"))
            assert {column: found.get(column) for column in wanted} == dict(wanted), name

    def test_an_estimate_is_landed_with_its_months_and_covariances(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        """What the model writes as JSON, read by name: of current estimates only."""
        effect = Effect(
            EffectState.EFFECT, -0.05, -0.08, -0.02, 12, 15, 9, "Fewer.", "More months.", exposure=340.0,
            pre_trend_p=0.4, placebo=Placebo(6, 0.01, -0.02, 0.04, 0.5),
            event_study=(EventMonth(1, -0.05, -0.1, 0.0, 12),),
        )  # fmt: skip
        details = effect.to_json() | {"covariances": {"callback_rate": 0.0002, "incidents": -0.001}}
        with unit_of_work(committed_engine) as session:
            company = builders.create_organization(session)
            for is_current in (True, False):
                session.add(
                    RoiEstimate(
                        id=new_id(),
                        organization_id=company.id,
                        course_id=None,
                        outcome_kind=OutcomeKind.CALLBACK_RATE,
                        state="effect",
                        effect=-0.05,
                        low=-0.08,
                        high=-0.02,
                        trained_count=12,
                        compared_count=15,
                        month_count=9,
                        details=details,
                        panel_sha256="00",
                        ledger_size=7,
                        estimated_at=AS_OF,
                        is_current=is_current,
                    )
                )
        landing = Landing(settings.landing_path)
        prepare_landing(landing)
        with open_reader(committed_engine) as reader:
            folder = landing.dimensions / extract_dimensions(reader, landing)
        estimates = pl.read_parquet(folder / "roi_estimates.parquet").to_dicts()
        assert len(estimates) == 1
        told = estimates[0]
        assert (told["exposure"], told["half_width"]) == (340.0, pytest.approx(0.03))
        assert (told["pre_trend_p"], told["placebo_p"], told["reason"]) == (0.4, 0.5, "Fewer.")
        months = pl.read_parquet(folder / "roi_event_months.parquet")
        assert months.rows() == [(told["estimate_id"], 1, -0.05, -0.1, 0.0, 12)]
        covariances = pl.read_parquet(folder / "roi_covariances.parquet")
        assert covariances.rows() == [
            (told["estimate_id"], "callback_rate", 0.0002), (told["estimate_id"], "incidents", -0.001),
        ]  # fmt: skip

    def test_nothing_personal_but_the_name_is_landed(self, committed_engine: Engine) -> None:
        with open_reader(committed_engine) as reader:
            columns = set(read_table(reader, DIMENSIONS["people"]).column_names)
        assert columns == {"person_id", "display_name", "is_simulated", "timezone", "erased"}

    def test_the_same_dimensions_have_the_same_name(self, committed_engine: Engine, settings: Settings) -> None:
        landing = Landing(settings.landing_path)
        prepare_landing(landing)
        names = set()
        for _ in range(2):
            with open_reader(committed_engine) as reader:
                names.add(extract_dimensions(reader, landing))
        assert len(names) == 1
        assert pq.read_metadata(landing.dimensions / names.pop() / "people.parquet").num_rows == 0
