"""Parts of the page of returns that read figures: the answer, what training changed and returned, incomes apart."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.charts import returns as charts
from app.dashboards.charts.returns import change_text, money_text, return_text
from app.dashboards.chips import chip_of
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.filters import choose, choose_id
from app.dashboards.components.frame import say_empty
from app.dashboards.components.return_costs import act
from app.dashboards.components.tables import Column, Empty, show_frame, show_listing
from app.dashboards.formats import to_instant, to_month, to_number, to_plural, to_words
from app.dashboards.queries import returns
from app.dashboards.queries.listing import Listing, rows
from app.dashboards.queries.returns import Effect, Records, Return
from app.dashboards.use_cases import returns as use_cases
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.identity.rules import Permission
from operational_db.types import OutcomeKind

RETURN_COLUMNS = (
    Column("name", "Name"),
    Column("state", "What can be said", "status"),
    Column("cost", "Cost", "number"),
    Column("benefit", "Benefit", "number"),
    Column("benefit_low", "Benefit from", "number", help="Lower end of the 95 % interval"),
    Column("benefit_high", "Benefit to", "number", help="Upper end of the 95 % interval"),
    Column("roi", "Return", "percent", help="(Benefit - cost) / cost"),
    Column("roi_low", "Return from", "percent", help="Lower end of the 95 % interval"),
    Column("roi_high", "Return to", "percent", help="Upper end of the 95 % interval"),
    Column("currency", "Currency"),
)
EFFECT_COLUMNS = (
    Column("outcome", "Outcome"),
    Column("course", "Course"),
    Column("state", "What can be said", "status"),
    Column("change", "Change"),
    Column("interval", "95 % interval"),
    Column("trained_count", "Trained", "number", help="Technicians whose change is averaged"),
    Column("compared_count", "Compared with", "number", help="Technicians not yet trained in the same months"),
    Column("month_count", "Months", "number", help="Months after training that can be compared"),
    Column("reason", "Why"),
)
CONTRIBUTIONS = (
    Column("outcome", "Outcome"),
    Column("state", "What can be said", "status"),
    Column("units", "Units", "decimal", help="How many more (or fewer, where fewer are better) through training"),
    Column("unit_value", "Worth of a unit", "decimal"),
    Column("benefit", "Benefit", "number"),
    Column("benefit_low", "From", "number"),
    Column("benefit_high", "To", "number"),
    Column("currency", "Currency"),
)
# What can be said, in a sentence each.
STATE_ANSWERS = {
    "no_visible_effect": "No visible effect: the interval of what training was worth includes nothing at all",
    "not_enough_data": "Not enough data to say what training returned",
    "pre_trends_differ": "No return can be stated: those trained already developed differently before training",
    "no_unit_value": "No return can be stated until you say what a callback avoided or an hour saved is worth",
    "no_cost": "No return can be stated until you record what training cost",
    "mixed_currencies": "No return can be stated across currencies: costs and values are in more than one",
}
NEXT_STEPS = {
    "no_unit_value": "Open “Worth of results” on this page and state at least one value.",
    "no_cost": "Open “Costs” on this page; enrollments can propose fees and paid hours.",
    "mixed_currencies": "Take the amounts in the other currency back and record them in yours.",
}
METHOD = (
    "How this is estimated: technicians' results after training against those of your technicians who were not yet "
    "trained in the same months (difference in differences with staggered adoption, 95 % intervals by technician). "
    "Before an effect is told, those trained and those not must have developed alike before it, and a training date "
    "set too early must show none. Through one course, whoever took other courses only counts as not yet trained. "
    "It is an estimate from your own records, not a promise."
)


def require_figures(viewer: Viewer) -> None:
    """Stop, with the reason, when the figures were made by a version that did not count returns yet."""
    if returns.NEEDED_VIEWS - viewer.warehouse.views:
        say_empty("The figures were made before costs and returns were counted.", "The next update brings them.")
        st.stop()


def returns_answer(found: Return | None) -> str:
    """Whether training paid for itself, as far as that can be said."""
    if found is None:
        return "Nothing is on record yet of what training cost or changed."
    if found.roi is None or found.roi_low is None or found.roi_high is None or found.state in {
        "not_enough_data", "pre_trends_differ", "no_unit_value", "no_cost", "mixed_currencies",
    }:  # fmt: skip
        return f"{STATE_ANSWERS.get(found.state, STATE_ANSWERS['not_enough_data'])}."
    span = f"between {return_text(found.roi_low)} and {return_text(found.roi_high)} in 95 of 100 cases"
    if found.state == "no_visible_effect":
        return f"{STATE_ANSWERS['no_visible_effect']} (return {return_text(found.roi)}, {span})."
    if found.roi_low > 0:
        return f"Training paid for itself: a return of {return_text(found.roi)}, {span}."
    if found.roi_high < 0:
        return f"Training has not paid for itself so far: a return of {return_text(found.roi)}, {span}."
    return f"Whether training paid for itself is open: a return of {return_text(found.roi)}, {span}."


def return_figures(found: Return, records: Records) -> list[Figure]:
    """Cost, benefit, return, and what they rest on."""
    is_told = found.roi is not None
    return [
        Figure(
            "Cost",
            money_text(found.cost, None),
            f"{found.currency or ''} for {to_number(found.training_hours)} hours in courses you sponsored".strip(),
            help="What was recorded and not taken back: fees, paid hours, travel, instructors.",
        ),
        Figure(
            "Benefit",
            money_text(found.benefit, None),
            f"{money_text(found.benefit_low, None)} to {money_text(found.benefit_high, found.currency)}"
            if found.benefit is not None
            else "cannot be stated",
            help="What changed in technicians' results, at your own unit values; 95 % interval below.",
        ),
        Figure(
            "Return",
            return_text(found.roi),
            f"{return_text(found.roi_low)} to {return_text(found.roi_high)}" if is_told else "cannot be stated",
            help="(Benefit - cost) / cost. 0 %: training earned what it cost.",
            chip=chip_of(found.state).markdown,
        ),
        Figure(
            "Outcomes counted",
            f"{to_number(found.counted_count)} of {to_number(found.valued_count)}",
            "of those you gave a value",
        ),
        Figure(
            "Results on record",
            to_number(records.job_count),
            f"jobs of {to_plural(records.technician_count, 'technician')}, {_span(records)}",
        ),
    ]


def _span(records: Records) -> str:
    if records.first_month is None or records.last_month is None:
        return "no month yet"
    return f"{to_month(records.first_month)} to {to_month(records.last_month)}"


def show_return(viewer: Viewer, found: Return | None, records: Records) -> None:
    """Figures, what training changed with its interval, and the return by course and team."""
    if found is not None:
        show_figures(return_figures(found, records))
        if found.state in NEXT_STEPS:
            st.info(NEXT_STEPS[found.state], icon=":material/arrow_forward:")
    effects = viewer.load(returns.effects)
    _show_estimate_button(viewer, effects)
    if not effects:
        say_empty(
            "Nothing was estimated yet.",
            "Import what technicians' jobs yielded under “Results of jobs”; estimates are made every night.",
        )
    else:
        _show_effect(viewer, effects)
    _show_subjects(viewer, "By course", returns.by_course(), key="returns_courses", noun=("course", "courses"))
    _show_subjects(viewer, "By team", returns.by_team(), key="returns_teams", noun=("team", "teams"))
    st.caption(
        "A team has the company's change on its own jobs: it supposes that training did there what it did on average."
    )


def _show_estimate_button(viewer: Viewer, effects: Sequence[Effect]) -> None:
    organization_id = viewer.organization_id
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if effects:
            latest = max(effects, key=lambda each: each.estimated_at)
            st.caption(
                f"Estimated {to_instant(latest.estimated_at, viewer.zone)} from the record at "
                f"{to_number(latest.ledger_size)} ledger entries.",
                width="stretch",
            )
        if organization_id is not None and viewer.principal.can(Permission.MANAGE_ROI, organization_id):
            engine, principal = session.installation().engine, viewer.principal
            st.button(
                "Estimate anew",
                key="returns_estimate",
                icon=":material/refresh:",
                help="From what is on record now; it also happens every night.",
                on_click=act,
                args=(lambda: use_cases.estimate(engine, principal, organization_id=organization_id, now=clock.now()),),
            )


def _show_effect(viewer: Viewer, effects: Sequence[Effect]) -> None:
    st.subheader("What training changed")
    courses = {each.course_id: each.course_title or "Course" for each in effects if each.course_id is not None}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        word = choose("Outcome", [to_words(kind) for kind in OutcomeKind], key="returns_outcome")
        course_id = choose_id("Course", courses, any_label="All courses", key="returns_course")
    kind = next(each for each in OutcomeKind if to_words(each) == word)
    effect = next((each for each in effects if (each.outcome_kind, each.course_id) == (kind, course_id)), None)
    if effect is None:
        say_empty("This outcome was not estimated.", "Choose another one, or all courses.")
    else:
        _show_one(viewer, effect)
    st.caption(METHOD)
    show_frame(
        viewer,
        _effects_frame(effects),
        EFFECT_COLUMNS,
        key="returns_effects",
        alt="Every estimate with its state, change and interval",
        empty=Empty("Nothing was estimated yet.", "Import results of jobs first."),
    )
    _show_contributions(viewer, course_id)


def _show_one(viewer: Viewer, effect: Effect) -> None:
    st.markdown(f"{chip_of(effect.state).markdown} {effect.reason or ''}")
    months = viewer.load(returns.event_study, estimate_id=effect.estimate_id)
    if months.is_empty():
        say_empty("There is no month-by-month picture.", "It takes technicians with results before and after training.")
    else:
        show_chart(charts.event_study(months, effect.outcome_kind), key="returns_event_study")
    with st.container(border=True):
        st.markdown(f"**What would change the answer**  \n{effect.what_would_change or 'More results and months.'}")
        checks = [
            f"Alike before training: p = {effect.pre_trend_p:.2f}" if effect.pre_trend_p is not None else "",
            f"with training set too early: p = {effect.placebo_p:.2f}" if effect.placebo_p is not None else "",
        ]
        told = "; ".join(each for each in checks if each)
        if told:
            st.caption(f"{told} (small values speak against the comparison).")


def _effects_frame(effects: Sequence[Effect]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "outcome": [to_words(each.outcome_kind) for each in effects],
            "course": [each.course_title or "All courses" for each in effects],
            "state": [each.state for each in effects],
            "change": [change_text(each.outcome_kind, each.effect) for each in effects],
            "interval": [
                "–"
                if each.low is None
                else f"{change_text(each.outcome_kind, each.low)} to {change_text(each.outcome_kind, each.high)}"
                for each in effects
            ],
            "trained_count": [each.trained_count for each in effects],
            "compared_count": [each.compared_count for each in effects],
            "month_count": [each.month_count for each in effects],
            "reason": [each.reason for each in effects],
        },
        schema_overrides={"reason": pl.String},
    )


def _show_contributions(viewer: Viewer, course_id: str | None) -> None:
    frame = viewer.load(returns.contributions, course_id=course_id)
    if frame.is_empty():
        return
    st.markdown("**What each outcome adds to the benefit**")
    words = pl.Series("outcome", [to_words(kind) for kind in frame["outcome_kind"].to_list()], pl.String)
    show_frame(
        viewer,
        frame.with_columns(words),
        CONTRIBUTIONS,
        key="returns_contributions",
        alt="Benefit by outcome with its interval",
        empty=Empty("No outcome has a value yet.", "State what a unit is worth under “Worth of results”."),
    )


def _show_subjects(viewer: Viewer, heading: str, listing: Listing, *, key: str, noun: tuple[str, str]) -> None:
    st.subheader(heading)
    sort = next(iter(listing.sorts))
    frame = viewer.load(rows, listing, sort=sort)
    if frame.drop_nulls("roi").height:
        show_chart(charts.returns(frame, f"Return {heading.lower()}, with its interval"), key=f"{key}_chart")
    show_listing(
        viewer,
        listing,
        RETURN_COLUMNS,
        key=key,
        noun=noun,
        empty=Empty(f"No {noun[0]} has a cost or an estimate yet.", "Record costs, and import results of jobs."),
    )


def show_incomes(viewer: Viewer) -> None:
    """Published incomes around certification: context, told apart from the organization's own estimate."""
    st.info(
        "These are published statistics about other people, not your technicians, and no part of any return above: "
        "incomes rise with experience and the times as well.",
        icon=":material/public:",
    )
    trades = viewer.load(returns.income_trades)
    if not trades:
        say_empty(
            "No published incomes were imported.",
            "The operator brings them in: `sitesync import incomes PATH --format rais`.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        trade = choose("Trade", trades, key="returns_trade")
        place = choose("Place", viewer.load(returns.income_places, trade=trade), key="returns_place")
    frame = viewer.load(returns.incomes, trade=trade, jurisdiction=place)
    show_chart(charts.incomes(frame, trade, place), key="returns_incomes")
    st.caption(
        f"Source: {frame['source'][0]}. Median employment income, self-employment included, of people who completed an "
        "apprenticeship, by years from certification."
    )
    show_frame(
        viewer,
        frame,
        (
            Column("cohort_year", "Certified in"),
            Column("years_from_certification", "Years from it"),
            Column("median_income", "Median income", "number"),
            Column("currency", "Currency"),
            Column("person_count", "People", "number"),
        ),
        key="returns_incomes",
        alt=f"Median incomes of {trade} in {place}",
        empty=Empty("No income is published here.", "Choose another trade or place."),
    )
