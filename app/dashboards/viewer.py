"""Opens the current figures for the person on a page: cut to the area and organization, with results kept per cut.

This is the only module of the dashboards that caches figures; pages and queries know nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app.dashboards.navigation import WORK_ON_CONTENT, Area
from app.dashboards.queries import organizations
from app.dashboards.session import SignedIn
from operational_db.identity.rules import Permission, Principal
from operational_db.releases.health import Freshness, freshness_of, read_last_run
from operational_db.releases.manifest import ReleaseManifest, current_manifest
from operational_db.releases.reader import ScopedWarehouse, open_scoped
from operational_db.releases.scope import Scope, scope_for
from operational_db.settings import Settings
from operational_db.types import OrganizationKind

HANDLES_KEPT = 64
RESULTS_KEPT = 3000
# Figures of a former release are never asked for again; they leave memory after this time.
KEPT_FOR = "2h"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Viewer:
    """A person on a page: who they are, the figures they may see there, and how times read for them."""

    principal: Principal
    warehouse: ScopedWarehouse
    freshness: Freshness
    zone: ZoneInfo
    now: datetime
    organization_id: UUID | None

    @property
    def today(self) -> date:
        """The day statuses were derived at; distances to a date are counted from it."""
        return self.warehouse.manifest.as_of.date()

    def load(self, query: Callable[Concatenate[ScopedWarehouse, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query of `queries/` on this viewer's figures, or take its result from memory."""
        name = f"{query.__module__}.{query.__qualname__}"
        values = repr(args) + repr(sorted(kwargs.items()))
        key = (self.warehouse.manifest.name, scope_key(self.warehouse.scope), name, values)
        return cast(R, _result(key, lambda: query(self.warehouse, *args, **kwargs)))


def scope_key(scope: Scope) -> str:
    """A text that is equal exactly for equal scopes."""
    kinds = (scope.company_ids, scope.school_ids, scope.owner_ids, scope.mentoring_ids, scope.roi_ids)
    organizations = "|".join(",".join(sorted(map(str, ids))) for ids in kinds)
    return f"{organizations}|{scope.person_id}|{scope.can_view_kpis}|{scope.can_view_platform}"


@st.cache_data(max_entries=RESULTS_KEPT, ttl=KEPT_FOR, show_spinner=False)
def _result(key: tuple[str, ...], _compute: Callable[[], object]) -> object:
    return _compute()


@st.cache_resource(max_entries=HANDLES_KEPT, ttl=KEPT_FOR, show_spinner=False)
def _handle(release: str, key: str, _manifest: ReleaseManifest, _scope: Scope) -> ScopedWarehouse:
    # Not closed when it leaves the cache: another page may still be reading. It closes with its last reader.
    return open_scoped(_manifest, _scope)


def open_warehouse(manifest: ReleaseManifest, scope: Scope) -> ScopedWarehouse:
    """The release cut to a scope; one handle per release file and scope, shared by all who may see the same."""
    return _handle(str(manifest.path), scope_key(scope), manifest, scope)


def area_scope(scope: Scope, area: Area, organization_id: UUID | None) -> Scope:
    """The part of a scope that one area shows: one organization, the platform's aggregates, or the own record."""
    chosen = frozenset({organization_id} if organization_id else ())
    match area:
        case Area.COMPANY:
            return Scope(
                company_ids=scope.company_ids & chosen,
                mentoring_ids=scope.mentoring_ids & chosen,
                roi_ids=scope.roi_ids & chosen,
            )
        case Area.SECURITY | Area.CONTENT:
            return Scope(company_ids=scope.company_ids & chosen)
        case Area.EVIDENCE:
            return Scope(company_ids=scope.company_ids & chosen, school_ids=scope.school_ids & chosen)
        case Area.SCHOOL:
            return Scope(school_ids=scope.school_ids & chosen, mentoring_ids=scope.mentoring_ids & chosen)
        case Area.OWNER:
            return Scope(owner_ids=scope.owner_ids & chosen)
        case Area.PRODUCT:
            return Scope(can_view_kpis=scope.can_view_kpis)
        case Area.PLATFORM:
            return Scope(can_view_platform=scope.can_view_platform)
        case Area.ME:
            return Scope(person_id=scope.person_id)


def open_viewer(
    person: SignedIn, settings: Settings, area: Area, *, now: datetime, organization_id: UUID | None = None
) -> Viewer:
    """Open the current figures for an area and, in the company and school areas, one organization.

    Raises
    ------
    ReleaseUnavailableError
        When there are no figures yet, or they cannot be opened.
    """
    manifest = current_manifest(settings)
    limit = timedelta(minutes=settings.freshness_minutes)
    return Viewer(
        principal=person.principal,
        warehouse=open_warehouse(manifest, area_scope(scope_for(person.principal), area, organization_id)),
        freshness=freshness_of(manifest, read_last_run(settings), now=now, limit=limit),
        zone=_zone(person.timezone),
        now=now,
        organization_id=organization_id,
    )


def organizations_in(person: SignedIn, settings: Settings, area: Area) -> list[organizations.Choice]:
    """The organizations a person may look at in an area, by name.

    Raises
    ------
    ReleaseUnavailableError
        When there are no figures yet, or they cannot be opened.
    """
    ids = _organization_ids(person.principal, area)
    if not ids:
        return []
    manifest = current_manifest(settings)
    warehouse = open_warehouse(manifest, Scope(company_ids=ids))
    found = cast(
        list[organizations.Choice],
        _result((manifest.name, scope_key(warehouse.scope), "choices"), lambda: organizations.choices(warehouse)),
    )
    return [choice for choice in found if choice.organization_id in ids and _belongs_in(choice, area)]


def _belongs_in(choice: organizations.Choice, area: Area) -> bool:
    """Whether an area shows organizations of this kind; lessons and evidence are everybody's."""
    match area:
        case Area.COMPANY | Area.SECURITY:
            return choice.kind not in {OrganizationKind.TRADE_SCHOOL}
        case Area.SCHOOL:
            return choice.kind is OrganizationKind.TRADE_SCHOOL
        case Area.OWNER:
            return choice.kind is OrganizationKind.BUILDING_OWNER
        case _:
            return True


def _organization_ids(principal: Principal, area: Area) -> frozenset[UUID]:
    scope = scope_for(principal)
    match area:
        case Area.COMPANY | Area.SECURITY:
            return scope.company_ids
        case Area.SCHOOL:
            return scope.school_ids
        case Area.OWNER:
            return scope.owner_ids
        case Area.CONTENT:
            works_on = (principal.organizations_with(permission) for permission in WORK_ON_CONTENT)
            return scope.company_ids.union(*works_on)
        case Area.EVIDENCE:
            return principal.organizations_with(Permission.EXPORT_EVIDENCE)
        case _:
            return frozenset()


def _zone(name: str) -> ZoneInfo:
    """The zone of the person's record; UTC there means that nobody set one, then the browser's counts."""
    wanted = name if name != "UTC" else st.context.timezone or "UTC"
    try:
        return ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
