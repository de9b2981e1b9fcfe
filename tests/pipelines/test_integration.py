"""The whole road once with the real models: ledger, landing, dbt, release, scoped reader."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from operational_db.releases.manifest import current_manifest
from operational_db.releases.reader import open_scoped
from operational_db.releases.scope import MART_CUTS, Scope
from operational_db.releases.verification import verification_of
from operational_db.settings import Settings
from pipelines.refresh import refresh
from tests.pipelines.contents import release_contents
from tests.pipelines.history import add_news, write_history

# Says how far a build came, and so differs between building at once and building upon a release.
OF_THE_RUN = {"release_information"}


@pytest.mark.slow
@pytest.mark.requirement("PLT-03")
def test_building_upon_a_release_gives_what_building_everything_gives(
    committed_engine: Engine, settings: Settings, now: datetime
) -> None:
    """Then each viewer sees their part of every mart, and nobody a mart without a cut."""
    history = write_history(committed_engine)
    first = refresh(committed_engine, settings, now=now)
    assert first.release.row_counts.keys() == MART_CUTS.keys()
    add_news(committed_engine, history, number=10)
    add_news(committed_engine, history, number=11)
    later = now + timedelta(minutes=5)
    upon = refresh(committed_engine, settings, now=later)
    assert upon.plan is not None
    assert not upon.plan.is_full
    for release in (first.release, upon.release):
        assert verification_of(release).problems == ()
    by_increment = release_contents(settings)
    refresh(committed_engine, settings, now=later, full=True)
    at_once = release_contents(settings)
    for mart in sorted(at_once.keys() - OF_THE_RUN):
        assert by_increment[mart] == at_once[mart], mart

    manifest = current_manifest(settings)
    company = Scope(company_ids=frozenset({history.company_id}))
    school = Scope(school_ids=frozenset({history.school_id}))
    with open_scoped(manifest, company) as warehouse:
        assert warehouse.views == MART_CUTS.keys()
        assert warehouse.query("select count(*) as n from fct_attempt").item() == 8
        assert warehouse.query("select people_count from compliance_by_organization").item() == 6
        assert warehouse.query("select * from kpi_success_criteria").is_empty()
    with open_scoped(manifest, school) as warehouse:
        assert warehouse.query("select sum(enrolled_count)::int as n from school_progress").item() == 8
        assert warehouse.query("select * from compliance_by_person").is_empty()
    with open_scoped(manifest, Scope(can_view_kpis=True)) as warehouse:
        assert warehouse.query("select count(*) as n from kpi_success_criteria").item() == 8
        assert warehouse.query("select * from dim_person").is_empty()
