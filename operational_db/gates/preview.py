"""Impact preview: what a proposed rule, validity or policy change would have done and would do, before it is turned on.

Two questions are put to it: to the decisions recorded in the last days, with what was known when each was made, and to
today's people. Nothing is written. Source: embedded-training seed, dry-run mode.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.gates.access_repository import AccessRepository
from operational_db.gates.history import Change, FactHistory, KnownEvidence, load_history
from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import GateTerms, decide, require_valid_terms
from operational_db.identity.rules import Permission, Principal
from operational_db.proficiency.rules import ScopeRuleTerms, under_terms
from operational_db.proficiency.rules import require_valid_terms as require_valid_scope_terms
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, GateOutcome

LONGEST_DAYS = 366


@dataclass(frozen=True)
class PolicyChangeProposal:
    """A new version of a policy, as if it held already; only changes of scope or controls ask for training anew."""

    policy_id: UUID
    changes_scope: bool
    changes_controls: bool


Proposal = GateTerms | ScopeRuleTerms | PolicyChangeProposal


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """A person whose answer would be another one for an action."""

    person_id: UUID
    display_name: str
    team_id: UUID | None
    team_name: str | None
    action: str
    # Recorded decisions that would have come out the other way.
    decision_count: int
    # Whether today's answer would be another one, too.
    is_changed_today: bool


@dataclass(frozen=True)
class ImpactPreview:
    """Who would newly be denied or allowed, by team and name.

    A proposed rule is previewed as if it were enforced, against what happened: a rule in dry run let everybody pass.
    """

    actions: tuple[str, ...]
    days: int
    newly_denied: tuple[ImpactRow, ...]
    newly_allowed: tuple[ImpactRow, ...]
    decisions_replayed: int
    decisions_changed: int
    people_considered: int
    previewed_at: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    """A recorded decision, as far as a preview needs it."""

    person_id: UUID
    action: str
    rule_id: UUID | None
    resource: str | None
    at: datetime
    outcome: GateOutcome
    was_allowed: bool


def preview_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    proposed: Proposal,
    days: int = 90,
    now: datetime,
) -> ImpactPreview:
    """Hold a proposal against the last days' recorded decisions and against today's people.

    Today's people are those on the action's access lists and who asked for it in these days; without a list, all
    members.

    Parameters
    ----------
    proposed
        A rule (a new one or the next version), other terms of a scope's validity, or a policy change.
    days
        How far back decisions are taken, 1 to 366.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When there is no such policy the organization could change.
    """
    principal.require(Permission.VIEW_GATES, organization_id)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInputError(f"A preview looks 1 to {LONGEST_DAYS} days back.")
    _require_valid(session, organization_id, proposed)
    trial = _trial_of(session, organization_id, proposed, now)
    since = now - timedelta(days=days)
    asked = list(_recorded(session, organization_id, trial, since=since, until=now))
    people = _todays_people(session, organization_id, trial, asked, now.date())
    everybody = {each.person_id for each in asked}.union(*people.values())
    past_rules = _past_rules(session, asked)
    proposals = [] if trial.proposed is None else [trial.proposed]
    history = load_history(
        session,
        organization_id,
        everybody,
        [*proposals, *trial.rules.values(), *past_rules.values()],
        known_from=since,
    )
    denied: Counter[tuple[UUID, str]] = Counter()
    allowed: Counter[tuple[UUID, str]] = Counter()
    for each in asked:
        before, after = trial.replay(each, history, past_rules)
        if before != after:
            (allowed if after else denied)[(each.person_id, each.action)] += 1
    denied_today, allowed_today = _today(trial, people, history, now)
    return ImpactPreview(
        actions=tuple(sorted(trial.actions)),
        days=days,
        newly_denied=_rows(session, history, denied, denied_today, now.date()),
        newly_allowed=_rows(session, history, allowed, allowed_today, now.date()),
        decisions_replayed=len(asked),
        decisions_changed=sum(denied.values()) + sum(allowed.values()),
        people_considered=len(set().union(*people.values())),
        previewed_at=now,
    )


@dataclass(frozen=True)
class _Trial:
    """A proposal made ready: the rules it concerns and what it does to evidence."""

    actions: frozenset[str]
    # The rule of each action today; none where the action has none.
    rules: dict[str, GateTerms]
    proposed: GateTerms | None
    change: Change | None

    def after(self, terms: GateTerms | None, history: FactHistory, person_id: UUID, action: str, at: datetime) -> bool:
        """Whether the person would be allowed at the instant, under the proposal."""
        tried = self.proposed or terms
        if tried is None:
            return False
        facts = history.facts(tried, person_id, at=at, change=self.change)
        return decide(tried, facts, at).outcome is GateOutcome.ALLOW

    def replay(self, asked: _Asked, history: FactHistory, past_rules: dict[UUID, GateTerms]) -> tuple[bool, bool]:
        """Before and after: of a rule what really happened, of a change of evidence what the rule said."""
        terms = None if asked.rule_id is None else past_rules.get(asked.rule_id)
        before = asked.was_allowed if self.proposed is not None else asked.outcome is GateOutcome.ALLOW
        return before, self.after(terms, history, asked.person_id, asked.action, asked.at)

    def today(self, history: FactHistory, person_id: UUID, action: str, now: datetime) -> tuple[bool, bool]:
        terms = self.rules.get(action)
        if terms is None:
            before = False
        else:
            decision = decide(terms, history.facts(terms, person_id, at=now), now)
            before = decision.is_allowed if self.proposed is not None else decision.outcome is GateOutcome.ALLOW
        return before, self.after(terms, history, person_id, action, now)


def _require_valid(session: Session, organization_id: UUID, proposed: Proposal) -> None:
    if isinstance(proposed, GateTerms):
        require_valid_terms(proposed)
    elif isinstance(proposed, ScopeRuleTerms):
        require_valid_scope_terms(proposed)
    elif GateRepository(session).unusable_references(
        organization_id, policy_id=proposed.policy_id, runbook_id=None, lesson_id=None
    ):
        raise NotFoundError("There is no policy with this id that your organization goes by. Check the id.")


def _trial_of(session: Session, organization_id: UUID, proposed: Proposal, now: datetime) -> _Trial:
    in_effect = {
        view.terms.action: view.terms
        for view in GateRepository(session).rules(organization_id, on=now.date())
        if view.is_in_effect
    }
    if isinstance(proposed, GateTerms):
        terms = replace(proposed, organization_id=organization_id)
        current = in_effect.get(proposed.action)
        rules = {proposed.action: current} if current is not None else {}
        return _Trial(frozenset({proposed.action}), rules, terms, None)
    if isinstance(proposed, ScopeRuleTerms):
        key = f"track:{proposed.scope}" if "/" in proposed.scope else f"scope:{proposed.scope}"
        rules = {
            action: terms
            for action, terms in in_effect.items()
            if any(requirement.key == key for requirement in terms.requirements)
        }
        return _Trial(frozenset(rules), rules, None, _under(proposed, key))
    change: Change | None = None
    if proposed.changes_scope or proposed.changes_controls:
        change = _without(AccessRepository(session).lessons_teaching(proposed.policy_id))
    return _Trial(frozenset(in_effect), in_effect, None, change)


def _under(terms: ScopeRuleTerms, key: str) -> Change:
    """Evidence of the scope with the expiry it would have under the terms."""

    def change(known: Sequence[KnownEvidence]) -> Sequence[KnownEvidence]:
        concerned = {each.evidence.id: each for each in known if each.key == key}
        changed = under_terms([each.evidence for each in concerned.values()], terms)
        return [
            *(each for each in known if each.key != key),
            *(replace(concerned[each.id], evidence=each) for each in changed),
        ]

    return change


def _without(lesson_ids: Collection[UUID]) -> Change:
    """Evidence of lessons that teach the policy as it was no longer counts."""

    def change(known: Sequence[KnownEvidence]) -> Sequence[KnownEvidence]:
        return [
            replace(each, evidence=replace(each.evidence, revoked_from=date.min))
            if each.lesson_id in lesson_ids
            else each
            for each in known
        ]

    return change


def _recorded(
    session: Session, organization_id: UUID, trial: _Trial, *, since: datetime, until: datetime
) -> Iterator[_Asked]:
    for event in GateRepository(session).decided_events(since=since, until=until, organization_id=organization_id):
        body = orjson.loads(event.body)
        if body["action"] in trial.actions and event.subject_id is not None:
            yield _to_asked(event, event.subject_id, body)


def _to_asked(event: LedgerEvent, person_id: UUID, body: dict[str, str]) -> _Asked:
    outcome = GateOutcome(body["outcome"])
    return _Asked(
        person_id=person_id,
        action=body["action"],
        rule_id=UUID(body["rule_id"]) if body.get("rule_id") else None,
        resource=body.get("resource"),
        at=event.occurred_at,
        outcome=outcome,
        was_allowed=outcome is GateOutcome.ALLOW or body["mode"] == GateMode.DRY_RUN,
    )


def _past_rules(session: Session, asked: Sequence[_Asked]) -> dict[UUID, GateTerms]:
    repository = GateRepository(session)
    ids = {each.rule_id for each in asked if each.rule_id is not None}
    found = {rule_id: repository.rule(rule_id) for rule_id in ids}
    return {rule_id: to_terms(rule) for rule_id, rule in found.items() if rule is not None}


def _todays_people(
    session: Session, organization_id: UUID, trial: _Trial, asked: Sequence[_Asked], on: date
) -> dict[str, set[UUID]]:
    repository = AccessRepository(session)
    members = set(repository.member_ids(organization_id, on=on))
    people: dict[str, set[UUID]] = {action: set() for action in trial.actions}
    for person_id, action, _ in repository.people_with_access(organization_id):
        if action in people:
            people[action].add(person_id)
    for action, found in people.items():
        people[action] = found or set(members)
    for each in asked:
        people[each.action].add(each.person_id)
    # Somebody who left is denied whatever the proposal says.
    return {action: found & members for action, found in people.items()}


def _today(
    trial: _Trial, people: dict[str, set[UUID]], history: FactHistory, now: datetime
) -> tuple[set[tuple[UUID, str]], set[tuple[UUID, str]]]:
    denied: set[tuple[UUID, str]] = set()
    allowed: set[tuple[UUID, str]] = set()
    for action, found in people.items():
        for person_id in found:
            before, after = trial.today(history, person_id, action, now)
            if before != after:
                (allowed if after else denied).add((person_id, action))
    return denied, allowed


def _rows(
    session: Session,
    history: FactHistory,
    counts: Counter[tuple[UUID, str]],
    today: set[tuple[UUID, str]],
    on: date,
) -> tuple[ImpactRow, ...]:
    keys = counts.keys() | today
    repository = AccessRepository(session)
    names = repository.display_names({person_id for person_id, _ in keys})
    teams = repository.team_names(history.organization_id)
    rows = []
    for person_id, action in keys:
        team_id = history.team_on(person_id, on)
        rows.append(
            ImpactRow(
                person_id=person_id,
                display_name=names.get(person_id, "Unknown"),
                team_id=team_id,
                team_name=None if team_id is None else teams.get(team_id),
                action=action,
                decision_count=counts[(person_id, action)],
                is_changed_today=(person_id, action) in today,
            )
        )
    return tuple(
        sorted(
            rows,
            key=lambda row: (row.team_name is None, row.team_name or "", row.display_name, row.action, row.person_id),
        )
    )
