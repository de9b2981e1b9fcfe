"""School mentoring: do students find mentors, and does it work?"""

from app.dashboards.components.frame import open_page
from app.dashboards.components.mentoring_programme import show_mentoring
from app.dashboards.navigation import SCHOOL_MENTORING

show_mentoring(open_page(SCHOOL_MENTORING))
