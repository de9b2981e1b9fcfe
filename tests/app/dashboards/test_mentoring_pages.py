"""Pages of mentoring on the hand-made figures and on made-up views: right counts, next steps, nobody else's people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import polars as pl
import pytest

from app.dashboards.charts.mentoring import ratings_by_month, requests_by_month
from app.dashboards.charts.models import gains, reliability
from app.dashboards.components.mentoring_profile import lines_of
from app.dashboards.components.mentoring_programme import programme_answer
from app.dashboards.components.mentorships import mentorships_answer, other_name, status_code
from app.dashboards.queries import mentoring
from app.dashboards.queries.listing import count_rows, rows
from operational_db.mentorship.views import MentorshipView
from operational_db.releases.reader import ScopedWarehouse
from operational_db.releases.scope import Scope
from operational_db.types import MentorshipSide, MentorshipStatus, MentorshipType
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, metrics, texts

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
ASKED = MentorshipView(
    mentorship_id=uuid4(),
    mentor_id=uuid4(),
    mentor_name="Vera",
    mentee_id=uuid4(),
    mentee_name="Max",
    my_side=MentorshipSide.MENTOR,
    mentorship_type=MentorshipType.GENERAL,
    status=MentorshipStatus.PENDING,
    goals=(),
    duration_months=6,
    message="",
    requested_at=NOW,
    expires_at=NOW + timedelta(days=14),
    answered_at=None,
    asked_side=MentorshipSide.MENTOR,
    proposed_by_id=None,
    decline_reason=None,
    decline_note=None,
    started_at=None,
    expected_end_on=None,
    next_session_at=None,
    ended_at=None,
    end_reason=None,
    end_note=None,
    session_count=0,
    session_minutes=0,
)
RUNNING = replace(ASKED, status=MentorshipStatus.ACTIVE, started_at=NOW, open_action_count=2)


@pytest.fixture
def company(open_figures: Callable[[Scope], ScopedWarehouse]) -> ScopedWarehouse:
    """The figures as the company's mentoring page opens them."""
    own = frozenset({figures.COMPANY})
    return open_figures(Scope(company_ids=own, mentoring_ids=own))


class TestProgramme:
    def test_totals_count_this_company_only(self, company: ScopedWarehouse) -> None:
        found = mentoring.totals(company, today=figures.TODAY)
        assert (found.requested_count, found.pending_count, found.active_count, found.completed_count) == (8, 1, 3, 2)
        assert found.ended_early_count == 1
        assert (found.year_answered_count, found.year_accepted_count) == (7, 6)
        assert (found.year_ended_count, found.year_completed_count) == (3, 2)
        assert programme_answer(found).startswith("3 mentorships are running; 67")

    @pytest.mark.parametrize(
        ("state", "count"),
        [("All", 8), ("Running", 3), ("Completed", 2), ("Ended early", 1), ("Declined or unanswered", 1)],
    )
    def test_lists_hold_the_state_chosen(self, company: ScopedWarehouse, state: str, count: int) -> None:
        assert count_rows(company, mentoring.mentorships(state=state)) == count

    @pytest.mark.parametrize("sort", mentoring.MENTORSHIP_SORTS)
    def test_every_order_holds_everybody(self, company: ScopedWarehouse, sort: str) -> None:
        found = rows(company, mentoring.mentorships(state="All"), sort=sort)
        assert found.height == 8
        assert "active" not in found["status"]

    def test_the_search_finds_either_name(self, company: ScopedWarehouse) -> None:
        name = figures.name_of(figures.PEOPLE[5])
        assert count_rows(company, mentoring.mentorships(state="All", search=name)) == 1

    def test_mentors_are_listed_by_load(self, company: ScopedWarehouse) -> None:
        assert rows(company, mentoring.loads(), sort="Fullest first")["active_count"].to_list() == [2, 1]

    @pytest.mark.requirement("US-TC009")
    def test_the_page_says_it(self, visit: Visit) -> None:
        app = visit.open("manager", "company/mentoring")
        assert "3 mentorships are running" in texts(app)
        assert metrics(app)["Running"] == "3"
        assert "6 of 8 requests of the last twelve months were accepted" in texts(app)

    def test_who_may_not_look_is_told_whom_to_ask(self, visit: Visit) -> None:
        said = texts(visit.open("supervisor", "company/mentoring"))
        assert "Mentoring is looked after by the organization's managers." in said

    def test_a_school_without_mentorships_is_told_how_it_begins(self, visit: Visit) -> None:
        assert "There is no mentorship of your people yet." in texts(visit.open("school", "school/mentoring"))


class TestCharts:
    def test_months_add_up_to_their_requests(self, company: ScopedWarehouse) -> None:
        chart = requests_by_month(mentoring.funnel(company, today=figures.TODAY))
        for number in range(2):
            assert sum(trace.y[number] for trace in chart.figure.data) == 4

    def test_few_ratings_wait_until_there_are_enough(self, company: ScopedWarehouse) -> None:
        chart = ratings_by_month(mentoring.satisfaction(company, today=figures.TODAY))
        assert [len(trace.x or ()) for trace in chart.figure.data] == [1, 0]
        assert "Mentees give 4.5 of 5 stars (6 ratings)" in chart.finding

    def test_no_rating_at_all_is_said(self) -> None:
        empty = pl.DataFrame(
            schema={
                "month": pl.Date,
                "side": pl.String,
                "rating_count": pl.Int64,
                "period_rating_count": pl.Int64,
                "average_rating": pl.Float64,
            }
        )
        assert ratings_by_month(empty).finding.startswith("0 ratings")

    def test_reliability_counts_the_groups_that_hold(self) -> None:
        curve = [
            {"predicted": 0.2, "observed": 0.25, "low": 0.15, "high": 0.35, "count": 40.0},
            {"predicted": 0.8, "observed": 0.5, "low": 0.4, "high": 0.6, "count": 40.0},
        ]
        assert reliability(curve).finding.startswith("In 1 of 2 groups")
        assert "too few requests" in reliability([]).finding

    def test_gains_stand_with_their_interval(self) -> None:
        chart = gains([{"label": "a", "value": 0.1, "low": 0.05, "high": 0.2}], "Gain", "It gained.")
        (points, *_) = chart.figure.data
        assert points.error_x.array[0] == pytest.approx(0.1)
        assert points.error_x.arrayminus[0] == pytest.approx(0.05)


class TestMine:
    def test_who_waits_comes_first(self) -> None:
        assert mentorships_answer([RUNNING, ASKED]) == "Max waits for your answer."
        assert mentorships_answer([ASKED, ASKED]) == "Max and 1 other wait for your answer."

    def test_then_what_runs_with_its_tasks(self) -> None:
        assert mentorships_answer([RUNNING]) == "1 mentorship is running; 2 tasks are open."
        assert mentorships_answer([]) == "You have no mentorship at present."

    def test_ones_own_request_waits_for_the_other(self) -> None:
        mine = replace(ASKED, my_side=MentorshipSide.MENTEE)
        assert mentorships_answer([mine]) == "1 request of yours waits for an answer."
        assert other_name(mine) == "Vera"
        assert other_name(ASKED) == "Max"

    def test_a_running_one_is_no_valid_certificate(self) -> None:
        assert status_code(RUNNING) == "running"
        assert status_code(ASKED) == "pending"

    def test_lines_are_what_says_something(self) -> None:
        assert lines_of(" one \n\n two\n") == ["one", "two"]
        assert lines_of(None) == []
