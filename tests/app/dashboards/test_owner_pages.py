"""A building owner's pages on the hand-made figures: what is uncovered, by whom, and nothing of another owner."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from operational_db.settings import Settings
from tests.app.dashboards import owner_figures as owners
from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.conftest import Visit, metrics, texts


def _rows(app: AppTest, number: int = 0) -> Any:  # pandas, untyped
    return app.dataframe[number].value


@pytest.mark.requirement("OWN-02", "US-TC028")
class TestBuildings:
    def test_says_where_nobody_qualifies_and_on_how_many_units(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/buildings")
        assert "1 of 4 buildings are uncovered: 2 units where none of your contractors' people qualifies." in texts(app)
        assert metrics(app) == {
            "Requirements covered": "60 %",
            "Uncovered buildings": "1",
            "Visits at risk": "1",
            "Nothing required": "1",
            "Units": "5",
        }
        assert "3 of 5, each counted once a unit" in texts(app).replace("\u202f", " ")

    def test_the_map_has_its_finding_in_words_and_tells_what_is_not_on_it(self, visit: Visit) -> None:
        alt = visit.open("owner", "owner/buildings").get("plotly_chart")[0].proto.alt
        assert "1 of 3 buildings on the map are uncovered" in alt
        assert "1 building has no coordinates and is in the list alone." in alt

    @pytest.mark.parametrize(
        ("state", "names"),
        [
            ("All", {"Harbour Tower", "Market Plaza", "Old Arcade", "Station Works"}),
            ("Uncovered", {"Harbour Tower"}),
            ("Covered", {"Market Plaza", "Station Works"}),
            ("No requirement", {"Old Arcade"}),
            ("Visit in 30 days, uncovered", {"Harbour Tower"}),
        ],
    )
    def test_coverage_narrows_the_list(self, visit: Visit, state: str, names: set[str]) -> None:
        rows = _rows(visit.open("owner", "owner/buildings", buildings_state=state))
        assert set(rows["name"]) == names
        assert "building_id" not in rows.columns

    def test_district_and_search_narrow_the_list_and_the_map(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/buildings", buildings_district="Market", buildings_search="plaza")
        assert list(_rows(app)["name"]) == ["Market Plaza"]
        assert "1 building on the map, none of them uncovered." in app.get("plotly_chart")[0].proto.alt

    def test_another_owner_sees_its_own_alone(self, visit: Visit) -> None:
        assert list(_rows(visit.open("other owner", "owner/buildings"))["name"]) == ["Elsewhere House"]


class TestBuilding:
    def test_shows_its_units_with_their_coverage(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/building", building=str(owners.BUILDINGS[0]))
        assert "Uncovered: for 2 of 2 units nobody of your contractors meets a requirement." in texts(app)
        rows = _rows(app)
        assert list(rows["name"]) == ["Elevator 1", "Elevator 2"]
        assert [cell[0] for cell in rows["coverage"]] == ["✕ Uncovered", "✕ Uncovered"]
        assert list(rows["required_count"]) == [2, 1]

    @pytest.mark.parametrize("building", [str(owners.OTHER_BUILDING), "nothing", ""])
    def test_a_building_of_somebody_else_is_as_unknown_as_none(self, visit: Visit, building: str) -> None:
        app = visit.open("owner", "owner/building", building=building)
        assert "No building with this address is among yours." in texts(app)
        assert not app.dataframe


@pytest.mark.requirement("OWN-03", "US-TC029")
class TestContractors:
    def test_shows_coverage_hours_spend_and_what_hangs_on_one(self, visit: Visit) -> None:
        said = texts(visit.open("owner", "owner/contractors")).replace("\u202f", " ")
        assert "1 contractor covers 67 % of what you ask of them (4 of 6)" in said
        assert "at 1 of them something hangs on one person" in said
        for line in (
            "Hours a technician: **18.0**",
            "Spend a technician: **250 USD**",
            "Certificates in date: **90 %**",
        ):
            assert line in said

    def test_compares_with_others_by_shares_alone(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/contractor", contractor=str(figures.COMPANY))
        said = texts(app).replace("\u202f", " ")
        assert "as much as or more than 80 % of other contractors" in said
        assert "Quiet Elevators" not in said

    def test_with_too_few_contractors_nothing_is_compared_and_it_says_why(self, visit: Visit) -> None:
        said = texts(visit.open("other owner", "owner/contractors"))
        assert "with fewer than 5 contractors known, a comparison would give single ones away" in said

    def test_a_contractor_of_somebody_else_is_as_unknown_as_none(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/contractor", contractor=str(figures.OTHER_COMPANY))
        assert "No contractor of yours has this address." in texts(app)
        assert not app.metric

    def test_without_the_database_the_answers_stay_and_the_rules_words_are_missed(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/contractor", contractor=str(figures.COMPANY))
        assert "What each rule asks cannot be read now." in app.warning[0].value
        assert [cell[0] for cell in _rows(app)["state"]] == ["✕ Uncovered", "◔ Hangs on one"]


class TestUnits:
    def test_kind_narrows_the_units(self, visit: Visit) -> None:
        app = visit.open("owner", "owner/equipment", equipment_type="Escalator")
        assert "5 units in use on record, of 2 kinds; the most common: Passenger elevator." in texts(app)
        assert list(_rows(app)["name"]) == ["Elevator 5"]
        assert list(_rows(app)["manufacturer_name"]) == ["Otis"]


class TestWithoutTheDatabase:
    @pytest.mark.parametrize("page", ["crew_check", "requirements", "visits"])
    def test_what_needs_the_records_says_so(self, visit: Visit, page: str) -> None:
        assert "The database cannot be reached" in visit.open("owner", f"owner/{page}").error[0].value


def test_figures_made_before_buildings_were_counted_say_so(
    visit: Visit, released: tuple[Settings, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dashboards.queries.buildings.NEEDED_VIEWS", frozenset({"a_mart_of_tomorrow"}))
    app = visit.open("owner", "owner/buildings")
    assert "The figures were made before buildings and contractors were counted." in texts(app)
    assert not app.metric
