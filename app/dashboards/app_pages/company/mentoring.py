"""Company mentoring: does it work, and who should be matched?"""

from app.dashboards.components.frame import open_page
from app.dashboards.components.mentoring_programme import show_mentoring
from app.dashboards.navigation import COMPANY_MENTORING

show_mentoring(open_page(COMPANY_MENTORING))
