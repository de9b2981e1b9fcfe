"""Security coverage: who is trained for the tracks of their persona, how fresh, and who is not."""

import streamlit as st

from app.dashboards.charts.security import coverage_by_track
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figure_evidence import with_evidence
from app.dashboards.components.figures import show_figures
from app.dashboards.components.filters import choose, choose_id, search_box
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.security import coverage_answer, coverage_figures
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.navigation import COMPANY_PERSON, SECURITY_COVERAGE, SECURITY_EXCEPTIONS, Area
from app.dashboards.queries import company, coverage, exceptions

viewer = open_page(SECURITY_COVERAGE)
tiers, tracks = viewer.load(coverage.by_tier), viewer.load(coverage.by_track)
if not tiers:
    say_empty(
        "Nobody here has a persona with a track yet.",
        "Give members a persona (engineer, operations, security, compliance and risk, partner) to see their tracks.",
    )
    st.stop()
answer(coverage_answer(tiers, tracks))
show_figures(with_evidence(viewer, coverage_figures(tiers, viewer.load(exceptions.counts)), area=Area.COMPANY))
st.page_link(SECURITY_EXCEPTIONS.path, label="See who has access without training", icon=SECURITY_EXCEPTIONS.icon)
show_chart(coverage_by_track(tracks, coverage.COVERAGE_TARGET), key="coverage_chart")

titles = dict(tracks.select("track", "title").iter_rows())
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    state = choose("State", list(coverage.STATES), key="coverage_state")
    track = choose_id("Track", titles, any_label=coverage.ANY_TRACK, key="coverage_track")
    team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="coverage_team")
    search = search_box("Search by name", key="coverage_search")
show_listing(
    viewer,
    coverage.people_listing(state=state, track=track, team_id=team_id, search=search, today=viewer.today),
    [
        Column("display_name", "Person"),
        Column("title", "Track"),
        Column("state", "State", "status"),
        Column("level", "Level", "words"),
        Column("valid_until", "Valid until", "date"),
        Column("days_left", "Days left", "number", help="Negative when it has lapsed"),
        Column("team_name", "Team"),
        Column("first_trained_on", "First trained", "date"),
    ],
    key="coverage",
    noun=("person and track", "people and tracks"),
    empty=Empty("Nobody matches these filters.", "Choose another state, track or team."),
    opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
)
