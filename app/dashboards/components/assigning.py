"""The two forms of the assignments page: assign what is missing, and exempt. The services decide what is allowed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import actions, session
from app.dashboards.components.filters import choose_id
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import write
from app.dashboards.components.tables import Column, show_table
from app.dashboards.formats import to_day, to_number, to_plural
from app.dashboards.queries import assignments, company, people
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.compliance.views import MissingPerson
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission

DEFAULT_DUE = timedelta(days=30)
DEFAULT_EXEMPTION = timedelta(days=90)
REVIEWING = "assign_reviewing"
MISSING_COLUMNS = (
    Column("display_name", "Person"),
    Column("status", "Status", "status"),
    Column("due_on", "Due", "date"),
    Column("team_name", "Team"),
    Column("has_open_assignment", "Has it to do", "flag"),
)


def _may(viewer: Viewer, permission: Permission, what: str) -> bool:
    if viewer.principal.can(permission, viewer.organization_id):
        return True
    say_empty(f"Your role may look, but not {what}.", "Ask a manager of the organization.")
    return False


def _choose_requirement(viewer: Viewer, key: str) -> tuple[UUID, str] | None:
    found = viewer.load(assignments.requirements)
    if found.is_empty():
        say_empty("No requirement is in force.", "Set one to see who lacks it.")
        return None
    titles = dict(found.select("required_training_id", "title").iter_rows())
    chosen = choose_id("Required training", titles, any_label="Choose a required training", key=key)
    if chosen is None:
        lines = [
            f"- {row['title']}: {to_plural(row['lacking_count'], 'person lacks', 'people lack')} it, "
            f"{to_number(row['overdue_count'])} overdue"
            for row in found.iter_rows(named=True)
            if row["lacking_count"]
        ]
        st.markdown("\n".join(lines))
        st.caption("Counts are as of the figures above; who is listed after a choice is read at that moment.")
        return None
    return UUID(chosen), str(found.filter(pl.col("required_training_id") == chosen)["title"].item())


def show_assign_missing(viewer: Viewer) -> None:
    """Choose a requirement, see who lacks it now, leave somebody out, review, and assign."""
    if not _may(viewer, Permission.ASSIGN_TRAINING, "assign training"):
        return
    chosen = _choose_requirement(viewer, "assign_requirement")
    if chosen is None or viewer.organization_id is None:
        return
    engine = session.installation().engine
    try:
        missing = actions.find_missing(engine, viewer.principal, viewer.organization_id, chosen[0], clock.today())
    except DomainError as error:
        st.error(f"{error.message} The other pages go on working from the last figures.", icon=":material/error:")
        return
    if not missing:
        say_empty(f"Nobody lacks “{chosen[1]}” at this moment.", "There is nothing to assign.")
        return
    reachable = [person for person in missing if not person.has_open_assignment]
    labels = {_label(person, missing): person.person_id for person in reachable}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        left_out = st.multiselect("Leave out", list(labels), key="assign_left_out", placeholder="Nobody")
        due_on = st.date_input(
            "Due", clock.today() + DEFAULT_DUE, min_value=clock.today(), key="assign_due", format="YYYY-MM-DD"
        )
    _review(viewer, chosen, labels, left_out, due_on, len(missing) - len(reachable))
    st.markdown(f"**{to_plural(len(missing), 'person lacks', 'people lack')} it at this moment**")
    _show_missing(viewer, missing)


def _label(person: MissingPerson, among: Sequence[MissingPerson]) -> str:
    is_alone = sum(other.display_name == person.display_name for other in among) == 1
    return person.display_name if is_alone else f"{person.display_name} ({str(person.person_id)[-4:]})"


def _show_missing(viewer: Viewer, missing: Sequence[MissingPerson]) -> None:
    teams = viewer.load(company.teams)
    frame = pl.DataFrame(
        {
            "display_name": [person.display_name for person in missing],
            "status": [str(person.status) for person in missing],
            "due_on": [person.due_on for person in missing],
            "team_name": [teams.get(str(person.team_id)) for person in missing],
            "has_open_assignment": [person.has_open_assignment for person in missing],
        },
        schema_overrides={"due_on": pl.Date, "team_name": pl.String},
    )
    show_table(frame, MISSING_COLUMNS, viewer, key="assign_missing", alt="People who lack the required training now")


def _review(
    viewer: Viewer,
    chosen: tuple[UUID, str],
    labels: Mapping[str, UUID],
    left_out: Sequence[str],
    due_on: date | None,
    already_count: int,
) -> None:
    count = len(labels.keys() - set(left_out))
    note = f" {to_plural(already_count, 'person has', 'people have')} it to do already." if already_count else ""
    if not count:
        hint = "Clear “Leave out” to choose somebody." if left_out else "Their assignments are in the list below."
        say_empty(f"Nobody is left to assign “{chosen[1]}” to.{note}", hint)
        return
    if not st.session_state.get(REVIEWING):
        people_text = to_plural(count, "person", "people")
        st.button(
            f"Assign to {people_text}…", type="primary", key="assign_review", on_click=_set_reviewing, args=(True,)
        )
        if note:
            st.caption(note.strip())
        return
    st.warning(
        f"Assign “{chosen[1]}” to {to_plural(count, 'person', 'people')}, due {to_day(due_on)}? "
        f"Each gets an entry in the ledger; you can take it back.{note}",
        icon=":material/assignment_ind:",
    )
    with st.container(horizontal=True):
        st.button(
            "Assign",
            type="primary",
            key="assign_confirm",
            on_click=_assign,
            args=(viewer, chosen[0], labels),
        )
        st.button("Back", key="assign_back", on_click=_set_reviewing, args=(False,))


def _set_reviewing(value: bool) -> None:
    st.session_state[REVIEWING] = value


def _assign(viewer: Viewer, requirement_id: UUID, labels: Mapping[str, UUID]) -> None:
    """Whoever is not left out when the button is pressed, due on the day that stands there then."""
    organization_id, engine = viewer.organization_id, session.installation().engine
    left_out, due_on = st.session_state["assign_left_out"], st.session_state["assign_due"]
    person_ids = [person_id for label, person_id in labels.items() if label not in left_out]
    if organization_id is None:
        return
    st.session_state[REVIEWING] = not write(
        lambda: actions.assign(
            engine,
            viewer.principal,
            organization_id=organization_id,
            requirement_id=requirement_id,
            person_ids=person_ids,
            due_on=due_on,
            now=clock.now(),
        )
    )


def show_exempt(viewer: Viewer) -> None:
    """Choose a person and a requirement, say why and until when."""
    if not _may(viewer, Permission.EXEMPT_TRAINING, "exempt anybody"):
        return
    members = viewer.load(people.members)
    wanted = st.query_params.get("exempt_person")
    if wanted in members and "exempt_member" not in st.session_state:
        st.session_state["exempt_member"] = members[wanted]
    person_id = choose_id("Person", members, any_label="Choose a person", key="exempt_member")
    if person_id is None:
        return
    required = viewer.load(people.required_of, person_id=UUID(person_id)).filter(
        (pl.col("source") == "requirement") & ~pl.col("status").is_in(["completed", "exempted"])
    )
    if required.is_empty():
        say_empty("This person lacks nothing that could be exempted.", "Only what is required and not done can be.")
        return
    trainings = dict(zip(required["required_training_id"], required["title"], strict=True))
    with st.form("exempt_form"):
        training = st.selectbox(
            "Required training", list(trainings), format_func=trainings.__getitem__, key="exempt_training"
        )
        reason = st.text_area(
            "Reason",
            key="exempt_reason",
            max_chars=500,
            help="Kept with the exemption for auditors; it does not go into the ledger.",
        )
        ends_on = st.date_input(
            "Last day of the exemption",
            clock.today() + DEFAULT_EXEMPTION,
            min_value=clock.today(),
            key="exempt_ends",
            format="YYYY-MM-DD",
        )
        is_sent = st.form_submit_button("Exempt", type="primary", icon=":material/do_not_disturb_on:")
    if is_sent and viewer.organization_id is not None:
        organization_id, engine = viewer.organization_id, session.installation().engine
        write(
            lambda: actions.grant_exemption(
                engine,
                viewer.principal,
                organization_id=organization_id,
                person_id=UUID(person_id),
                person_name=members[person_id],
                requirement_id=UUID(training),
                training=trainings[training],
                reason=reason or "",
                ends_on=ends_on,
                now=clock.now(),
            )
        )
        st.rerun()
