"""My certificates: what do I hold, and until when? Everything here is the viewer's own record."""

import polars as pl

from app.dashboards.components import record
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import answer, open_page
from app.dashboards.formats import to_number, to_relative_day
from app.dashboards.navigation import MY_CERTIFICATES
from app.dashboards.queries import people

viewer = open_page(MY_CERTIFICATES)
me = viewer.principal.person_id
held = viewer.load(people.certificates_of, person_id=me, today=viewer.today)
valid = held.filter(pl.col("state").is_in(["active", "expiring"])).sort("expires_on", nulls_last=True)
states = held["state"].to_list()
if valid.is_empty():
    answer("You hold no valid certificate.")
else:
    first = valid.row(0, named=True)
    when = (
        "never lapses"
        if first["expires_on"] is None
        else f"lapses {to_relative_day(first['expires_on'], viewer.today)}"
    )
    answer(f"You hold {to_number(valid.height)} valid; {first['name']} {when}.")
show_figures(
    [
        Figure("Valid", to_number(valid.height), f"of {to_number(held.height)} on record"),
        Figure("Expiring in 30 days", to_number(states.count("expiring")), "renew them first"),
        Figure("Expired", to_number(states.count("expired")), "not renewed"),
    ]
)
record.show_certificates(viewer, me, key="mine")
