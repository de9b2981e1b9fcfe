"""The entry of the dashboards: page settings, who is looking, the menu of their roles, and the page they asked for."""

from pathlib import Path

import streamlit as st

from app.dashboards import session
from app.dashboards.components.account import show_account, show_sign_in
from app.dashboards.components.menu import show_menu
from app.dashboards.components.style import show_style
from app.dashboards.navigation import PAGES, PageEntry, areas_of, home_of
from operational_db import clock
from operational_db.errors import DatabaseUnavailableError, NotSignedInError

FAVICON = Path(__file__).with_name("favicon.png")

st.set_page_config(page_title="SiteSync Training", page_icon=str(FAVICON), layout="wide")
show_style()


def _go_home() -> None:
    st.switch_page(home_of(person.principal).path if person else PAGES[0].path)


def _to_page(entry: PageEntry) -> st.Page:
    return st.Page(entry.path, title=entry.title, icon=entry.icon, url_path=entry.address)


context = session.installation()
problem = ""
try:
    person = session.current_person(context, clock.now())
except (DatabaseUnavailableError, NotSignedInError) as error:
    person, problem = None, error.message
home = st.Page(_go_home, title="Home", url_path="home", default=True)
# Every page is known to everybody, so that a shared address leads to the sign-in or to a clear refusal.
page = st.navigation([home, *map(_to_page, PAGES)], position="hidden")
if person is None:
    if problem:
        st.error(problem, icon=":material/error:")
    show_sign_in(context, f"/{page.url_path}")
else:
    show_menu(areas_of(person.principal), page.url_path)
    show_account(context, person)
    page.run()
