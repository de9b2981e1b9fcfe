"""Figures by name: what each shows is what its page shows, and the entries behind it are those of its rows."""

from typing import Any

import pytest

from app.dashboards.queries import company as company_queries
from app.dashboards.queries import coverage, exceptions
from app.dashboards.queries import figures as figure_queries
from app.dashboards.queries import school as school_queries
from app.dashboards.queries.figures import COMPANY_FIGURES, FIGURES, SCHOOL_FIGURES, FigureEvidence
from operational_db.releases.reader import ScopedWarehouse
from tests.app.dashboards import release_fixture as figures

pytestmark = pytest.mark.requirement("EMB-16")
TODAY = figures.AS_OF.date()


def of_company(warehouse: ScopedWarehouse, figure: str) -> FigureEvidence:
    return figure_queries.evidence_of(warehouse, figure=figure, organization_id=str(figures.COMPANY), today=TODAY)


def of_school(warehouse: ScopedWarehouse, figure: str, **more: Any) -> FigureEvidence:
    return figure_queries.evidence_of(
        warehouse, figure=figure, organization_id=str(figures.SCHOOL), today=TODAY, **more
    )


def test_company_figures_show_what_the_pages_show(company: ScopedWarehouse) -> None:
    head = company_queries.headline(company)
    assert head is not None
    tiers = coverage.by_tier(company)
    shown = {
        "compliance": head.compliance_rate,
        "overdue": head.overdue_count,
        "due-soon": head.due_14_days_count,
        "expiring": head.expiring_30_days_count,
        "expired": head.expired_count,
        "core-trained": tiers["core"].rate,
        "advanced-trained": tiers["advanced"].rate,
        "access-without-training": sum(exceptions.counts(company).values()),
    }
    assert shown.keys() == COMPANY_FIGURES.keys()
    for name, value in shown.items():
        assert of_company(company, name).value == pytest.approx(value), name


def test_school_figures_show_what_the_page_shows_of_all_and_of_one_cohort(school: ScopedWarehouse) -> None:
    for cohort_on in (None, school_queries.cohorts(school)["cohort_on"][0]):
        totals = school_queries.totals(school, cohort_on=cohort_on)
        assert totals is not None
        shown = {
            "in-a-course": totals.active_count,
            "at-risk": school_queries.at_risk_count(school, as_of=TODAY, cohort_on=cohort_on),
            "completed": totals.completed_count / totals.ended_count if totals.ended_count else None,
            "dropped-or-failed": totals.dropped_count + totals.failed_count,
        }
        assert shown.keys() == SCHOOL_FIGURES.keys()
        for name, value in shown.items():
            found = of_school(school, name, cohort_on=cohort_on).value
            assert found == (None if value is None else pytest.approx(value)), (name, cohort_on)


def test_the_entries_are_those_of_the_rows_counted(company: ScopedWarehouse) -> None:
    rows = company.query("select leaf_index from fct_required_training where status = 'overdue'")["leaf_index"]
    found = of_company(company, "overdue")
    assert found.leaf_indexes == tuple(sorted(set(rows.to_list())))
    assert len(rows) == found.value


@pytest.mark.parametrize("figure", FIGURES)
def test_of_somebody_elses_organization_nothing_is_behind_it(school: ScopedWarehouse, figure: str) -> None:
    other = figure_queries.evidence_of(school, figure=figure, organization_id=str(figures.OTHER_COMPANY), today=TODAY)
    assert not other.value
    assert other.leaf_indexes == ()


def test_each_kind_of_organization_has_its_own_figures(company: ScopedWarehouse, school: ScopedWarehouse) -> None:
    assert figure_queries.figures_of(company, organization_id=str(figures.COMPANY)) is COMPANY_FIGURES
    assert figure_queries.figures_of(school, organization_id=str(figures.SCHOOL)) is SCHOOL_FIGURES
    assert figure_queries.figures_of(company, organization_id=str(figures.OTHER_COMPANY)) == {}
