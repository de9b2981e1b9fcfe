"""One truth, told four ways: the rules in Python, the marts, the API and the ledger agree on the whole demo."""

from collections.abc import Iterator
from itertools import pairwise
from uuid import UUID

import duckdb
import pytest
from sqlalchemy import select

from operational_db.compliance.evaluation import required_trainings
from operational_db.compliance.facts import load_facts
from operational_db.database import read_only_session
from operational_db.ledger.canonical import entry_bytes
from operational_db.ledger.merkle import Frontier, leaf_hash
from operational_db.ledger.repository import checkpoint_at
from operational_db.releases.manifest import ReleaseManifest, current_manifest
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent, LedgerLeaf
from operational_db.types import OrganizationKind, Role
from tests.integration.installation import Installation, rows_of

STANDING = (
    *("organization_id", "person_id", "required_training_id", "source", "category", "course_id", "certification_id"),
    *("team_id", "role", "due_on", "status", "completed_on", "valid_until"),
)
TREND_COUNTS = ("required", "exempted", "completed", "overdue", "due_14_days", "expiring_30_days", "expired")
COUNTS = ("required", "exempted", "completed", "in_progress", "pending", "overdue", "due_14_days", "expired")
# What each mart has rows of: entries that shaped a row must be about the same person or organization.
WALKED_MARTS = {
    "fct_enrollment": "person_id",
    "fct_attempt": "person_id",
    "fct_certificate": "person_id",
    "fct_assignment": "person_id",
    "fct_required_training": None,
    "compliance_by_person": None,
    "compliance_by_team": None,
    "compliance_by_organization": None,
    "school_progress": None,
}


@pytest.fixture(scope="module")
def manifest(installation: Installation) -> ReleaseManifest:
    return current_manifest(installation.settings)


@pytest.fixture(scope="module")
def marts(manifest: ReleaseManifest) -> Iterator[duckdb.DuckDBPyConnection]:
    """The released file, whole and read-only, with the marts in sight."""
    with duckdb.connect(manifest.path, read_only=True) as connection:
        connection.execute("set search_path = 'marts'; set timezone = 'UTC'")
        yield connection


def as_text(row: tuple[object, ...]) -> tuple[str | None, ...]:
    return tuple(None if value is None else str(value) for value in row)


class TestCompliance:
    @pytest.mark.requirement("US-TC017")
    def test_rules_and_marts_agree_on_every_required_training_of_every_organization(
        self, installation: Installation, manifest: ReleaseManifest, marts: duckdb.DuckDBPyConnection
    ) -> None:
        on = manifest.as_of.date()
        live: set[tuple[str | None, ...]] = set()
        with read_only_session(installation.engine) as session:
            for organization_id in session.scalars(select(Organization.id)):
                for row in required_trainings(load_facts(session, organization_id), on=on):
                    live.add(as_text(tuple(getattr(row, name) for name in STANDING)))
        found = {
            as_text(row) for row in marts.execute(f"select {', '.join(STANDING)} from fct_required_training").fetchall()
        }
        assert len(found) > 5_000
        assert sorted(live - found, key=str)[:5] == []
        assert sorted(found - live, key=str)[:5] == []
        statuses = {row[STANDING.index("status")] for row in found}
        assert statuses == {"exempted", "completed", "overdue", "in_progress", "pending"}

    @pytest.mark.parametrize("part", ["person", "category", "organization"])
    def test_totals_are_the_sum_of_their_parts(self, marts: duckdb.DuckDBPyConnection, part: str) -> None:
        """Every required training counts once in each breakdown that covers all of them."""
        sums = ", ".join(f"sum({count}_count)::bigint" for count in COUNTS)
        # Where nothing is required there need be no parts.
        by_part = (
            f"select organization_id, {sums} from compliance_by_{part} group by all having sum(required_count) > 0"
        )
        totals = ", ".join(f"{count}_count" for count in COUNTS)
        total = f"select organization_id, {totals} from compliance_by_organization where required_count > 0"
        difference = marts.execute(f"({by_part} except {total}) union all ({total} except {by_part})").fetchall()
        assert difference == []
        statuses = ", ".join(
            f"count(*) filter (where status = '{status}')"
            for status in ("exempted", "completed", "in_progress", "pending", "overdue")
        )
        counted = f"select organization_id, count(*), {statuses} from fct_required_training group by all"
        kept = "select organization_id, " + ", ".join(f"{count}_count" for count in COUNTS[:6])
        assert marts.execute(f"{counted} except {kept} from compliance_by_organization").fetchall() == []

    def test_teams_sum_up_to_their_organization(self, marts: duckdb.DuckDBPyConnection) -> None:
        """People without a team are a part of their own, so that nobody is left out."""
        difference = marts.execute(
            "select organization_id, sum(required_count), sum(overdue_count) from compliance_by_team group by all "
            "except select organization_id, required_count, overdue_count from compliance_by_organization"
        ).fetchall()
        assert difference == []

    def test_the_trend_ends_at_the_present_figure_and_has_a_year_behind_it(
        self, marts: duckdb.DuckDBPyConnection, manifest: ReleaseManifest
    ) -> None:
        columns = [f"{name}_count" for name in TREND_COUNTS]
        now, then = (", ".join(f"{mart}.{column}" for column in columns) for mart in ("now", "trend"))
        query = f"""
            select now.organization_id from compliance_by_organization as now
            left join compliance_trend as trend
              on trend.organization_id = now.organization_id and trend.as_of_on = $today
            where now.required_count > 0 and ({now}) is distinct from ({then})
        """
        assert marts.execute(query, {"today": manifest.as_of.date()}).fetchall() == []
        days = [row[0] for row in marts.execute("select distinct as_of_on from compliance_trend order by 1").fetchall()]
        assert len(days) == 14
        assert all(earlier < later for earlier, later in pairwise(days))


class TestApi:
    def test_the_api_tells_what_the_marts_hold(
        self, installation: Installation, manifest: ReleaseManifest, marts: duckdb.DuckDBPyConnection
    ) -> None:
        for manager in installation.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[:3]:
            organization_id = manager.organization_id
            path = f"/v1/organizations/{organization_id}/training/compliance"
            told = rows_of(installation.call("GET", path, installation.token(manager.person_id)))
            mart = marts.execute(
                "select required_count, completed_count, in_progress_count, overdue_count, exempted_count, "
                "round(100 * compliance_rate, 1), expiring_30_days_count, expired_count "
                "from compliance_by_organization where organization_id = $id",
                {"id": organization_id},
            ).fetchone()
            assert mart == tuple(
                told[name]
                for name in (
                    *("total_required_trainings", "completed_trainings", "in_progress_trainings"),
                    *("overdue_trainings", "exempted_trainings", "compliance_rate"),
                    *("expiring_certifications_30_days", "expired_certifications"),
                )
            )
            assert (told["ledger_size"], told["root_hash"]) == (manifest.ledger_size, manifest.root_hash)
            overdue = marts.execute(
                "select count(distinct person_id) from fct_required_training "
                "where organization_id = $id and status = 'overdue'",
                {"id": organization_id},
            ).fetchone()
            employees = told["employees_with_overdue"]
            assert isinstance(employees, list)
            assert overdue == (len(employees),)

    def test_health_says_that_the_figures_are_level_with_the_ledger(
        self, installation: Installation, manifest: ReleaseManifest
    ) -> None:
        health = rows_of(installation.call("GET", "/health"))
        assert (health["database"], health["lag_entries"], health["pending_count"]) == ("ok", 0, 0)
        assert (health["figures_ledger_size"], health["figures_root_hash"]) == (
            manifest.ledger_size,
            manifest.root_hash,
        )


class TestWalkBack:
    def test_the_release_rests_on_a_root_that_all_its_entries_have(
        self, installation: Installation, manifest: ReleaseManifest
    ) -> None:
        with read_only_session(installation.engine) as session:
            checkpoint = checkpoint_at(session, manifest.ledger_size)
            leaves = session.execute(
                select(LedgerLeaf.leaf_index, LedgerLeaf.leaf_hash)
                .where(LedgerLeaf.leaf_index < manifest.ledger_size)
                .order_by(LedgerLeaf.leaf_index)
            ).all()
        assert [leaf.leaf_index for leaf in leaves] == list(range(manifest.ledger_size))
        root = Frontier().extend(leaf.leaf_hash for leaf in leaves).root()
        assert checkpoint is not None
        assert root.hex() == checkpoint.root_hash.hex() == manifest.root_hash

    @pytest.mark.parametrize("mart", WALKED_MARTS)
    def test_a_figure_leads_to_the_entry_that_shaped_it(
        self, installation: Installation, marts: duckdb.DuckDBPyConnection, manifest: ReleaseManifest, mart: str
    ) -> None:
        """The entry's bytes, put together anew, have the hash that the root is made of."""
        person = WALKED_MARTS[mart] or "null::uuid"
        sample = marts.execute(
            f"select leaf_index, {person} from {mart} where leaf_index is not null order by hash(leaf_index) limit 20"
        ).fetchall()
        assert len(sample) > 3
        assert marts.execute(f"select max(leaf_index) < {manifest.ledger_size} from {mart}").fetchone() == (True,)
        with read_only_session(installation.engine) as session:
            for leaf_index, person_id in sample:
                leaf = session.get_one(LedgerLeaf, leaf_index)
                event = session.get_one(LedgerEvent, leaf.event_id)
                entry = entry_bytes(
                    event.id,
                    event.kind,
                    event.version,
                    event.subject_id,
                    event.organization_id,
                    event.occurred_at,
                    event.recorded_at,
                    event.body,
                )
                assert leaf_hash(entry) == leaf.leaf_hash
                if isinstance(person_id, UUID):
                    assert event.subject_id == person_id
