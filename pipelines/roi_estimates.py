"""What training returned, of every organization with results of jobs: the nightly estimates, as a plain function."""

import logging
from datetime import datetime

from sqlalchemy import Engine

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.roi.estimates import estimate_returns, organizations_to_estimate
from operational_db.roi.views import EstimatesMade

logger = logging.getLogger(__name__)


def estimate_all(engine: Engine, *, now: datetime) -> list[EstimatesMade]:
    """Estimate each organization in a transaction of its own; what came out as before writes nothing.

    Organizations without a finished month are left out.
    """
    # Loads scipy when it is used.
    from models.roi.company import estimate_outcomes

    with read_only_session(engine) as session:
        organization_ids = organizations_to_estimate(session, SYSTEM_PRINCIPAL)
    made: list[EstimatesMade] = []
    for organization_id in organization_ids:
        try:
            with unit_of_work(engine) as session:
                made.append(
                    estimate_returns(
                        session,
                        SYSTEM_PRINCIPAL,
                        organization_id=organization_id,
                        estimator=estimate_outcomes,
                        now=now,
                    )
                )
        except NotFoundError:
            logger.info("roi_not_estimated", extra={"organization_id": str(organization_id)})
    return made
