"""The figures of the security and content pages: what each says, and whom it leads to."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from app.dashboards.components.figures import Drill, Figure
from app.dashboards.formats import to_day, to_number, to_parts, to_percent, to_plural
from app.dashboards.navigation import SECURITY_EXCEPTIONS
from app.dashboards.queries import content, gates, incidents
from app.dashboards.queries.coverage import TierCoverage

NONE = TierCoverage(0, 0, 0, 0, None)


def coverage_answer(tiers: Mapping[str, TierCoverage], tracks: pl.DataFrame) -> str:
    """How many are trained on their Core track, and where it is worst."""
    tier = "core" if "core" in tiers else next(iter(tiers))
    found = tiers[tier]
    text = (
        f"{to_percent(found.rate)} trained on their {tier.capitalize()} track: "
        f"{to_parts(found.trained_count, found.required_count)}"
    )
    lowest = tracks.filter(pl.col("tier") == tier).sort("coverage_rate", "title").row(0, named=True)
    if lowest["trained_count"] < lowest["required_count"]:
        made_of = to_parts(lowest["trained_count"], lowest["required_count"])
        text += f"; lowest: {lowest['title']} with {made_of}"
    return f"{text}."


def coverage_figures(tiers: Mapping[str, TierCoverage], exceptions: Mapping[str, int]) -> list[Figure]:
    """Coverage by tier, freshness, what ends soon, and access without training."""
    core, advanced = tiers.get("core", NONE), tiers.get("advanced", NONE)
    trained = core.trained_count + advanced.trained_count
    days = [(found.average_days, found.trained_count) for found in (core, advanced) if found.average_days is not None]
    weight = sum(count for _, count in days)
    average = sum(average * count for average, count in days) / weight if weight else None
    return [
        Figure(
            "Core trained",
            to_percent(core.rate),
            to_parts(core.trained_count, core.required_count),
            drill=Drill(None, "Who is not", {"coverage_state": "Not trained"}),
        ),
        Figure(
            "Advanced trained",
            to_percent(advanced.rate),
            to_parts(advanced.trained_count, advanced.required_count),
            drill=Drill(None, "Who is", {"coverage_state": "Trained"}),
        ),
        Figure(
            "Freshness",
            "–" if average is None else to_plural(round(average), "day"),
            f"on average until what is held ends · {to_number(trained)} held",
            drill=Drill(None, "Who has lapsed", {"coverage_state": "Lapsed"}),
        ),
        Figure(
            "Ends in 30 days",
            to_number(core.expiring_count + advanced.expiring_count),
            f"of {to_number(trained)} held",
            drill=Drill(None, "Whose", {"coverage_state": "Expiring in 30 days"}),
        ),
        Figure(
            "Access without training",
            to_number(sum(exceptions.values())),
            f"{to_number(exceptions.get('waived', 0))} waived",
            drill=Drill(SECURITY_EXCEPTIONS, "Who"),
        ),
    ]


def exception_figures(counts: Mapping[str, int], access_count: int) -> list[Figure]:
    """Exceptions by reason, each filtering the list."""

    def figure(label: str, reason: str, filter_name: str, detail: str) -> Figure:
        return Figure(
            label,
            to_number(counts.get(reason, 0)),
            detail,
            drill=Drill(None, "Show them", {"exceptions_reason": filter_name, "exceptions_part": "Who and why"}),
        )

    total = sum(counts.values())
    covered = access_count - total
    return [
        Figure(
            "Covered by training",
            to_percent(covered / access_count) if access_count else "–",
            to_parts(covered, access_count),
            help="People and actions on an access list for whom the gate's requirements are met.",
        ),
        figure("Never trained", "never_trained", "Never trained", f"of {to_number(total)} exceptions"),
        figure("Lapsed", "lapsed", "Lapsed", "trained once, too long ago or expired"),
        figure("Older version", "superseded_version", "Older version", "a policy changed since"),
        figure("Waived", "waived", "Waived", "for a time, with a reason"),
    ]


def gate_answer(counts: gates.Counts, since: date) -> str:
    """What the gates did since a day."""
    if not counts.total:
        return f"No gate was asked since {to_day(since)}."
    return (
        f"{to_plural(counts.deny, 'action was', 'actions were')} stopped since {to_day(since)}, of "
        f"{to_plural(counts.total, 'decision')}; a dry run would have stopped {to_number(counts.would_deny)} more."
    )


def gate_figures(counts: gates.Counts) -> list[Figure]:
    """Decisions by outcome, each filtering the list."""

    def figure(label: str, count: int) -> Figure:
        share = to_percent(count / counts.total) if counts.total else "–"
        detail = f"{share} of {to_plural(counts.total, 'decision')}"
        return Figure(label, to_number(count), detail, drill=Drill(None, "Show them", {"gates_outcome": label}))

    return [
        figure("Allowed", counts.allow),
        figure("Denied", counts.deny),
        figure("Would be denied", counts.would_deny),
    ]


def incident_figures(counts: incidents.Counts) -> list[Figure]:
    """Those involved in incidents, and whether they were certified."""
    involved = counts.involved_count
    return [
        Figure("Incidents", to_number(counts.incident_count), "with people involved"),
        Figure(
            "As known then",
            to_percent(counts.known_certified_count / involved) if involved else "–",
            f"{to_parts(counts.known_certified_count, involved)} involved were certified",
        ),
        Figure(
            "As known now",
            to_percent(counts.certified_count / involved) if involved else "–",
            f"{to_parts(counts.certified_count, involved)} involved were certified",
            help="Takes in what was learned since, such as a revocation that reaches back.",
        ),
    ]


def content_figures(counts: content.Counts) -> list[Figure]:
    """What needs somebody, each filtering the list."""

    def drill(state: str) -> Drill:
        return Drill(None, "Show them", {"content_state": state})

    oldest = counts.oldest_open_review_days
    return [
        Figure(
            "Published",
            to_number(counts.published_count),
            f"of {to_plural(counts.lesson_count, 'lesson')}",
            drill=drill("Published"),
        ),
        Figure(
            "Open reviews",
            to_number(counts.open_review_count),
            "none waits" if oldest is None else f"the oldest waits {to_plural(oldest, 'day')}",
            drill=drill("In review"),
        ),
        Figure(
            "Refresh due",
            to_number(counts.refresh_due_count),
            f"of {to_number(counts.published_count)} published",
            drill=drill("Refresh due"),
        ),
        Figure(
            "Flagged",
            to_number(counts.flagged_count),
            "a policy they teach has changed",
            drill=drill("Flagged"),
        ),
        Figure(
            "Drafts",
            to_number(counts.draft_count),
            f"{to_number(counts.in_review_count)} in review",
            drill=drill("Draft"),
        ),
    ]
