"""What Streamlit's widgets lack for WCAG 2.2 and no option of theirs gives; the one place with style of our own."""

import streamlit as st

# Targets have to be 24 px large (success criterion 2.5.8): each part of a date or time is one, and the field behind
# choices. A link whose words do not fit into one line takes another instead of cutting them off (1.4.12).
_STYLE = """<style>
[role="spinbutton"][contenteditable] {
    display: inline-block; min-width: 24px; min-height: 24px; line-height: 24px; text-align: center;
}
[data-testid="stMultiSelect"] input[role="combobox"] { min-width: 24px; min-height: 24px; }
[data-testid="stPageLink-NavLink"] * { white-space: normal; overflow: visible; }
</style>"""


def show_style() -> None:
    """Put the style onto the page; it takes no place."""
    st.html(_STYLE)
