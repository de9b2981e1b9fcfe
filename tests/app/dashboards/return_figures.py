"""What training of the company of the hand-made figures cost and returned; another company's that it must never see.

The company: 12,000 USD, a benefit of 18,000 (9,000 to 27,000), one course with a visible effect, one without enough
data; two teams. The other: costs in two currencies.
"""

from datetime import date
from uuid import UUID

from tests.app.dashboards import release_fixture as figures
from tests.app.dashboards.release_fixture import Row, fixed_id

ESTIMATES = [fixed_id(60, n) for n in range(9)]
OTHER_ESTIMATE = fixed_id(61, 0)
_TEAMS = list(figures.TEAMS)
_OUTCOMES = (
    "first_time_fix_rate", "callback_rate", "rework_rate", "incidents", "hours_per_job", "units_maintained",
)  # fmt: skip


def _return(state: str, cost: float, benefit: tuple[float, float, float] | None, **fields: object) -> Row:
    middle, low, high = benefit or (None, None, None)
    share = [None if part is None or not cost else (part - cost) / cost for part in (middle, low, high)]
    return {
        "organization_id": figures.COMPANY, "state": state, "training_hours": 640.0, "cost": cost, "benefit": middle,
        "benefit_low": low, "benefit_high": high, "roi": share[0], "roi_low": share[1], "roi_high": share[2],
        "interval_kind": "joint" if benefit else None, "currency": "USD", "valued_count": 2,
        "counted_count": 1 if benefit else 0, "leaf_index": 40000, **fields,
    }  # fmt: skip


def _effect(
    number: int, kind: str, state: str, effect: tuple[float, float, float] | None, course_id: UUID | None = None
) -> Row:
    middle, low, high = effect or (None, None, None)
    return {
        "estimate_id": ESTIMATES[number], "organization_id": figures.COMPANY, "course_id": course_id,
        "outcome_kind": kind, "state": state, "effect": middle, "low": low, "high": high,
        "exposure": 1800.0 if effect else 0.0, "half_width": None if effect is None else (effect[2] - effect[1]) / 2,
        "without_training": 0.71 if effect else None, "trained_count": 14 if effect else 3,
        "compared_count": 12 if effect else 2, "month_count": 11 if effect else 0,
        "pre_trend_p": 0.41 if effect else None, "placebo_p": 0.62 if effect else None,
        "reason": f"What was found of {kind.replace('_', ' ')}.",
        "what_would_change": "More trained technicians and months narrow the interval.",
        "ledger_size": 1_204_000, "estimated_at": figures.AS_OF, "leaf_index": 40100 + number,
    }  # fmt: skip


def _cost(number: int, kind: str, amount: float, course_id: UUID | None, team_id: UUID | None) -> Row:
    return {
        "organization_id": figures.COMPANY, "team_id": team_id, "course_id": course_id,
        "person_id": None if team_id is None else figures.PEOPLE[5], "month": figures.month(number), "cost_kind": kind,
        "currency": "USD", "amount": amount, "cost_count": 2, "leaf_index": 39000 + number,
    }  # fmt: skip


def _panel(person: int, back: int) -> Row:
    month = figures.month(back)
    trained_on = date(2026, 3, 12) if person < 14 else None
    return {
        "organization_id": figures.COMPANY, "person_id": figures.PEOPLE[person], "team_id": _TEAMS[0], "month": month,
        "month_version": 1, "job_count": 10, "first_time_fix_count": 7, "first_time_fix_known_count": 10,
        "callback_count": 1, "callback_known_count": 10, "rework_count": 0, "rework_known_count": 10,
        "incident_count": 0, "hours": 31.5, "hours_known_count": 10, "units_maintained": 20, "trained_on": trained_on,
        "is_after_training": trained_on is not None and month > trained_on, "leaf_index": 38000,
    }  # fmt: skip


def rows_of_returns() -> dict[str, list[Row]]:
    """Rows by mart, in the marts' own columns."""
    course = figures.FALL_COURSE
    effects = [_effect(0, _OUTCOMES[0], "effect", (0.062, 0.031, 0.093))]
    effects += [_effect(1, _OUTCOMES[1], "pre_trends_differ", (-0.02, -0.05, 0.01))]
    effects += [_effect(n, kind, "not_enough_data", None) for n, kind in enumerate(_OUTCOMES[2:], start=2)]
    effects += [_effect(6, _OUTCOMES[0], "no_visible_effect", (0.01, -0.03, 0.05), course)]
    other = {"organization_id": figures.OTHER_COMPANY}
    study: list[Row] = [
        {
            "estimate_id": ESTIMATES[0], "organization_id": figures.COMPANY, "course_id": None,
            "outcome_kind": _OUTCOMES[0], "month_offset": offset, "effect": level, "low": level - 0.03,
            "high": level + 0.03, "trained_count": 14, "leaf_index": 40100,
        }
        for offset, level in ((-3, 0.004), (-2, -0.006), (-1, 0.001), (1, 0.02), (2, 0.05), (3, 0.07))
    ]  # fmt: skip
    return {
        "roi_company": [
            _return("effect", 12000.0, (18000.0, 9000.0, 27000.0)),
            {**_return("mixed_currencies", 0.0, None, **other), "currency": None, "cost": None},
        ],
        "roi_course": [
            _return("no_visible_effect", 8000.0, (9000.0, -2000.0, 20000.0), course_id=course),
            _return("not_enough_data", 4000.0, None, course_id=figures.CODE_COURSE),
            _return("no_cost", 0.0, (100.0, 50.0, 150.0), course_id=course, **other),
        ],
        "roi_team": [
            _return("effect", 5000.0, (11000.0, 6000.0, 16000.0), team_id=_TEAMS[0]),
            _return("no_visible_effect", 3000.0, (4000.0, -500.0, 8500.0), team_id=_TEAMS[1]),
        ],
        "roi_outcome": [
            {
                "organization_id": figures.COMPANY, "course_id": None, "outcome_kind": kind, "state": state,
                "is_counted": state == "effect", "exposure": 1800.0, "unit_value": value, "currency": "USD",
                "units": units, "benefit": benefit, "benefit_low": None if benefit is None else benefit / 2,
                "benefit_high": None if benefit is None else benefit * 1.5, "leaf_index": 40200,
            }
            for kind, state, value, units, benefit in (
                (_OUTCOMES[0], "effect", 161.0, 111.6, 18000.0),
                (_OUTCOMES[1], "pre_trends_differ", 90.0, None, None),
            )
        ],
        "roi_effect": [
            *effects,
            {**_effect(0, _OUTCOMES[0], "effect", (0.9, 0.8, 1.0)), **other, "estimate_id": OTHER_ESTIMATE},
        ],
        "roi_event_study": study,
        "training_cost_monthly": [
            _cost(1, "fee", 5000.0, course, _TEAMS[0]),
            _cost(1, "paid_hours", 3000.0, course, _TEAMS[1]),
            _cost(9, "instructor", 3500.0, figures.CODE_COURSE, None),
            _cost(20, "travel", 500.0, figures.CODE_COURSE, _TEAMS[1]),
            {**_cost(1, "fee", 99999.0, course, None), **other},
        ],
        "outcome_panel": [_panel(person, back) for person in range(4, 20) for back in range(1, 13)],
        "income_context": [
            {
                "source": "Statistics Canada, table 37-10-0195-01", "trade": trade, "jurisdiction": "Canada",
                "cohort_year": year, "years_from_certification": years, "median_income": 40000.0 + 5000 * years,
                "currency": "CAD", "person_count": 1225,
            }
            for trade in ("Construction electrician", "Plumber")
            for year in (2014, 2017)
            for years in (-4, -2, 0, 2, 4)
        ],
    }  # fmt: skip
