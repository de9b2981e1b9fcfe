"""What training returned, on demand: an organization's own record through the estimator, and what it found kept.

The nightly estimates of all organizations are in `pipelines.roi_estimates`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.identity.rules import Principal
from operational_db.roi.estimates import estimate_returns
from operational_db.roi.views import EstimatesMade


def estimate_organization(
    session: Session, principal: Principal, *, organization_id: UUID, now: datetime
) -> EstimatesMade:
    """Estimate every outcome anew from what is on record. Raises as `estimate_returns`."""
    # Loads scipy when it is used.
    from models.roi.company import estimate_outcomes

    return estimate_returns(session, principal, organization_id=organization_id, estimator=estimate_outcomes, now=now)
