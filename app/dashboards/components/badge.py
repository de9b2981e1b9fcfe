"""A certificate's badge: issue it, choose what strangers see, hand out its link and QR code, download it."""

from uuid import UUID

import streamlit as st

from app.dashboards import session
from app.dashboards.components.figures import to_image
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import PROBLEM, write
from app.dashboards.use_cases import badges
from app.dashboards.use_cases.certificates import Record
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.badges.keys import load_badge_issuer, load_or_create_badge_signer
from operational_db.badges.sharing import BadgeView
from operational_db.errors import DomainError
from operational_db.types import VerificationStatus

GONE = ("withdrawn", "revoked")


def show_badge(viewer: Viewer, record: Record) -> None:
    """The badge, or the button that has it issued, or why there can be none yet."""
    view, engine = record.held.view, session.installation().engine
    try:
        badge = badges.badge_of(engine, viewer.principal, certificate_id=view.certificate_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if badge is not None:
        _show_issued(viewer, badge, view.certification_name)
    elif view.verification_status is not VerificationStatus.VERIFIED or record.held.state in GONE:
        say_empty("There is no badge for this certificate.", "Only a verified certificate that still stands gets one.")
    else:
        st.markdown(
            "A badge lets anybody check this certificate without asking you or us: it is signed, and names its proof "
            "in the ledger."
        )
        st.button(
            "Have the badge issued",
            key="badge_request",
            type="primary",
            icon=":material/workspace_premium:",
            on_click=_request,
            args=(viewer, view.certificate_id, view.certification_name),
        )


def _request(viewer: Viewer, certificate_id: UUID, name: str) -> None:
    context, now = session.installation(), clock.now()
    write(
        lambda: badges.request(
            context.engine,
            viewer.principal,
            load_or_create_badge_signer(context.settings),
            certificate_id=certificate_id,
            name=name,
            now=now,
        )
    )


def _show_issued(viewer: Viewer, badge: BadgeView, name: str) -> None:
    context = session.installation()
    try:
        files = badges.files_of(context.engine, viewer.principal, certificate_id=badge.certificate_id)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    link = badges.link_of(load_badge_issuer(context.settings), badge)
    with st.container(horizontal=True, gap="large"):
        st.html(_picture(files.drawing(), files.picture.description, 220), width="content")
        with st.container(width=420):
            _show_sharing(viewer, badge)
            if badge.is_public:
                st.markdown("**Link to hand out**")
                st.code(link, language=None, wrap_lines=True)
            else:
                st.caption("Switch it on to hand out a link: until then its page tells strangers nothing.")
        if badge.is_public:
            st.html(_picture(badges.qr_code(link), f"QR code that opens {link}", 180), width="content")
    with st.container(horizontal=True):
        slug = "".join(letter if letter.isalnum() else "-" for letter in name.casefold()).strip("-")
        for ending, mime, make in (
            ("svg", "image/svg+xml", files.to_svg),
            ("png", "image/png", files.to_png),
            ("json", "application/vc", files.to_json),
            ("jwt", "application/vc+jwt", files.to_jwt),
        ):
            st.download_button(
                f"Download {ending.upper()}",
                data=make,
                file_name=f"badge-{slug}.{ending}",
                mime=mime,
                key=f"badge_{ending}",
                on_click="ignore",
                icon=":material/download:",
            )
    st.caption("The pictures carry the signed credential inside; keep them as they are when you send them on.")


def _show_sharing(viewer: Viewer, badge: BadgeView) -> None:
    is_public = st.toggle(
        "Anybody with the link may check it",
        value=badge.is_public,
        key=f"badge_public_{badge.badge_id}",
        on_change=_share,
        args=(viewer, badge),
    )
    st.toggle(
        "Show my name there",
        value=badge.shows_name,
        key=f"badge_name_{badge.badge_id}",
        on_change=_share,
        args=(viewer, badge),
        disabled=not is_public,
        help="Without it, the page says that the certificate holds, and not whose it is.",
    )


def _share(viewer: Viewer, badge: BadgeView) -> None:
    try:
        badges.share(
            session.installation().engine,
            viewer.principal,
            certificate_id=badge.certificate_id,
            is_public=bool(st.session_state[f"badge_public_{badge.badge_id}"]),
            shows_name=bool(st.session_state[f"badge_name_{badge.badge_id}"]),
            now=clock.now(),
        )
    except DomainError as error:
        st.session_state[PROBLEM] = error.message


def _picture(image: bytes, words: str, width: int) -> str:
    return to_image(image, "image/png", words, f"width:{width}px;height:{width}px")
