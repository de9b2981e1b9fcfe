"""The parts of the skills page: its figures, the matrix of people and kinds, and how deep each kind goes."""

from collections.abc import Sequence

import streamlit as st

from app.dashboards.charts.credentials import Depth, depth_by_kind
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Drill, Figure
from app.dashboards.components.filters import choose, choose_id, fold, search_box, set_count
from app.dashboards.components.tables import Column, Empty, Opens, show_listing
from app.dashboards.formats import to_number, to_parts, to_plural
from app.dashboards.navigation import COMPANY_PERSON
from app.dashboards.queries import company, skills
from app.dashboards.queries.skills import Kind
from app.dashboards.viewer import Viewer

KINDS_SHOWN = 6
MATRIX, DEPTH = "People and kinds", "How deep"


def skill_answer(kinds: Sequence[Kind]) -> str:
    """Where the company hangs on one person, and what it lacks."""
    alone = sum(kind.is_one_deep for kind in kinds)
    lacking = sum(kind.short_count for kind in kinds)
    hangs = to_plural(alone, "kind of certificate hangs", "kinds of certificate hang") if alone else "No kind hangs"
    needed = to_plural(lacking, "certificate that is required is", "certificates that are required are")
    return f"{hangs} on one person, of {to_number(len(kinds))}; {needed} not held."


def skill_figures(kinds: Sequence[Kind]) -> list[Figure]:
    """What leads to the people and kinds behind it."""
    alone = sum(kind.is_one_deep for kind in kinds)
    required, short = sum(kind.required_count for kind in kinds), sum(kind.short_count for kind in kinds)
    held = sum(kind.holder_count for kind in kinds)

    def depth(which: str) -> Drill:
        return Drill(None, "Which", {"skills_part": DEPTH, "skills_depth": which})

    def people(status: str) -> Drill:
        return Drill(None, "Who", {"skills_part": MATRIX, "skills_status": status})

    return [
        Figure("Held", to_number(held), f"valid certificates of {to_plural(len(kinds), 'kind')}"),
        Figure(
            "One person deep", to_number(alone), f"of {to_plural(len(kinds), 'kind')}", drill=depth("One person deep")
        ),
        Figure(
            "Required and lacking",
            to_number(short),
            f"{to_parts(required - short, required)} that are required are held",
            drill=people("Lacks what is required"),
        ),
        Figure(
            "Ending in 90 days",
            to_number(sum(kind.expiring_90_days_count for kind in kinds)),
            f"of {to_number(held)} valid ones",
            drill=people("Ending in 90 days"),
        ),
    ]


def show_matrix(viewer: Viewer, kinds: Sequence[Kind]) -> None:
    """One row a person, one column a kind, chips where they meet."""
    names = {kind.certification_id: kind.name for kind in kinds}
    labels = {_label(kind, kinds): kind for kind in kinds}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        search = search_box("Search by name", key="skills_search")
        folded = fold(set_count("skills_team", "skills_status", "skills_kinds"))
    with folded:
        team_id = choose_id("Team", viewer.load(company.teams), any_label="All teams", key="skills_team")
        status = choose("People", list(skills.STATUS_FILTERS), key="skills_status")
        wanted = st.multiselect(
            "Kinds shown",
            list(labels),
            default=list(labels)[:KINDS_SHOWN],
            key="skills_kinds",
            bind="query-params",
            help="The most widely required ones are shown first; choose others here.",
        )
    shown = [kind for label, kind in labels.items() if label in wanted]
    if len(shown) < len(names):
        st.caption(f"{to_number(len(shown))} of {to_number(len(names))} kinds shown as columns; counts cover all.")
    show_listing(
        viewer,
        skills.matrix(shown=shown, status=status, team_id=team_id, search=search),
        [
            Column("display_name", "Person"),
            Column("held_count", "Held", "number"),
            Column("lacking_count", "Lacking", "number", help="Required and not held"),
            *(
                Column(skills.KIND_COLUMN.format(number), _label(kind, kinds), "status")
                for number, kind in enumerate(shown)
            ),
            Column("next_expiry_on", "Next ends", "date"),
            Column("team_name", "Team"),
        ],
        key="skills",
        noun=("person", "people"),
        empty=Empty("Nobody matches these filters.", "Choose another team or status, or clear the search."),
        opens=Opens(COMPANY_PERSON, "person_id", "person", "record"),
    )


def show_depth(viewer: Viewer, kinds: Sequence[Kind]) -> None:
    """How many hold each kind, the thinnest first, with the one person where it hangs on one."""
    show_chart(
        depth_by_kind([Depth(kind.name, kind.holder_count, kind.short_count) for kind in kinds]), key="skills_chart"
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        which = choose("Kinds", list(skills.DEPTHS), key="skills_depth")
        search = search_box("Search by kind", key="skills_kind")
    show_listing(
        viewer,
        skills.depth(which=which, search=search),
        [
            Column("name", "Kind"),
            Column("holder_count", "Held by", "number"),
            Column("holder", "The one person"),
            Column("next_expiry_on", "Next ends", "date"),
            Column("required_count", "Required of", "number"),
            Column("short_count", "Lacking", "number", help="Required and not held"),
            Column("expiring_90_days_count", "Ending in 90 days", "number"),
        ],
        key="skills_depths",
        noun=("kind", "kinds"),
        empty=Empty("No kind matches.", "Choose others, or clear the search."),
    )


def _label(kind: Kind, among: Sequence[Kind]) -> str:
    is_alone = sum(other.name == kind.name for other in among) == 1
    return kind.name if is_alone else f"{kind.name} ({kind.certification_id[-4:]})"
