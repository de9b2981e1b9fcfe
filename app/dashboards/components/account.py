"""Signing in and out: local choices as plain forms to the server, or the identity provider where one is configured."""

from html import escape
from uuid import UUID

import streamlit as st

from app.context import AppContext
from app.dashboards.formats import to_words
from app.dashboards.session import SignedIn
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import DatabaseUnavailableError
from operational_db.identity.service import people_by_role
from operational_db.identity.views import SignInChoice
from operational_db.types import Role

PEOPLE_PER_ROLE = 150
PEOPLE_SHOWN = 6
ROLE_ORDER = (
    Role.COMPANY_MANAGER,
    Role.SCHOOL_ADMIN,
    Role.PRODUCT_TEAM,
    Role.TECHNICIAN,
    Role.STUDENT,
    Role.SUPERVISOR,
    Role.INSTRUCTOR,
    Role.AUDITOR,
    Role.PLATFORM_ADMIN,
    Role.MENTOR,
    Role.BUILDING_OWNER,
    Role.CONTENT_REVIEWER,
)
ROLE_COMES_FOR = {
    Role.COMPANY_MANAGER: "who is out of compliance, what lapses next, what to assign",
    Role.SUPERVISOR: "how the crew stands",
    Role.SCHOOL_ADMIN: "which students are on track and where they fall behind",
    Role.INSTRUCTOR: "how the courses go",
    Role.PRODUCT_TEAM: "whether the targets are reached",
    Role.PLATFORM_ADMIN: "imports and the state of the machine",
    Role.AUDITOR: "compliance and records, to read only",
    Role.TECHNICIAN: "own training and certificates",
    Role.STUDENT: "own courses and certificates",
    Role.MENTOR: "own training and certificates, and whom to mentor",
    Role.BUILDING_OWNER: "whether a crew may work on a unit, and which contractors train",
    Role.CONTENT_REVIEWER: "lessons and policies that wait for review",
}
_BUTTON = (
    "width:100%;text-align:left;padding:.7rem .9rem;cursor:pointer;font:inherit;color:inherit;background:transparent;"
    "border:1px solid color-mix(in srgb, currentColor 45%, transparent);border-radius:.5rem"
)
_LINK = "padding:0;cursor:pointer;font:inherit;color:inherit;background:transparent;border:0;text-decoration:underline"


def show_sign_in(context: AppContext, next_path: str) -> None:
    """Everything somebody who is not signed in sees; `next_path` is where they wanted to go."""
    st.title("SiteSync Training & Certification")
    if context.is_oidc_configured:
        st.markdown("Sign in with your organization's account to see your figures.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login, key="sign_in_oidc")
        return
    st.markdown("#### Whose work do you want to see?")
    st.caption(
        "This installation has no identity provider, so it offers the people of its simulated industry. "
        "Nobody real can be chosen here."
    )
    try:
        with read_only_session(context.engine) as session:
            choices = people_by_role(session, on=clock.today(), per_role=PEOPLE_PER_ROLE)
    except DatabaseUnavailableError as error:
        st.error(
            f"{error.message} Signing in needs the database; reload this page in a moment.", icon=":material/error:"
        )
        return
    _show_choices(choices, next_path)


def _show_choices(choices: list[SignInChoice], next_path: str) -> None:
    if not choices:
        st.info(
            "There is nobody to sign in as yet. `sitesync demo` fills an empty installation with a simulated industry; "
            "with real people, configure an identity provider.",
            icon=":material/inbox:",
        )
        return
    wanted = st.text_input(
        "Search by name, role or organization",
        key="sign_in_search",
        type="search",
        icon=":material/search:",
        live="300ms",
    )
    text = (wanted or "").casefold().strip()
    found = [c for c in choices if text in f"{c.display_name} {to_words(c.role)} {c.organization_name}".casefold()]
    if not found:
        st.info(f"Nobody matches “{wanted}”. Try a shorter word.", icon=":material/search_off:")
    for role in sorted({c.role for c in found}, key=ROLE_ORDER.index):
        people = [c for c in found if c.role is role]
        shown = people if text else people[:PEOPLE_SHOWN]
        st.markdown(f"**{to_words(role)}** · {ROLE_COMES_FOR.get(role, 'own pages')}")
        with st.grid(3, min_column_width=240, gap="small"):
            for choice in shown:
                st.html(_sign_in_form(choice.person_id, choice.display_name, choice.organization_name, next_path))
        if len(shown) < len(people):
            st.caption(f"{len(people) - len(shown)} more: search by name or organization.")


def _sign_in_form(person_id: UUID, name: str, organization: str, next_path: str) -> str:
    return (
        '<form action="/session/sign-in" method="post" target="_self">'
        f'<input type="hidden" name="person_id" value="{person_id}">'
        f'<input type="hidden" name="next" value="{escape(next_path, quote=True)}">'
        f'<button type="submit" style="{_BUTTON}"><strong>{escape(name)}</strong><br>{escape(organization)}</button>'
        "</form>"
    )


def show_account(context: AppContext, person: SignedIn) -> None:
    """Who is signed in, with the way out, at the foot of the menu."""
    roles = ", ".join(sorted({to_words(grant.role) for grant in person.principal.grants})) or "No role"
    with st.sidebar:
        st.space("stretch")
        st.caption(f":material/account_circle: **{person.principal.display_name}** · {roles}")
        if context.is_oidc_configured:
            st.button("Sign out", icon=":material/logout:", on_click=st.logout, key="account_sign_out", type="tertiary")
            return
        st.html(
            '<form action="/session/sign-out" method="post" target="_self">'
            f'<button type="submit" style="{_LINK}">Sign out</button></form>'
        )
