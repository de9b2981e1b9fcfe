"""`sitesync gate …`: ask a gate, list rules, and make recorded decisions again to see that they come out the same."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import NotFoundError
from operational_db.gates import audit, service
from operational_db.gates.rules import GateDecision, Requirement
from operational_db.gates.views import GateRuleView, ReplayReport, ReplayResult
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.settings import load_settings

commands = typer.Typer(no_args_is_help=True, help="Gates: ask one, list the rules, make recorded decisions again.")

OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="Address name of the organization; the platform without it.")
]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day in UTC, such as 2026-11-02.", show_default=False)
]


@commands.command("decide")
def decide_action(
    action: Annotated[str, typer.Argument(help="The action, such as data-export.")],
    person: Annotated[UUID, typer.Option(help="Id of the person who wants to do it.")],
    organization: OrganizationOption = None,
    resource: Annotated[str | None, typer.Option(help="What it is to be done to; an id of the asking product.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision's canonical JSON.")] = False,
) -> None:
    """Decide and record: exit 0 when the action may go ahead, 1 when not."""
    with open_context(load_settings()) as context:
        with read_only_session(context.engine) as session:
            organization_id = _organization_id(session, organization)
        decision = service.decide_durably(
            context.engine,
            SYSTEM_PRINCIPAL,
            action=action,
            person_id=person,
            organization_id=organization_id,
            resource=resource,
            now=clock.now(),
        )
    typer.echo(decision.canonical().decode() if as_json else _describe(decision))
    if not decision.is_allowed:
        raise typer.Exit(1)


@commands.command("rules")
def list_rules(
    organization: OrganizationOption = None,
    has_all: Annotated[bool, typer.Option("--all", help="Former and later versions too.")] = False,
) -> None:
    """List the rules in effect today, the organization's own before the platform's."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        rules = service.rules_of(session, SYSTEM_PRINCIPAL, _organization_id(session, organization), now=clock.now())
    table = Table("action", "version", "owner", "mode", "from", "needs", "in effect")
    for rule in rules:
        if has_all or rule.is_in_effect:
            table.add_row(*_rule_cells(rule))
    Console().print(table)


@commands.command("replay")
def replay(
    decision: Annotated[
        UUID | None, typer.Argument(help="Id of one decision; without it a range of days.", show_default=False)
    ] = None,
    day: Day = None,
    since: Day = None,
    until: Day = None,
    organization: OrganizationOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Make recorded decisions of gates, and crew checks, again, bit for bit.

    Today's unless a decision or days (the last included) are named.

    Exit 1 when one comes out otherwise than it was recorded.
    """
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        if decision is not None:
            result = audit.replay_any(session, decision)
            report = ReplayReport(1, int(result.is_identical), () if result.is_identical else (result,))
        else:
            first, last = _days(day, since, until)
            report = audit.replay_all(
                session,
                since=first,
                until=last + timedelta(days=1),
                organization_id=_organization_id(session, organization),
            )
    if as_json:
        typer.echo(json.dumps(_as_dict(report), indent=2))
    else:
        for each in report.differing:
            typer.echo(f"{each.decision_id} {each.action} {each.decided_at.isoformat()}: {each.difference}", err=True)
        typer.echo(f"Replayed {report.replayed_count:,}; {report.identical_count:,} came out identical.")
    if not report.is_identical:
        raise typer.Exit(1)


def _days(day: datetime | None, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    if day is not None and (since is not None or until is not None):
        raise typer.BadParameter("Name a day, or the first and the last of several.", param_hint="--day")
    today = datetime.combine(clock.today(), datetime.min.time(), UTC)
    last = (day or until or today).replace(tzinfo=UTC)
    first = (day or since or last).replace(tzinfo=UTC)
    if last < first:
        raise typer.BadParameter("The last day lies before the first.", param_hint="--until")
    return first, last


def _organization_id(session: Session, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    for each in identity.list_organizations(session, SYSTEM_PRINCIPAL):
        if each.slug == slug:
            return each.organization_id
    raise NotFoundError(f"There is no organization '{slug}'. Check its address name.")


def _describe(decision: GateDecision) -> str:
    answer = "ALLOWED" if decision.is_allowed else "DENIED"
    tried = " (dry run: the rule itself says no)" if decision.is_allowed and decision.outcome == "deny" else ""
    lines = [f"{answer}{tried}: {decision.text}", f"Decision: {decision.decision_id or 'not recorded'}"]
    lines += [f"  {key}: {reason}" for key, reason in decision.reasons]
    return "\n".join(lines)


def _rule_cells(rule: GateRuleView) -> Sequence[str]:
    terms = rule.terms
    return (
        terms.action,
        str(terms.version),
        "platform" if rule.is_platform else "organization",
        str(terms.mode),
        terms.effective_from.isoformat(),
        "; ".join(_needs(requirement) for requirement in terms.requirements),
        "yes" if rule.is_in_effect else "",
    )


def _needs(requirement: Requirement) -> str:
    window = ""
    if requirement.within_months is not None:
        window = f" within {requirement.within_months} months"
    elif requirement.within_days is not None:
        window = f" within {requirement.within_days} days"
    return f"{requirement.key} {requirement.level}{window}"


def _as_dict(report: ReplayReport) -> dict[str, object]:
    return {
        "replayed_count": report.replayed_count,
        "identical_count": report.identical_count,
        "differing": [_difference(each) for each in report.differing],
    }


def _difference(result: ReplayResult) -> dict[str, str | None]:
    return {
        "decision_id": str(result.decision_id),
        "action": result.action,
        "decided_at": result.decided_at.isoformat(),
        "difference": result.difference,
        "recorded": result.recorded.decode(),
        "replayed": None if result.replayed is None else result.replayed.decode(),
    }
