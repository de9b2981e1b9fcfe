"""The menu at the side: the pages of the viewer's roles under the name of their area.

Streamlit's own menu puts headings into a list, which screen readers cannot make sense of, and opens and closes them by
the mouse alone; so the links are drawn here.
"""

from collections.abc import Sequence

import streamlit as st

from app.dashboards.navigation import PAGES, Area

LAST_PAGE = "menu_last_page"
# On a narrow screen the menu lies over the page: whoever chose a page wants to see it.
_FOLD = """<script data-page="{page}">
if (innerWidth < 768) document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click()
</script>"""


def show_menu(areas: Sequence[Area], current: str) -> None:
    """Links to every page of these areas; `current` is the address of the page that is drawn."""
    entries = [entry for area in areas for entry in PAGES if entry.area is area and entry.is_in_menu]
    labels = dict.fromkeys(entry.heading for entry in entries)
    with st.sidebar:
        for label in labels:
            with st.container(gap="xxsmall"):
                st.caption(label)
                for entry in entries:
                    if entry.heading == label:
                        st.page_link(entry.path, label=entry.title, icon=entry.icon, width="stretch")
        last = st.session_state.get(LAST_PAGE)
        st.session_state[LAST_PAGE] = current
        if last and last != current:
            st.html(_FOLD.format(page=current), unsafe_allow_javascript=True)
