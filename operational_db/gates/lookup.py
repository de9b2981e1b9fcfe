"""Finding what a decision depends on: the rule in effect and the facts, in one prepared statement on the driver's
connection, because every risky action of every product waits for it.

Which rule is in effect is read in that same statement, so it is never older than the snapshot of the decision; only
the parsed form of a version is kept in memory, and a version never changes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

import psycopg

from operational_db.gates.documents import requirements_from
from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, WaiverFact
from operational_db.prepared import PreparedStatement
from operational_db.proficiency.rules import parse_track_name, utc_day
from operational_db.types import GateMode, ProficiencyLevel


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to do what, for which organization (None: on the platform itself)."""

    action: str
    person_id: UUID
    organization_id: UUID | None
    resource: str | None = None


# Written for one question and for many: with lists in it, the planner would not trust a plan it made before, and make
# another one for every question, which takes longer than the look-up itself.
_FORMS: Mapping[bool, Mapping[str, str]] = {
    False: {
        "asked": "(values ({organizations}::uuid, {actions}::text))",
        "of_people": "= {people}::uuid",
        "of_actions": "= {actions}::text",
        "of_organizations": "= {organizations}::uuid",
    },
    True: {
        "asked": "unnest({organizations}::uuid[], {actions}::text[])",
        "of_people": "= any({people}::uuid[])",
        "of_actions": "= any({actions}::text[])",
        "of_organizations": "= any({organizations}::uuid[])",
    },
}
_SCOPE_FORMS: Mapping[bool, str] = {False: "= {scopes}::text", True: "= any({scopes}::text[])"}

# In the order of their places ($1, $2, …).
_PARAMETERS = ("organizations", "actions", "people", "scopes", "day", "known_at", "personas", "tiers")

# An organization's own rule goes before the platform's; the highest version in effect counts.
_RULES = """
select 'r', rule.id, null::uuid, asked.organization_id, asked.action, null, null::timestamptz, null::date, null::date
from {asked} as asked(organization_id, action)
cross join lateral (
    (
        select own.id from gate_rules as own
        where own.organization_id = asked.organization_id and own.action = asked.action
            and own.effective_from <= {day}::date and (own.ended_on is null or own.ended_on > {day}::date)
        order by own.version desc limit 1
    )
    union all
    (
        select platform.id from gate_rules as platform
        where platform.organization_id is null and platform.action = asked.action
            and platform.effective_from <= {day}::date
            and (platform.ended_on is null or platform.ended_on > {day}::date)
        order by platform.version desc limit 1
    )
    limit 1
) as rule
"""
_MEMBERS = """
union all
select 'm', person_id, null, organization_id, null, null, null, null, null
from memberships
where person_id {of_people} and started_on <= {day}::date and (ended_on is null or ended_on > {day}::date)
"""
_WAIVERS = """
union all
select 'w', id, person_id, organization_id, action, null, ended_at, starts_on, ends_on
from gate_waivers
where person_id {of_people} and action {of_actions} and recorded_at <= {known_at}::timestamptz
"""
# Evidence of an organization's own lesson proves nothing to other organizations.
_SCOPE_EVIDENCE = """
union all
select 'e', evidence.id, evidence.person_id, lessons.organization_id, evidence.scope, evidence.level::text,
    evidence.achieved_at, evidence.expires_on,
    case when evidence.revoked_at <= {known_at}::timestamptz then evidence.revoked_from end
from proficiency_evidence as evidence
left join lessons on lessons.id = evidence.lesson_id
where evidence.person_id {of_people} and evidence.scope {of_scopes}
    and evidence.recorded_at <= {known_at}::timestamptz
"""
_TRACKS = """
union all
select 't', id, null, organization_id, persona::text, tier::text, null, null, null
from training_tracks
where persona = any({personas}::text[]) and tier = any({tiers}::text[])
    and (organization_id is null or organization_id {of_organizations})
"""
_TRACK_EVIDENCE = """
union all
select 'k', evidence.id, evidence.person_id, evidence.track_id, null, evidence.level::text,
    evidence.achieved_at, evidence.expires_on,
    case when evidence.revoked_at <= {known_at}::timestamptz then evidence.revoked_from end
from proficiency_evidence as evidence
where evidence.person_id {of_people} and evidence.track_id is not null
    and evidence.recorded_at <= {known_at}::timestamptz
"""
_PEOPLE = """
union all
select 'p', id, null, null, null, null, null, null, null
from people where id {of_people} and erased_at is null
"""


@cache
def _statement(
    has_many_questions: bool, has_many_scopes: bool, has_tracks: bool, has_platform: bool
) -> PreparedStatement:
    """Its parameters are those of `_PARAMETERS` in their order, without the last two where no track is asked for."""
    parts = [_RULES, _MEMBERS, _WAIVERS, _SCOPE_EVIDENCE]
    if has_tracks:
        parts += [_TRACKS, _TRACK_EVIDENCE]
    if has_platform:
        parts.append(_PEOPLE)
    places = {name: f"${number}" for number, name in enumerate(_PARAMETERS, 1)}
    forms = {**_FORMS[has_many_questions], "of_scopes": _SCOPE_FORMS[has_many_scopes]}
    placed = {name: form.format(**places) for name, form in forms.items()}
    return PreparedStatement("".join(parts).format(**placed, **places))


@dataclass(frozen=True, slots=True)
class Found:
    """The rule in effect (None when there is none) and the facts it is to be held against."""

    terms: GateTerms | None
    facts: GateFacts
    now: datetime


# Versions never change, so one that was read stays true; which of them is in effect is asked every time.
_terms_of_rule: dict[UUID, GateTerms] = {}
# The version last seen for an organization's action: a guess that saves a round trip, checked on every use.
_last_rule: dict[tuple[UUID | None, str], UUID] = {}
_REMEMBERED = 20_000

Row = tuple[str, UUID, UUID | None, UUID | None, str | None, str | None, datetime | None, date | None, date | None]


def look_up(connection: psycopg.Connection, questions: Sequence[tuple[Asked, datetime]]) -> list[Found]:
    """The rule and the facts of each question at its instant; all of them on the same day of UTC.

    One statement, and another one when a rule was not seen before or has just changed. It sees what the connection's
    transaction sees, as known at the latest of the instants.
    """
    asked = [each for each, _ in questions]
    known_at = max(now for _, now in questions)
    pairs = dict.fromkeys((each.organization_id, each.action) for each in asked)
    guessed = [guess for pair in pairs if (guess := _guess(pair)) is not None]
    scopes, tracks = _targets(guessed)
    while True:
        rows = _fetch(connection, asked, pairs, scopes, tracks, utc_day(known_at), known_at)
        rules = {(row[3], str(row[4])): row[1] for row in rows if row[0] == "r"}
        terms = _known_terms(connection, rules)
        wanted_scopes, wanted_tracks = _targets(terms.values())
        if wanted_scopes <= scopes and wanted_tracks <= tracks:
            return _build(questions, terms, rows)
        scopes, tracks = scopes | wanted_scopes, tracks | wanted_tracks


def look_up_for(
    connection: psycopg.Connection,
    terms: GateTerms,
    *,
    organization_id: UUID | None,
    person_ids: Sequence[UUID],
    at: datetime,
    known_at: datetime | None = None,
) -> list[GateFacts]:
    """The facts of people for a rule that need not be in effect, such as a proposal; as known at another instant."""
    asked = [Asked(terms.action, person_id, organization_id) for person_id in person_ids]
    if not asked:
        return []
    scopes, tracks = _targets([terms])
    pairs = {(organization_id, terms.action): None}
    rows = _fetch(connection, asked, pairs, scopes, tracks, utc_day(at), known_at or at)
    questions = [(each, at) for each in asked]
    return [found.facts for found in _build(questions, {(organization_id, terms.action): terms}, rows)]


def _guess(pair: tuple[UUID | None, str]) -> GateTerms | None:
    rule_id = _last_rule.get(pair)
    return None if rule_id is None else _terms_of_rule.get(rule_id)


def _targets(terms: Collection[GateTerms]) -> tuple[frozenset[str], frozenset[str]]:
    return (
        frozenset().union(*[each.scopes for each in terms]),
        frozenset().union(*[each.tracks for each in terms]),
    )


def _fetch(
    connection: psycopg.Connection,
    asked: Sequence[Asked],
    pairs: Mapping[tuple[UUID | None, str], None],
    scopes: frozenset[str],
    tracks: frozenset[str],
    day: date,
    known_at: datetime,
) -> list[Row]:
    has_many = len(asked) > 1
    one_scope = next(iter(scopes)) if len(scopes) == 1 else None
    values: list[object]
    if has_many:
        values = [
            [organization_id for organization_id, _ in pairs],
            [action for _, action in pairs],
            list({each.person_id for each in asked}),
        ]
        has_platform = any(organization_id is None for organization_id, _ in pairs)
    else:
        question = asked[0]
        values = [question.organization_id, question.action, question.person_id]
        has_platform = question.organization_id is None
    values += [sorted(scopes) if one_scope is None else one_scope, day, known_at]
    if tracks:
        names = [parse_track_name(track) for track in tracks]
        values += [sorted({str(persona) for persona, _ in names}), sorted({str(tier) for _, tier in names})]
    return _statement(has_many, one_scope is None, bool(tracks), has_platform).run(connection, values)


def _known_terms(
    connection: psycopg.Connection, rules: Mapping[tuple[UUID | None, str], UUID]
) -> dict[tuple[UUID | None, str], GateTerms]:
    known = {rule_id: _terms_of_rule.get(rule_id) for rule_id in rules.values()}
    unknown = [rule_id for rule_id, terms in known.items() if terms is None]
    if unknown:
        read = read_terms(connection, unknown)
        known.update(read)
        if len(_terms_of_rule) > _REMEMBERED:
            _terms_of_rule.clear()
        _terms_of_rule.update(read)
    if len(_last_rule) > _REMEMBERED:
        _last_rule.clear()
    _last_rule.update(rules)
    return {pair: terms for pair, rule_id in rules.items() if (terms := known[rule_id]) is not None}


def read_terms(connection: psycopg.Connection, rule_ids: Sequence[UUID]) -> dict[UUID, GateTerms]:
    """Rule versions by their ids."""
    cursor = connection.execute(
        "select id, organization_id, action, version, mode, requirements, policy_id, runbook_id, lesson_id,"
        " effective_from from gate_rules where id = any(%s)",
        [list(rule_ids)],
    )
    return {
        row[0]: GateTerms(
            rule_id=row[0],
            organization_id=row[1],
            action=row[2],
            version=row[3],
            mode=GateMode(row[4]),
            requirements=requirements_from(row[5]),
            policy_id=row[6],
            runbook_id=row[7],
            lesson_id=row[8],
            effective_from=row[9],
        )
        for row in cursor
    }


def _build(
    questions: Sequence[tuple[Asked, datetime]],
    terms: Mapping[tuple[UUID | None, str], GateTerms],
    rows: Iterable[Row],
) -> list[Found]:
    members: set[tuple[UUID | None, UUID | None]] = set()
    waivers: dict[tuple[UUID | None, UUID | None, str | None], list[WaiverFact]] = {}
    evidence: dict[UUID | None, list[Row]] = {}
    tracks: list[Row] = []
    for row in rows:
        kind = row[0]
        if kind == "e" or kind == "k":
            evidence.setdefault(row[2], []).append(row)
        elif kind == "m":
            members.add((row[1], row[3]))
        elif kind == "p":
            members.add((row[1], None))
        elif kind == "w" and row[7] is not None and row[8] is not None:
            ended_at = None if row[6] is None else row[6].astimezone(UTC)
            fact = WaiverFact(row[1], row[7], row[8], ended_at)
            waivers.setdefault((row[2], row[3], row[4]), []).append(fact)
        elif kind == "t":
            tracks.append(row)
    found = []
    for each, now in questions:
        organization_id = each.organization_id
        rule = terms.get((organization_id, each.action))
        facts = GateFacts(
            action=each.action,
            person_id=each.person_id,
            organization_id=organization_id,
            is_member=(each.person_id, organization_id) in members,
            evidence=() if rule is None else _evidence(rule, organization_id, evidence.get(each.person_id, ()), tracks),
            waivers=tuple(sorted(waivers.get((each.person_id, organization_id, each.action), ()), key=_id_of)),
            resource=each.resource,
        )
        found.append(Found(rule, facts, now))
    return found


def _evidence(
    rule: GateTerms, organization_id: UUID | None, rows: Iterable[Row], tracks: Sequence[Row]
) -> tuple[EvidenceFact, ...]:
    """The facts on what this rule asks for; an organization's own track goes before the platform's of that name."""
    scopes: dict[str | None, str] = {each.scope: each.key for each in rule.requirements if each.scope is not None}
    names = {each.track: each.key for each in rule.requirements if each.track is not None}
    track_keys: dict[UUID | None, str] = {}
    if names:
        chosen: dict[str, Row] = {}
        for track in tracks:
            name = f"{track[4]}/{track[5]}"
            if name in names and track[3] in (None, organization_id) and (name not in chosen or track[3] is not None):
                chosen[name] = track
        track_keys = {track[1]: names[name] for name, track in chosen.items()}
    facts = []
    for kind, id_, _, owner, scope, level, achieved_at, expires_on, revoked_from in rows:
        if kind == "e":
            target = scopes.get(scope) if owner is None or owner == organization_id else None
        else:
            target = track_keys.get(owner)
        if target is not None and achieved_at is not None:
            reached_at = achieved_at.astimezone(UTC)
            facts.append(EvidenceFact(id_, target, _LEVELS[level], reached_at, expires_on, revoked_from))
    facts.sort(key=_id_of)
    return tuple(facts)


_LEVELS: Mapping[str | None, ProficiencyLevel] = {level.value: level for level in ProficiencyLevel}


def _id_of(fact: EvidenceFact | WaiverFact) -> int:
    return fact.id.int
