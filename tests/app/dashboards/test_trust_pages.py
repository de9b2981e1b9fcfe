"""The security, content and evidence pages on the hand-made figures: right numbers, the right people, nobody else's."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from operational_db.releases.manifest import CheckResult, ReleaseManifest
from operational_db.settings import Settings
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards import trust_figures as trust
from tests.app.dashboards.conftest import Visit, metrics, texts


def _rows(app: AppTest, number: int = 0) -> Any:  # pandas, untyped
    return app.dataframe[number].value


@pytest.mark.requirement("EMB-15")
class TestCoverage:
    def test_answers_with_share_numerator_and_denominator_of_each_track(self, visit: Visit) -> None:
        app = visit.open("manager", "security/coverage")
        assert "68\u202f% trained on their Core track: 15 of 22; lowest: Engineering core with 8 of 12." in texts(app)
        assert metrics(app) == {
            "Core trained": "68 %",
            "Advanced trained": "67 %",
            "Freshness": "175 days",
            "Ends in 30 days": "3",
            "Access without training": "4",
        }
        assert "3 of 3 tracks are below the target" in app.get("plotly_chart")[0].proto.alt

    @pytest.mark.parametrize(
        ("state", "count"),
        [("Not trained", 11), ("Expiring in 30 days", 3), ("Lapsed", 5), ("Trained", 23), ("All", 34)],
    )
    def test_people_behind_a_figure_come_from_the_address(self, visit: Visit, state: str, count: int) -> None:
        rows = _rows(visit.open("manager", "security/coverage", coverage_state=state))
        assert len(rows) == min(count, 25)
        assert "person_id" not in rows.columns

    def test_track_narrows_the_people(self, visit: Visit) -> None:
        app = visit.open("manager", "security/coverage", coverage_state="All", coverage_track="Operations core")
        assert set(_rows(app)["title"]) == {"Operations core"}
        assert len(_rows(app)) == 10

    def test_without_personas_it_says_what_to_do(self, visit: Visit) -> None:
        assert "Give members a persona" in texts(visit.open("other manager", "security/coverage"))


@pytest.mark.requirement("EMB-15")
class TestExceptions:
    def test_says_how_many_accesses_lack_training_and_why(self, visit: Visit) -> None:
        app = visit.open("manager", "security/exceptions")
        assert "4 accesses of 10 without the training the gate asks for; 1 of them waived for a time." in texts(app)
        assert metrics(app)["Covered by training"] == "60 %"
        rows = _rows(app)
        assert set(rows["display_name"]) == {figures.name_of(person) for person in figures.PEOPLE[2:6]}
        assert {cell[0] for cell in rows["reason"]} == {"✕ Never trained", "◔ Lapsed", "↺ Older version", "– Waived"}

    def test_a_reason_narrows_the_list(self, visit: Visit) -> None:
        rows = _rows(visit.open("manager", "security/exceptions", exceptions_reason="Lapsed"))
        assert list(rows["display_name"]) == [figures.name_of(trust.LAPSED)]
        assert list(rows["days"]) == [20]

    def test_another_company_sees_its_own_alone(self, visit: Visit) -> None:
        rows = _rows(visit.open("other manager", "security/exceptions"))
        assert list(rows["display_name"]) == [figures.name_of(figures.OTHER_PEOPLE[1])]


class TestGates:
    @pytest.mark.requirement("EMB-22")
    def test_tells_denied_from_what_a_dry_run_would_have_denied(self, visit: Visit) -> None:
        app = visit.open("manager", "security/gates")
        assert (
            "6 actions were stopped since 23 Oct 2026, of 30 decisions; a dry run would have stopped 6 more."
            in texts(app)
        )
        assert metrics(app) == {"Allowed": "18", "Denied": "6", "Would be denied": "6"}
        assert set(_rows(app, 0)["reason"]) == {"Never trained", "Outside window"}
        assert "30 decisions since 23 Oct 2026: 18 allowed" in app.get("plotly_chart")[0].proto.alt

    def test_an_outcome_narrows_the_decisions(self, visit: Visit) -> None:
        rows = _rows(visit.open("manager", "security/gates", gates_outcome="Would be denied"), 1)
        assert {cell[0] for cell in rows["outcome"]} == {"◔ Would be denied"}
        assert len(rows) == 6

    def test_rules_need_the_database_and_say_so(self, visit: Visit) -> None:
        app = visit.open("manager", "security/gates", gates_part="Rules")
        assert "The database cannot be reached" in app.error[0].value

    def test_another_company_sees_its_own_decisions(self, visit: Visit) -> None:
        assert metrics(visit.open("other manager", "security/gates")) == {
            "Allowed": "1",
            "Denied": "0",
            "Would be denied": "0",
        }


class TestIncidents:
    @pytest.mark.requirement("EMB-17")
    def test_counts_the_certified_as_known_then_and_as_known_now(self, visit: Visit) -> None:
        app = visit.open("manager", "security/incidents")
        assert "2 of 3 people involved in 1 incident were certified for its scope, as known at the time." in texts(app)
        assert metrics(app)["As known then"] == "67 %"
        assert metrics(app)["As known now"] == "33 %"

    def test_nothing_on_record_says_so(self, visit: Visit) -> None:
        assert "No incident with people involved is on record." in texts(
            visit.open("other manager", "security/incidents")
        )


class TestContent:
    def test_says_what_needs_somebody(self, visit: Visit) -> None:
        app = visit.open("manager", "content/lessons")
        assert "1 lesson teaches a policy that has changed, 0 are due for a refresh, 3 reviews wait." in texts(app)
        assert metrics(app) == {
            "Published": "2",
            "Open reviews": "3",
            "Refresh due": "0",
            "Flagged": "1",
            "Drafts": "0",
        }
        assert _rows(app)["title"].iloc[0] == "How we change production"
        (effect,) = _rows(app, 1).to_dict("records")
        assert (effect["taken_count"], effect["taken_without_next_share"]) == (4, 75)
        assert (effect["left_count"], effect["left_without_next_share"]) == (2, 50)

    def test_another_company_sees_what_the_platform_ships_and_nothing_of_ours(self, visit: Visit) -> None:
        app = visit.open("other manager", "content/lessons", content_state="All")
        assert set(_rows(app)["title"]) == {"Secure Data Export: Preventing Unauthorized Leakage"}

    def test_a_reviewer_meets_content_and_no_company_figures(self, visit: Visit) -> None:
        app = visit.open("reviewer", "content/lessons", content_state="All")
        assert set(_rows(app)["title"]) == {"Secure Data Export: Preventing Unauthorized Leakage"}
        assert "This page is for" in visit.open("reviewer", "security/coverage").warning[0].value


class TestEvidence:
    @pytest.mark.parametrize("page", ["export", "ledger", "verify"])
    def test_who_may_not_hand_out_evidence_is_refused(self, visit: Visit, page: str) -> None:
        for who in ("technician", "supervisor", "student", "product"):
            app = visit.open(who, f"evidence/{page}")
            assert "This page is for auditors" in app.warning[0].value

    def test_a_lost_database_is_said(self, visit: Visit) -> None:
        for page in ("export", "ledger"):
            assert "The database cannot be reached" in visit.open("auditor", f"evidence/{page}").error[0].value


class TestFreshnessLine:
    def test_figures_that_were_compared_are_verified_at_their_checkpoint(self, visit: Visit) -> None:
        said = texts(visit.open("manager", "company/overview"))
        assert "verified at checkpoint 1\u202f204\u202f551, 1 minute ago" in said

    @pytest.mark.parametrize(
        ("checks", "said"),
        [
            ((), "not verified against the ledger"),
            (
                (CheckResult("compliance_is_recomputed", False, False, "Overdue: 9 here, 10 there."),),
                "Overdue: 9 here, 10 there.",
            ),
        ],
    )
    def test_others_are_said_not_to_be(
        self,
        visit: Visit,
        released: tuple[Settings, ReleaseManifest],
        monkeypatch: pytest.MonkeyPatch,
        checks: tuple[CheckResult, ...],
        said: str,
    ) -> None:
        manifest = ReleaseManifest(**{**released[1].__dict__, "checks": checks})
        monkeypatch.setattr("app.dashboards.viewer.current_manifest", lambda _settings: manifest)
        assert said in texts(visit.open("manager", "company/overview"))


class TestAccessLog:
    @pytest.mark.requirement("EMB-16")
    def test_says_who_was_let_in_what_changed_and_what_left(self, visit: Visit) -> None:
        app = visit.open("auditor", "evidence/access_log", log_time="All time")
        assert "Evidence was exported 1 time and training waived 1 time on record." in texts(app)
        shown = app.dataframe[0].value
        assert list(zip(shown["entry"], shown["who"], shown["details"], strict=True)) == [
            ("Evidence exported", figures.name_of(figures.MANAGER), "organization, 12 records"),
            ("Person erased", "Erased person", ""),
            ("Gate rule ended", "All members", "version 2, until 16 Nov 2026"),
            ("Waiver ended", figures.name_of(figures.PEOPLE[3]), "without it from 11 Nov 2026"),
            (
                "Waiver granted",
                figures.name_of(figures.PEOPLE[3]),
                f"1 Nov 2026 to 14 Nov 2026, approved by {figures.name_of(figures.MANAGER)}",
            ),
            ("Access removed", figures.name_of(figures.PEOPLE[2]), "without it from 22 Oct 2026"),
            ("Access granted", figures.name_of(figures.PEOPLE[2]), "from 12 Oct 2026"),
            ("Gate rule set", "Everybody", "version 1, dry run from 5 May 2026"),
        ]

    def test_times_are_the_viewers_and_filters_live_in_the_address(self, visit: Visit) -> None:
        """The export was recorded at 14:05 UTC, which is 9:05 in New York."""
        app = visit.open("auditor", "evidence/access_log", log_kind="Evidence exported", log_time="30 days")
        shown = app.dataframe[0].value
        assert [f"{at:%d %b %H:%M}" for at in shown["occurred_at"]] == ["20 Nov 09:05"]
        assert "America/New_York" in texts(app)
        app = visit.open("auditor", "evidence/access_log", log_search="approved by")
        assert list(app.dataframe[0].value["entry"]) == ["Waiver granted"]

    def test_an_older_entry_is_not_in_a_shorter_time(self, visit: Visit) -> None:
        """Today is the last of the days: what is thirty days old lies before thirty days."""
        app = visit.open("auditor", "evidence/access_log", log_time="30 days", log_kind="Access")
        assert "Nothing matches." in app.info[0].value
        app = visit.open("auditor", "evidence/access_log", log_time="90 days", log_kind="Access")
        assert list(app.dataframe[0].value["entry"]) == ["Access removed", "Access granted"]

    @pytest.mark.parametrize("who", ["supervisor", "technician", "product"])
    def test_is_for_those_who_may_export_evidence(self, visit: Visit, who: str) -> None:
        assert "This page is for" in visit.open(who, "evidence/access_log").warning[0].value

    def test_another_company_sees_its_own_and_the_platforms(self, visit: Visit) -> None:
        app = visit.open("other manager", "evidence/access_log", log_time="All time")
        assert list(app.dataframe[0].value["details"]) == ["period, 3 records", "version 1, dry run from 5 May 2026"]
