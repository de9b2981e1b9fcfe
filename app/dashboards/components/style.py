"""What Streamlit's widgets lack for WCAG 2.2 and no option of theirs gives; the one place with style of our own."""

import streamlit as st

# Each part of a date is a target of its own and has to be 24 px large (success criterion 2.5.8).
_STYLE = """<style>
[data-testid="stDateInput"] [role="spinbutton"] {
    display: inline-block; min-width: 24px; min-height: 24px; line-height: 24px; text-align: center;
}
</style>"""


def show_style() -> None:
    """Put the style onto the page; it takes no place."""
    st.html(_STYLE)
