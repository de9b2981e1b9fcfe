"""Ledger: is the record whole, and who says so? Size, signed checkpoint, witnesses, last verification, keys."""

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_day, to_instant, to_number, to_plural
from app.dashboards.navigation import EVIDENCE_LEDGER
from app.dashboards.use_cases import evidence
from operational_db.errors import DomainError
from operational_db.releases.verification import verification_of

viewer = open_page(EVIDENCE_LEDGER)
context = session.installation()
try:
    state = evidence.ledger_state(context.engine, context.settings)
except DomainError as error:
    st.error(error.message, icon=":material/error:")
    st.stop()
checkpoint = state.checkpoint
if checkpoint is None:
    answer("The ledger is not sealed yet.")
    st.info(
        "`sitesync ledger seal` seals it now; while the product is served it happens by itself.",
        icon=":material/inbox:",
    )
    st.stop()
answer(
    f"{to_plural(checkpoint.tree_size, 'entry', 'entries')} are sealed and signed; "
    + (
        f"{to_plural(len(state.cosigned.cosigner_names), 'witness', 'witnesses')} cosigned "
        f"{to_number(state.cosigned.tree_size)} of them."
        if state.cosigned
        else "no witness has cosigned them."
    )
)
manifest = viewer.warehouse.manifest
verification = verification_of(manifest)
show_figures(
    [
        Figure("Entries", to_number(checkpoint.tree_size), f"{to_number(state.waiting_count)} wait for their place"),
        Figure(
            "Signed",
            f"{checkpoint.created_at.astimezone(viewer.zone):%H:%M}",
            f"{to_day(checkpoint.created_at.astimezone(viewer.zone).date())}, as {checkpoint.origin}",
        ),
        Figure(
            "Witnesses",
            to_number(len(state.cosigned.cosigner_names)) if state.cosigned else "0",
            f"of {to_number(state.witness_count)} configured",
            help="Somebody else's server that signs only what continues what it signed before.",
        ),
        Figure(
            "Figures against the ledger",
            "Agree" if verification.is_verified else "Agree in part" if verification.is_partial else "Not verified",
            f"at {to_plural(manifest.ledger_size, 'entry', 'entries')}, {to_instant(manifest.built_at, viewer.zone)}",
            help=" ".join(verification.problems) or "Recomputed from the ledger when the figures were made.",
        ),
    ]
)
st.subheader("Signed checkpoint")
st.caption("Keep a copy: it proves later that nothing below it was changed. It is also served by the API.")
st.code((state.cosigned or checkpoint).note.decode(), language=None, wrap_lines=True)
st.markdown(
    "Everything is recomputed by `sitesync ledger verify`; a single entry is proved by `sitesync ledger prove ENTRY`."
)
st.subheader("Keys")
keys = pl.DataFrame(
    {
        "vkey": [record.verifier.vkey for record in state.keys],
        "since": [record.since for record in state.keys],
        "is_current": [record.is_current for record in state.keys],
    },
    schema_overrides={"since": pl.Datetime("us", "UTC"), "vkey": pl.String},
)
show_frame(
    viewer,
    keys,
    [Column("vkey", "Verifier key"), Column("since", "Since", "time"), Column("is_current", "Signs now", "flag")],
    key="ledger_keys",
    alt="Keys the ledger was ever signed with",
    empty=Empty("No key was made yet.", "The first start makes one."),
)
