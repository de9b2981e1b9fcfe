"""Scorecards of an owner's contractors: one card each, side by side, and what each figure says and leads to."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from app.dashboards.charts.owners import place_among
from app.dashboards.components.figures import Figure
from app.dashboards.components.tables import Column
from app.dashboards.formats import to_number, to_parts, to_percent, to_plural, to_points, to_relative_day
from app.dashboards.navigation import OWNER_CONTRACTOR
from app.dashboards.queries.contractors import TREND_DAYS, Card, Totals
from app.dashboards.viewer import Viewer
from operational_db.owners.views import CrewRuleView

MOST_CARDS = 6
SINCE = f"vs {TREND_DAYS} days before"
COLUMNS = (
    Column("name", "Contractor"),
    Column("requirement_coverage", "Requirements covered", "percent"),
    Column("certificates_in_date_rate", "Certificates in date", "percent"),
    Column("one_deep_count", "Rules that hang on one", "number"),
    Column("expiring_before_visit_count", "Lapse before next visit", "number", help="People who meet a rule today"),
    Column("training_hours_per_technician", "Hours a technician", "decimal", help="Trained in the last 365 days"),
    Column("training_spend_per_technician", "Spend a technician", "decimal", help="Courses begun in the last 365 days"),
    Column("currency", "Currency"),
    Column("technician_count", "Technicians", "number"),
    Column("next_visit_on", "Next visit", "date"),
)
REQUIREMENTS = (
    Column("needs", "What is asked"),
    Column("target", "For"),
    Column("state", "Coverage", "status"),
    Column("qualified_count", "People who meet it alone", "number"),
    Column("covered_until", "Covered until", "date", help="If nothing is renewed"),
    Column("expires_before_visit_count", "Lapse before next visit", "number"),
    Column("unit_count", "Units", "number"),
)


def contractors_answer(totals: Totals) -> str:
    """How much of what is asked the contractors cover, and where it hangs on single people."""
    if not totals.contractor_count:
        return "No contractor has a contract today."
    if not totals.requirement_count:
        return f"{to_plural(totals.contractor_count, 'contractor')}, and nothing is asked of them."
    return (
        f"{to_plural(totals.contractor_count, 'contractor covers', 'contractors cover')} "
        f"{to_percent(totals.covered_count / totals.requirement_count)} of what you ask of them "
        f"({to_parts(totals.covered_count, totals.requirement_count)}); {_one_deep(totals)}."
    )


def _one_deep(totals: Totals) -> str:
    count = totals.one_deep_contractor_count
    return f"at {to_number(count)} of them something hangs on one person" if count else "nothing hangs on one person"


def money(value: float | None, currency: str | None) -> str:
    """An amount with its currency; nothing spent has none."""
    if value is None:
        return "–"
    return f"{to_number(value)}\u202f{currency}" if currency else to_number(value)


def card_figures(card: Card, viewer: Viewer) -> list[Figure]:
    """The figures of one contractor, with their change and, where it is known, their place among others."""
    hours = card.trend_training_hours_per_technician
    spend = card.trend_training_spend_per_technician
    return [
        Figure(
            "Requirements covered",
            to_percent(card.requirement_coverage),
            f"{to_parts(card.covered_count, card.requirement_count)} of yours",
            to_points(card.trend_requirement_coverage),
            SINCE,
            help=place_among(card.quantile_requirement_coverage),
        ),
        Figure(
            "Certificates in date",
            to_percent(card.certificates_in_date_rate),
            f"of {to_plural(card.technician_count, 'technician')}",
            to_points(card.trend_certificates_in_date_rate),
            SINCE,
            help=place_among(card.quantile_certificates_in_date_rate),
        ),
        Figure(
            "Hours a technician",
            "–" if card.training_hours_per_technician is None else to_number(card.training_hours_per_technician, 1),
            "trained in 365 days",
            None if hours is None else _signed(f"{hours:+.1f} h"),
            SINCE,
            help=place_among(card.quantile_training_hours_per_technician),
        ),
        Figure(
            "Spend a technician",
            money(card.training_spend_per_technician, card.currency),
            "courses begun in 365 days",
            None if spend is None else _signed(f"{spend:+,.0f} {card.currency or ''}".strip()),
            SINCE,
            help=place_among(card.quantile_training_spend_per_technician),
        ),
        Figure(
            "At risk",
            to_number(card.one_deep_count),
            f"{'rule hangs' if card.one_deep_count == 1 else 'rules hang'} on one person; {_lapsing(card, viewer)}",
        ),
    ]


def _signed(text: str) -> str:
    """With the sign that is as wide as a plus."""
    return text.replace("-", "−")


def _lapsing(card: Card, viewer: Viewer) -> str:
    if card.next_visit_on is None:
        return "no visit is planned"
    who = to_plural(card.expiring_before_visit_count, "person lapses", "people lapse")
    return f"{who} before the next visit, {to_relative_day(card.next_visit_on, viewer.today)}"


def show_cards(viewer: Viewer, cards: Sequence[Card]) -> None:
    """Cards side by side, each with the same lines in the same order; they stack on a narrow screen."""
    with st.grid(min(len(cards), 3), min_column_width=280, gap="small") as grid:
        for card in cards:
            with grid.container(border=True, height="stretch", gap="xsmall"):
                st.page_link(
                    OWNER_CONTRACTOR.path,
                    label=f"**{card.name}**",
                    icon=OWNER_CONTRACTOR.icon,
                    query_params={"contractor": card.contractor_id},
                )
                for figure in card_figures(card, viewer):
                    change = f" · {figure.change} {figure.change_since}" if figure.change else ""
                    st.markdown(f"{figure.label}: **{figure.value}**  \n:small[{figure.detail}{change}]")


def measures(cards: Sequence[Card], value: str, quantile: str) -> pl.DataFrame:
    """What a chart compares: name, value, quantile."""
    return pl.DataFrame(
        {
            "name": [card.name for card in cards],
            "value": [getattr(card, value) for card in cards],
            "quantile": [getattr(card, quantile) for card in cards],
        },
        schema={"name": pl.String, "value": pl.Float64, "quantile": pl.Float64},
    )


def places_of(card: Card) -> list[str]:
    """Where the contractor stands among others in each figure, as lines of a list."""
    places = {
        "Requirements covered": card.quantile_requirement_coverage,
        "Certificates in date": card.quantile_certificates_in_date_rate,
        "Hours a technician": card.quantile_training_hours_per_technician,
        "Spend a technician": card.quantile_training_spend_per_technician,
    }
    return [f"- {label}: {(text := place_among(place))[0].lower()}{text[1:]}." for label, place in places.items()]


def with_rules(answers: pl.DataFrame, rules: Sequence[CrewRuleView]) -> pl.DataFrame:
    """The contractor's answers with what each rule asks and for what, read from the records."""
    known = {str(rule.rule_id): rule for rule in rules}
    found = [known.get(rule_id) for rule_id in answers["rule_id"].cast(pl.String).to_list()]
    return answers.with_columns(
        pl.Series("needs", ["A rule that changed since" if rule is None else rule.text for rule in found], pl.String),
        pl.Series("target", [None if rule is None else rule.target_name for rule in found], pl.String),
    )
