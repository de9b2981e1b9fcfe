"""What endpoints ask for: the installation's context, a session of the right kind, and who is calling."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.api.tokens import OidcTokens
from app.context import AppContext
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.documents.store import FileStore, file_store_of
from operational_db.errors import NotSignedInError
from operational_db.gates.desk import desk_of
from operational_db.identity.door import principal_at_door
from operational_db.identity.rules import Principal
from operational_db.identity.service import principal_for_oidc_subject, principal_for_token

bearer = HTTPBearer(auto_error=False, description="A token from `sitesync token`, or a JWT of the configured issuer.")


def get_context(request: Request) -> AppContext:
    context = request.app.state.context
    if not isinstance(context, AppContext):
        raise TypeError("The API was created without a context.")
    return context


Context = Annotated[AppContext, Depends(get_context)]


def write_session(context: Context) -> Iterator[Session]:
    """One transaction for the endpoint; it is committed before the answer leaves."""
    with unit_of_work(context.engine) as session:
        yield session


def read_session(context: Context) -> Iterator[Session]:
    with read_only_session(context.engine) as session:
        yield session


WriteSession = Annotated[Session, Depends(write_session, scope="function")]
ReadSession = Annotated[Session, Depends(read_session, scope="function")]


def get_files(context: Context) -> FileStore:
    """Where uploaded files are kept, with the installation's size limits."""
    return file_store_of(context.settings)


Files = Annotated[FileStore, Depends(get_files)]


def get_principal(
    request: Request,
    context: Context,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Who is calling. A JWT goes to the configured issuer's keys, anything else is a local token."""
    if credentials is None:
        raise NotSignedInError("This endpoint needs a bearer token: send it as 'Authorization: Bearer …'.")
    token = credentials.credentials
    now = clock.now()
    oidc = request.app.state.oidc
    with read_only_session(context.engine) as session:
        if isinstance(oidc, OidcTokens) and token.count(".") == 2:
            return principal_for_oidc_subject(session, oidc.subject(token), on=now.date())
        return principal_for_token(session, token, now=now)


CurrentPrincipal = Annotated[Principal, Depends(get_principal)]


@dataclass(frozen=True)
class Caller:
    """Who sent a request, not yet recognized: for endpoints that do all their work in one go on one thread."""

    context: AppContext
    oidc: object
    credentials: HTTPAuthorizationCredentials | None

    def principal(self, *, now: datetime) -> Principal:
        """As `get_principal`, in one statement for a local token.

        Raises
        ------
        NotSignedInError, DatabaseUnavailableError
        """
        if self.credentials is None:
            raise NotSignedInError("This endpoint needs a bearer token: send it as 'Authorization: Bearer …'.")
        token = self.credentials.credentials
        if isinstance(self.oidc, OidcTokens) and token.count(".") == 2:
            with read_only_session(self.context.engine) as session:
                return principal_for_oidc_subject(session, self.oidc.subject(token), on=now.date())
        return desk_of(self.context.engine).read(
            self.context.engine, lambda connection: principal_at_door(connection, token, now=now)
        )


async def get_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    return Caller(get_context(request), request.app.state.oidc, credentials)


UnknownCaller = Annotated[Caller, Depends(get_caller)]
