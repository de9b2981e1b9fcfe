"""The answer of a crew check on the page: one big yes or no, who carries it, what is missing, and what to do next."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import polars as pl
import streamlit as st

from app.dashboards.chips import chip_of
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_day, to_parts, to_plural
from app.dashboards.viewer import Viewer
from operational_db.gates.crew import CrewReason
from operational_db.owners.views import CarryingCertificate, CrewAnswer, CrewPersonAnswer
from operational_db.types import GateOutcome

UNITS = (
    Column("name", "Unit"),
    Column("answer", "Answer", "status"),
    Column("missing", "What is missing"),
    Column("valid_until", "Holds until", "date"),
)
# A whole building may have many units: those that fail come first, and all of them are in the table.
MOST_PEOPLE = 30
NOBODY = "Nobody"


def show_verdict(answer: CrewAnswer, *, where: str, who: str) -> None:
    """Yes or no, in one word and one sentence."""
    day = to_day(answer.decision.work_on)
    if answer.is_qualified:
        st.markdown("## :green[:material/check_circle: Yes]")
        st.markdown(f"**{who} may work on {where} on {day}.** {answer.text}")
        if answer.decision.valid_until is not None:
            st.caption(f"The certificates that carry this hold through {to_day(answer.decision.valid_until)}.")
        if answer.decision.outcome is GateOutcome.DENY:
            st.warning(
                "A requirement that is only being tried (dry run) would say no. Nobody is stopped by it yet.",
                icon=":material/science:",
            )
        return
    st.markdown("## :red[:material/cancel: No]")
    verb = "may work" if who.startswith(NOBODY) else "may not work"
    st.markdown(f"**{who} {verb} on {where} on {day}.** {answer.text}")
    for text in dict.fromkeys(gap.text for gap in answer.gaps):
        st.markdown(f"- {text}")


def show_people(answer: CrewAnswer) -> None:
    """Per person the certificates that carry the answer, or what is missing; no more is told of anybody."""
    if not answer.people and answer.certificates:
        st.subheader("What carries it")
        _show_certificates(answer.certificates)
        return
    if not answer.people:
        return
    st.subheader("Person by person")
    for number, person in enumerate(answer.people[:MOST_PEOPLE], start=1):
        _show_person(person, number)
    if len(answer.people) > MOST_PEOPLE:
        st.caption(f"The first {to_parts(MOST_PEOPLE, len(answer.people))}; the proof holds all of them.")


def _show_person(person: CrewPersonAnswer, number: int) -> None:
    """The chip says whether she alone would do."""
    with st.container(border=True, gap="xsmall"):
        word = "Alone enough" if person.is_qualified else "Not alone"
        chip = chip_of("qualified" if person.is_qualified else "pending")
        st.markdown(
            f"**{person.display_name or f'Technician {number}'}** :{chip.color}-badge[:material/{chip.icon}: {word}]"
        )
        _show_certificates(person.certificates)
        for each in person.missing:
            why = f" ({str(each.reason).replace('_', ' ')})" if each.reason is not None else ""
            st.markdown(f":material/remove_circle: Missing: {each.certification_name}{why}")


def _show_certificates(certificates: Sequence[CarryingCertificate]) -> None:
    for each in certificates:
        until = f"through {to_day(each.expires_on)}" if each.expires_on else "without end"
        st.markdown(f":material/verified: {each.certification_name} · {each.issuing_organization} · valid {until}")


def show_units(viewer: Viewer, answer: CrewAnswer) -> None:
    """Unit by unit, when more than one was asked about; those that fail first."""
    if len(answer.units) < 2:
        return
    st.subheader("Unit by unit")
    met = sum(unit.is_qualified for unit in answer.units)
    st.caption(f"{to_parts(met, len(answer.units))} units: qualified. A unit without a requirement says so.")
    units = sorted(answer.units, key=lambda unit: (unit.is_qualified, unit.name))
    frame = pl.DataFrame(
        {
            "name": [unit.name for unit in units],
            "answer": [
                "no_requirement"
                if unit.reason is CrewReason.NO_RULE
                else "qualified"
                if unit.is_qualified
                else "not_qualified"
                for unit in units
            ],
            "missing": [", ".join(unit.missing) or None for unit in units],
            "valid_until": [unit.valid_until for unit in units],
        },
        schema={"name": pl.String, "answer": pl.String, "missing": pl.String, "valid_until": pl.Date},
    )
    show_frame(
        viewer, frame, UNITS, key="crew_units", alt="Units and whether the crew is qualified", empty=Empty("None.", "")
    )


def mail_to_contractor(answer: CrewAnswer, *, where: str, contractor: str | None) -> str:
    """A mail to be sent by the owner's own program: what is asked for, where and when; no names of people."""
    lines = [
        "Good day,",
        "",
        f"we checked who of your people may work on {where} on {to_day(answer.decision.work_on)}.",
        answer.text,
        *(f"- {text}" for text in dict.fromkeys(gap.text for gap in answer.gaps)),
        "",
        "Please tell us who else can come, or send us the certificates that are missing.",
        f"Our record of the check: {answer.decision_id}",
    ]
    subject = f"Crew for {where} on {to_day(answer.decision.work_on)}"
    if contractor:
        subject = f"{contractor}: {subject[0].lower()}{subject[1:]}"
    return "mailto:?" + urlencode({"subject": subject, "body": "\r\n".join(lines)}, quote_via=quote)


def crew_words(answer: CrewAnswer, contractor: str | None, named_count: int) -> str:
    """Who was asked about, as the subject of a sentence."""
    if named_count:
        of = f" of {contractor}" if contractor else ""
        return f"This crew of {to_plural(named_count, 'person', 'people')}{of}"
    company = contractor or "the contractor"
    carried = len({each.person_id for each in answer.certificates})
    if not answer.is_qualified:
        return f"{NOBODY} of {company}"
    return f"{to_plural(carried, 'person', 'people')} of {company}" if carried else f"{company[0].upper()}{company[1:]}"
