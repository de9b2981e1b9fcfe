"""What the API reads from the current release: scoped views only, one function a figure, rows as plain values.

The release is opened per scope and kept until it is no longer current; no tenant filter is written here (D7), only
the choice of one organization among those the caller may see.
"""

import threading
from collections import OrderedDict
from typing import Any
from uuid import UUID

from operational_db.releases.manifest import current_manifest
from operational_db.releases.reader import ScopedWarehouse, open_scoped
from operational_db.releases.scope import Scope
from operational_db.settings import Settings

OPEN_RELEASES = 16

COMPLIANCE_TOTALS = """
    select required_count, exempted_count, completed_count, in_progress_count, overdue_count, compliance_rate,
           expiring_30_days_count, expired_count
    from compliance_by_organization where organization_id = $organization_id
"""
COMPLIANCE_BY_CATEGORY = """
    select category, compliance_rate from compliance_by_category where organization_id = $organization_id
    order by category
"""
COMPLIANCE_BY_TEAM = """
    select compliance_by_team.team_id, dim_team.name as team_name, required_count, completed_count, exempted_count,
           compliance_rate
    from compliance_by_team left join dim_team using (team_id)
    where compliance_by_team.organization_id = $organization_id
    order by dim_team.name nulls last
"""
EMPLOYEES_WITH_OVERDUE = """
    select fct_required_training.person_id, any_value(dim_person.display_name) as display_name,
           count(*) as overdue_count, min(due_on) as earliest_due_on
    from fct_required_training join dim_person using (person_id)
    where organization_id = $organization_id and status = 'overdue'
    group by fct_required_training.person_id
    order by earliest_due_on, display_name
"""
UPCOMING_DUE_DATES = """
    select fct_required_training.person_id, dim_person.display_name,
           coalesce(dim_course.title, dim_certification.name) as subject, due_on
    from fct_required_training
    join dim_person using (person_id)
    left join dim_course on dim_course.course_id = fct_required_training.course_id
    left join dim_certification on dim_certification.certification_id = fct_required_training.certification_id
    where organization_id = $organization_id and fct_required_training.status in ('pending', 'in_progress')
      and due_on between $as_of_on and $as_of_on + interval 14 day
    order by due_on, display_name
"""
_RETURN = """
    r.state, r.cost, r.benefit, r.benefit_low, r.benefit_high, r.roi, r.roi_low, r.roi_high, r.currency,
    r.interval_kind, r.valued_count, r.counted_count
"""
RETURN_OF_COMPANY = f"select {_RETURN} from roi_company as r where r.organization_id = $organization_id"  # noqa: S608
RETURNS_BY_COURSE = f"""
    select r.course_id, c.title as course_title, {_RETURN}
    from roi_course as r left join dim_course as c on c.course_id = r.course_id
    where r.organization_id = $organization_id order by r.cost desc nulls last, c.title, r.course_id
"""  # noqa: S608 - a constant of this module
RETURNS_BY_TEAM = f"""
    select r.team_id, t.name as team_name, {_RETURN}
    from roi_team as r left join dim_team as t on t.team_id = r.team_id
    where r.organization_id = $organization_id order by t.name nulls last, r.team_id
"""  # noqa: S608 - a constant of this module
TRAINING_EFFECTS = """
    select course_id, outcome_kind, state, effect, low, high, trained_count, compared_count, month_count, reason,
           what_would_change, estimated_at, ledger_size
    from roi_effect where organization_id = $organization_id
    order by course_id nulls first, outcome_kind
"""


class OpenReleases:
    """The current release, opened once per scope; the least recently used are closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[str, Scope], ScopedWarehouse] = OrderedDict()

    def rows(self, scope: Scope, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """Run one query on the current release as the scope may see it.

        Raises
        ------
        ReleaseUnavailableError
            When there is no release or it cannot be opened.
        """
        return self.warehouse(scope).query(sql, parameters or None).to_dicts()

    def warehouse(self, scope: Scope) -> ScopedWarehouse:
        manifest = current_manifest(self._settings)
        key = (manifest.name, scope)
        with self._lock:
            found = self._open.get(key)
            if found is None:
                found = self._open[key] = open_scoped(manifest, scope)
            self._open.move_to_end(key)
            stale = [old for old in self._open if old[0] != manifest.name]
            while len(self._open) - len(stale) > OPEN_RELEASES:
                stale.append(next(old for old in self._open if old not in stale))
            for old in stale:
                # Not closed here: a query of another thread may still run on it; it closes when that ends.
                del self._open[old]
            return found


def scope_of_organization(organization_id: UUID) -> Scope:
    """What the compliance figures of one organization need, after the caller's right to them was checked."""
    return Scope(company_ids=frozenset({organization_id}))


def scope_of_returns(organization_id: UUID) -> Scope:
    """What the returns of one organization need, after the caller's right to them was checked."""
    chosen = frozenset({organization_id})
    return Scope(company_ids=chosen, roi_ids=chosen)
