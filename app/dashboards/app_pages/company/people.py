"""Company people: who lacks what? One row a person, one column for each required training."""

import streamlit as st

from app.dashboards.components.filters import choose, choose_id, fold, search_box, set_count
from app.dashboards.components.frame import answer, open_page, say_empty
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_number, to_plural, to_words
from app.dashboards.navigation import COMPANY_PEOPLE, COMPANY_PERSON
from app.dashboards.queries import company, people

SUBJECTS_SHOWN = 6
ANY_STATUS, ANY_CATEGORY = "Any status", "Any category"

viewer = open_page(COMPANY_PEOPLE)
subjects = viewer.load(people.required_subjects)
now = viewer.load(company.headline)
if now is not None:
    answer(
        f"{to_plural(now.people_overdue_count, 'person is', 'people are')} overdue, of {to_number(now.people_count)} "
        "with required training."
    )
else:
    say_empty("Nothing is required of anybody yet.", "The people are listed all the same.")

titles = {str(subject.subject_id): subject.title for subject in subjects}
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    search = search_box("Search by name", key="people_search")
    folded = fold(set_count("people_team", "people_category", "people_status", "people_trainings"))
with folded:
    team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="people_team")
    category_names = {code: to_words(code) for code in viewer.load(company.categories)}
    category = choose_id("Category", category_names, any_label=ANY_CATEGORY, key="people_category")
    status = choose("Status", [ANY_STATUS, *people.STATUS_FILTERS], key="people_status")
    wanted = st.multiselect(
        "Trainings shown",
        list(titles.values()),
        default=list(titles.values())[:SUBJECTS_SHOWN],
        key="people_trainings",
        bind="query-params",
        help="The most widely required ones are shown first; choose others here.",
    )
shown = [subject for subject in subjects if subject.title in wanted]
if len(shown) < len(subjects):
    st.caption(
        f"{to_number(len(shown))} of {to_number(len(subjects))} required trainings shown as columns; counts cover all."
    )

listing = people.people_listing(
    subjects=shown, today=viewer.today, search=search, team_id=team_id, category=category, status=status
)
columns = [
    Column("display_name", "Person"),
    Column("overdue_count", "Overdue", "number"),
    Column("next_due_on", "Next due", "date"),
    Column("done_share", "Done", "percent", help="Completed of required and not exempt"),
    *(Column(people.SUBJECT_COLUMN.format(i), subject.title, "status") for i, subject in enumerate(shown)),
    Column("team_name", "Team"),
    Column("roles", "Roles", "words"),
]
show_listing(
    viewer,
    listing,
    columns,
    key="people",
    noun=("person", "people"),
    empty=Empty("Nobody matches these filters.", "Choose another team, category or status, or clear the search."),
    opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
)
