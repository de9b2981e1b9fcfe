"""Who is looking: the principal behind the signed cookie or the identity provider's sign-in, and their time zone.

Rights are read from the database and kept for a short while, so that a page needs no query for them and reading goes on
when the database is down.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.context import AppContext, create_context
from app.session_cookie import COOKIE_NAME, read_session
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import DatabaseUnavailableError, NotFoundError
from operational_db.identity.repository import IdentityRepository
from operational_db.identity.rules import Principal
from operational_db.identity.service import principal_for, principal_for_oidc
from operational_db.settings import load_settings

RIGHTS_FRESH_FOR = timedelta(seconds=30)
# While the database is down, what somebody could see shortly before stays readable; nothing can be written then.
RIGHTS_KEPT_FOR = timedelta(hours=1)
RIGHTS_KEPT = 2000


@st.cache_resource(show_spinner=False)
def installation() -> AppContext:
    """Settings and engine of this process, made once."""
    return create_context(load_settings())


@dataclass(frozen=True)
class SignedIn:
    """A signed-in person with the roles open today and the time zone their record names.

    `is_remembered` says that the database could not be asked just now, so that pages can say so.
    """

    principal: Principal
    timezone: str
    is_remembered: bool = False


@dataclass(frozen=True)
class _Known:
    person: SignedIn
    read_at: datetime


class RightsMemory:
    """The people seen lately with their rights; safe to share between sessions, and bounded."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def person(self, key: str, read: Callable[[], SignedIn], now: datetime) -> SignedIn:
        """The remembered rights while fresh, else a new reading; old ones when the database is down.

        Raises
        ------
        DatabaseUnavailableError
            When the database is down and the person was not seen within the hour.
        """
        with self._lock:
            known = self._known.get(key)
        if known and now - known.read_at < RIGHTS_FRESH_FOR:
            return known.person
        try:
            person = read()
        except DatabaseUnavailableError:
            if known and now - known.read_at < RIGHTS_KEPT_FOR:
                return replace(known.person, is_remembered=True)
            raise
        with self._lock:
            self._known[key] = _Known(person, now)
            self._known.move_to_end(key)
            while len(self._known) > RIGHTS_KEPT:
                self._known.popitem(last=False)
        return person


@st.cache_resource(show_spinner=False)
def _rights_memory() -> RightsMemory:
    return RightsMemory()


def current_person(context: AppContext, now: datetime) -> SignedIn | None:
    """Who is signed in; None when nobody is.

    Raises
    ------
    DatabaseUnavailableError
        When rights cannot be read and are not remembered.
    NotSignedInError
        When the identity provider's account stands for nobody here.
    """
    if context.is_oidc_configured:
        return _oidc_person(context, now)
    cookie = st.context.cookies.get(COOKIE_NAME)
    person_id = read_session(context.settings, cookie, now) if cookie else None
    if person_id is None:
        return None
    try:
        return _rights_memory().person(str(person_id), lambda: _read_person(context, person_id, now), now)
    except NotFoundError:
        return None


def _read_person(context: AppContext, person_id: UUID, now: datetime) -> SignedIn:
    with read_only_session(context.engine) as session:
        return _with_timezone(session, principal_for(session, person_id, on=now.date()))


def _oidc_person(context: AppContext, now: datetime) -> SignedIn | None:
    if not st.user.get("is_logged_in", False):
        return None
    subject = str(st.user.get("sub", ""))
    email = str(st.user.get("email")) if st.user.get("email_verified") is True and st.user.get("email") else None

    def read() -> SignedIn:
        with unit_of_work(context.engine) as session:
            principal = principal_for_oidc(session, subject=subject, verified_email=email, on=now.date())
            return _with_timezone(session, principal)

    return _rights_memory().person(f"oidc {subject}", read, now)


def _with_timezone(session: Session, principal: Principal) -> SignedIn:
    return SignedIn(principal, IdentityRepository(session).person(principal.person_id).timezone)
