"""Filters that live in the address, so that what somebody sees can be sent to somebody else."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def fold(set_count: int) -> DeltaGenerator:
    """A place for filters that opens on a click, so that they take one line on a narrow screen; says how many hold."""
    label = "Filters" if set_count == 0 else f"Filters ({set_count} set)"
    return st.popover(label, icon=":material/filter_list:", width="content")


def set_count(*keys: str) -> int:
    """How many of these filters the address sets."""
    return sum(key in st.query_params for key in keys)


def search_box(label: str, *, key: str) -> str:
    """A text to search for; empty when nothing is wanted."""
    text = st.text_input(label, key=key, bind="query-params", type="search", icon=":material/search:", live="400ms")
    return (text or "").strip()


def choose(label: str, options: Sequence[str], *, key: str) -> str:
    """One of the options; the first is what holds when the address says nothing."""
    return st.selectbox(
        label, list(options), key=key, bind="query-params", filter_mode=None if len(options) < 8 else "fuzzy"
    )


def choose_id(label: str, names: Mapping[str, str], *, any_label: str, key: str) -> str | None:
    """The id of the chosen name, or None for any. Names that occur twice are told apart by the end of their id."""
    seen = list(names.values())
    by_label = {name if seen.count(name) == 1 else f"{name} ({key_[-4:]})": key_ for key_, name in names.items()}
    return by_label.get(choose(label, [any_label, *by_label], key=key))
