"""The outbox as administrators see it: counts by state, deliveries one by one, and what was written to a file."""

from collections.abc import Sequence
from uuid import UUID

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.tables import Column
from app.dashboards.use_cases import notices
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.notifications.channels import FileChannel
from operational_db.notifications.views import DeliveryState, OutboxCount, OutboxRow

PROBLEM = "outbox_problem"
ENDED = frozenset({DeliveryState.DELIVERED, DeliveryState.CANCELLED})
COLUMNS = (
    Column("delivery_id", "Delivery"),
    Column("person_id", "Person"),
    Column("channel", "Channel", "words"),
    Column("state", "State", "words"),
    Column("on_date", "For", "date"),
    Column("item_count", "News", "number"),
    Column("attempt_count", "Attempts", "number"),
    Column("next_attempt_at", "Next attempt", "time"),
    Column("last_error", "Last answer"),
    Column("ended_at", "Ended", "time"),
)
SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "delivery_id": pl.String,
    "person_id": pl.String,
    "channel": pl.String,
    "state": pl.String,
    "on_date": pl.Date,
    "item_count": pl.Int64,
    "attempt_count": pl.Int64,
    "next_attempt_at": pl.Datetime("us", "UTC"),
    "last_error": pl.String,
    "ended_at": pl.Datetime("us", "UTC"),
}


def summary(counts: Sequence[OutboxCount]) -> dict[DeliveryState, int]:
    """Deliveries by state, over all channels; zero where there are none."""
    return {state: sum(each.count for each in counts if each.state is state) for state in DeliveryState}


def rows_frame(rows: Sequence[OutboxRow]) -> pl.DataFrame:
    """Deliveries as a table; there is no next attempt for what is over."""
    return pl.DataFrame(
        [
            {
                "delivery_id": str(row.delivery_id),
                "person_id": str(row.person_id),
                "channel": row.channel.value,
                "state": row.state.value,
                "on_date": row.on_date,
                "item_count": row.item_count,
                "attempt_count": row.attempt_count,
                "next_attempt_at": None if row.ended_at is not None else row.next_attempt_at,
                "last_error": row.last_error,
                "ended_at": row.ended_at,
            }
            for row in rows
        ],
        schema=SCHEMA,
    )


def show_message(viewer: Viewer, row: OutboxRow) -> None:
    """What was written for a delivery where no provider takes it, and the way to try it again."""
    folder = session.installation().settings.outbox_path
    written = FileChannel(folder).read(row.channel, row.merged_into_id or row.delivery_id)
    with st.container(border=True):
        if written is not None:
            st.markdown(f"**{written['subject']}**")
            st.text(written["body"])
        else:
            st.caption("Its text is not kept here: it is shown in the product, was handed to a mail server, or waits.")
        if row.state not in ENDED:
            st.button(
                "Try again now",
                key="outbox_retry",
                icon=":material/replay:",
                on_click=retry,
                args=(viewer, row.delivery_id),
            )


def retry(viewer: Viewer, delivery_id: UUID | None) -> None:
    """For a button's callback: one delivery, or everything that was given up."""
    try:
        notices.retry(session.installation().engine, viewer.principal, delivery_id, now=clock.now())
    except DomainError as error:
        st.session_state[PROBLEM] = error.message


def show_problem() -> None:
    """What kept the last click from being written."""
    problem = st.session_state.pop(PROBLEM, None)
    if problem:
        st.error(f"Nothing was written. {problem}", icon=":material/error:")
