"""What content must be before people meet it: versions, length, refresh, the ready-to-ship checklist, re-certification.

Pure. Source: embedded-training seed, sections Content Types, Content lifecycle and the artifact "Training content is
ready to ship if…", each line of which is one or more checks here.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from operational_db.content.body import FEWEST_QUIZ_QUESTIONS, LessonBody, texts_of
from operational_db.errors import ConflictError, InvalidInputError
from operational_db.types import LessonType, ReleaseCheck, ReviewArea

LONGEST_MICRO_LESSON_MINUTES = Decimal(5)
COURSE_MINUTES = (Decimal(30), Decimal(60))
WORDS_PER_MINUTE = 200
SECONDS_PER_QUESTION = 15
# Below it nobody completes anything (seed: Completed is 80 % of the quiz or more).
LEAST_PASS_THRESHOLD = 80
EXPLANATION_SECONDS = (30, 60)

REFRESH_MONTHS = 12
CRITICAL_REFRESH_MONTHS = 6

SEMANTIC_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")

# Lines of the checklist that are seen to where the product is made, by people and gates an installation does not have
# yet: of what ships with it there is no record here.
DONE_BEFORE_SHIPPING = frozenset(
    {f"{ReviewArea.SECURITY_COMPLIANCE}_review", "ux_review", "localization_review", "dry_run", "evidence_export"}
)

# What a lesson reports and the ledger kinds that carry it (seed: impression, completion, score and expiry events).
TELEMETRY_KINDS: dict[str, tuple[str, ...]] = {
    "impression": ("lesson.opened",),
    "completion": ("lesson.attempt_graded", "lesson.completed"),
    "score": ("lesson.attempt_graded",),
    "expiry": ("proficiency.reached",),
}
# Walkthroughs have steps and courses are graded in the catalogue: no score of their own.
UNSCORED_TYPES = frozenset({LessonType.WALKTHROUGH, LessonType.COURSE})


class VersionChange(StrEnum):
    """What kind of change a new version is; scope or controls are major, other content minor, wording patch."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


def version_key(version: str) -> tuple[int, int, int]:
    """The version's three numbers, for comparing.

    Raises
    ------
    InvalidInputError
        When it is not a semantic version such as 1.2.0.
    """
    match = SEMANTIC_VERSION.fullmatch(version)
    if match is None:
        raise InvalidInputError(f"'{version}' is not a version such as 1.2.0. Give three numbers with dots between.")
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch


def next_version(former: str | None, change: VersionChange) -> str:
    """The version after `former`; the first one is 1.0.0."""
    if former is None:
        return "1.0.0"
    major, minor, patch = version_key(former)
    match change:
        case VersionChange.MAJOR:
            return f"{major + 1}.0.0"
        case VersionChange.MINOR:
            return f"{major}.{minor + 1}.0"
        case VersionChange.PATCH:
            return f"{major}.{minor}.{patch + 1}"


def require_later(version: str, former: Collection[str]) -> str:
    """The version, which comes after all the former ones.

    Raises
    ------
    ConflictError
        When it does not.
    """
    key = version_key(version)
    latest = max(former, key=version_key, default=None)
    if latest is not None and key <= version_key(latest):
        raise ConflictError(f"Version {version} does not come after {latest}. Choose a higher number.")
    return version


def longest_refresh_months(*, is_critical: bool) -> int:
    """Months after which content must be looked at again at the latest: 12, critical policies 6."""
    return CRITICAL_REFRESH_MONTHS if is_critical else REFRESH_MONTHS


def refresh_due_on(published_on: date, refresh_months: int) -> date:
    """The day by which a version must be looked at again; the last day of a shorter month where it has no such day."""
    return published_on + relativedelta(months=refresh_months)


def reading_seconds(*texts: str) -> int:
    """How long the texts take to read, at 200 words a minute, which is slow enough for unfamiliar rules."""
    words = sum(len(text.split()) for text in texts)
    return -(-words * 60 // WORDS_PER_MINUTE)


def estimated_minutes(body: LessonBody) -> Decimal:
    """Minutes the lesson takes: reading its slides, steps and scenario, watching its clips, 15 seconds a question.

    In the language that takes longest; two decimals.
    """
    locales = {locale for _, text in texts_of(body) for locale in text} or {body.default_locale}
    shown = [(path, text) for path, text in texts_of(body) if path.startswith(("slides", "steps", "scenario"))]
    reading = max(
        reading_seconds(*(text.get(locale, text[body.default_locale]) for _, text in shown)) for locale in locales
    )
    watching = sum((media.length_seconds for media in body.media), Decimal(0))
    asking = SECONDS_PER_QUESTION * (len(body.checks) + len(body.quiz))
    return ((reading + watching + asking) / Decimal(60)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def require_explanation(explanation: str, example: str) -> None:
    """The panel beside a risky feature is read in 30 to 60 seconds, example included (seed, Policy-to-runbook linking).

    Raises
    ------
    InvalidInputError
        When it is shorter or longer.
    """
    seconds = reading_seconds(explanation, example)
    shortest, longest = EXPLANATION_SECONDS
    if not shortest <= seconds <= longest:
        raise InvalidInputError(
            f"Explanation and example take {seconds} seconds to read; {shortest} to {longest} are right "
            f"({shortest * WORDS_PER_MINUTE // 60} to {longest * WORDS_PER_MINUTE // 60} words).",
            details={"seconds": seconds},
        )


@dataclass(frozen=True)
class PolicyChange:
    """A version of a policy and what it alters."""

    version: str
    changes_scope: bool
    changes_controls: bool
    effective_on: date

    @property
    def needs_recertification(self) -> bool:
        return self.changes_scope or self.changes_controls


def pending_recertification(taught_version: str, changes: Sequence[PolicyChange]) -> date | None:
    """First day on which knowing the taught version of a policy is no longer enough, or None while it is.

    Only later versions that alter scope or controls matter; of several, the one in effect first.
    """
    taught = version_key(taught_version)
    days = [
        change.effective_on
        for change in changes
        if change.needs_recertification and version_key(change.version) > taught
    ]
    return min(days, default=None)


@dataclass(frozen=True, kw_only=True)
class ReadinessFacts:
    """All that the checklist asks about a version, gathered by `readiness`."""

    lesson_type: LessonType
    version: str
    body: LessonBody
    duration_minutes: Decimal
    pass_threshold: int
    scope_tags: Sequence[str]
    locales: Sequence[str]
    expected_outcomes: Sequence[str]
    telemetry_hooks: Sequence[str]
    refresh_months: int
    rollout_plan: str
    fallback: str
    has_owner: bool
    # Code of each policy taught: the version taught, the newest one, whether it is critical.
    policies: Mapping[str, tuple[str, str | None, bool]]
    runbook_codes: Collection[str]
    # Targets of links inside the product that lead nowhere.
    broken_links: Collection[str]
    # Scope tags for which no rule says how long a certification lasts.
    scopes_without_validity: Collection[str]
    is_on_track: bool
    # Actions whose gate asks for one of its scopes, for a track it belongs to, or names it.
    gated_actions: Collection[str]
    approvals: Collection[tuple[ReviewArea, str | None]]
    release_checks: Collection[ReleaseCheck]
    tested_addresses: Collection[str]
    # Came with the product, whose makers did what `DONE_BEFORE_SHIPPING` names.
    is_shipped: bool = False


@dataclass(frozen=True)
class ReadinessLine:
    """One check: its code, what it asks for, whether it is met, and by name what is missing."""

    code: str
    text: str
    is_met: bool
    missing: tuple[str, ...]


def readiness_lines(facts: ReadinessFacts) -> tuple[ReadinessLine, ...]:
    """The ready-to-ship checklist, every line of it, in the seed's order.

    A line that nothing on record meets is met all the same, and says by whom, where the product came with it met.
    """
    return tuple(_line(facts, code, text, missing) for code, text, missing in _lines(facts))


def _line(facts: ReadinessFacts, code: str, text: str, missing: Sequence[str]) -> ReadinessLine:
    if missing and facts.is_shipped and code in DONE_BEFORE_SHIPPING:
        return ReadinessLine(code, f"{text}, by its publisher before it came with the product", True, ())
    return ReadinessLine(code, text, not missing, tuple(missing))


def _lines(facts: ReadinessFacts) -> Iterator[tuple[str, str, list[str]]]:
    yield "policy_reference", "Names the policies it teaches, in their newest version", _policy_gaps(facts)
    yield "runbook_reference", "Names the runbook to follow", _unless(facts.runbook_codes, "a runbook")
    yield (
        "version",
        "Carries a semantic version",
        _unless(SEMANTIC_VERSION.fullmatch(facts.version), "a version like 1.0.0"),
    )
    yield "scope_tags", "Carries scope tags", _unless(facts.scope_tags, "at least one scope tag")
    yield "expiry", "Says how long it holds and when it is refreshed", _expiry_gaps(facts)
    yield "owner", "Has an owner", _unless(facts.has_owner, "an owner")
    yield (
        "expected_outcomes",
        "Says what people can do afterwards",
        _unless([outcome for outcome in facts.expected_outcomes if outcome.strip()], "at least one expected outcome"),
    )
    yield "length", "Keeps within its length", _length_gaps(facts)
    yield "interactive_check", "Checks what was learned, with a pass threshold", _check_gaps(facts)
    yield "captions", "Has captions for all moving media", _caption_gaps(facts)
    yield (
        "keyboard_navigation",
        "Can be gone through by keyboard",
        [f"keys of step {step.id}" for step in facts.body.steps if step.keys is None],
    )
    yield "localized_strings", "Has every text in every language", _translation_gaps(facts)
    yield "telemetry", "Reports impression, completion, score and expiry", _telemetry_gaps(facts)
    yield (
        "access_rules",
        "Says whom it concerns: those a gate stops or those on a track",
        _unless(facts.is_on_track or facts.gated_actions, "a gate rule for one of its scopes, or a track it is on"),
    )
    yield "dry_run", "The gates it opens were tried in dry-run mode", _dry_run_gaps(facts)
    yield "security_compliance_review", "Was reviewed for accuracy", _review_gaps(facts, ReviewArea.SECURITY_COMPLIANCE)
    yield "ux_review", "Was reviewed for brevity and clarity", _review_gaps(facts, ReviewArea.UX)
    yield "localization_review", "Was reviewed in each further language", _localization_gaps(facts)
    yield "links", "Its links lead somewhere", _link_gaps(facts)
    yield "rollout_plan", "Has a rollout plan", _unless(facts.rollout_plan.strip(), "a rollout plan")
    yield "fallback", "Says what to do if it must be taken back", _unless(facts.fallback.strip(), "a fallback")
    yield (
        "evidence_export",
        "The export of its evidence was tried",
        _check_gap(facts, ReleaseCheck.EVIDENCE_EXPORT, "an evidence bundle exported for it"),
    )


def _unless(value: object, missing: str) -> list[str]:
    return [] if value else [missing]


def _policy_gaps(facts: ReadinessFacts) -> list[str]:
    if not facts.policies:
        return ["a policy"]
    gaps = [
        f"{code} {newest} (it teaches {taught})" if newest else f"a published version of {code}"
        for code, (taught, newest, _) in sorted(facts.policies.items())
        if taught != newest
    ]
    asked = {question.policy_code for question in (*facts.body.checks, *facts.body.quiz)}
    if facts.body.scenario:
        asked |= {decision.policy_code for decision in facts.body.scenario.decisions}
    gaps += [f"{code} among its policies" for code in sorted(asked - {None} - set(facts.policies), key=str)]
    return gaps


def _expiry_gaps(facts: ReadinessFacts) -> list[str]:
    gaps = [f"a validity rule for {scope}" for scope in facts.scopes_without_validity]
    longest = longest_refresh_months(is_critical=any(critical for _, _, critical in facts.policies.values()))
    if facts.refresh_months > longest:
        gaps.append(f"a refresh after at most {longest} months (it says {facts.refresh_months})")
    return gaps


def _length_gaps(facts: ReadinessFacts) -> list[str]:
    if facts.lesson_type is LessonType.COURSE:
        shortest, longest = COURSE_MINUTES
        within = shortest <= facts.duration_minutes <= longest
        return _unless(within, f"{shortest} to {longest} minutes (it says {facts.duration_minutes})")
    if facts.lesson_type is not LessonType.MICRO_LESSON:
        return []
    limit = LONGEST_MICRO_LESSON_MINUTES
    gaps = _unless(facts.duration_minutes <= limit, f"at most {limit} minutes (it says {facts.duration_minutes})")
    estimate = estimated_minutes(facts.body)
    return gaps + _unless(estimate <= limit, f"at most {limit} minutes (reading, watching, answering take {estimate})")


def _check_gaps(facts: ReadinessFacts) -> list[str]:
    least = LEAST_PASS_THRESHOLD
    gaps = _unless(facts.pass_threshold >= least, f"a pass threshold of {least} or more (it is {facts.pass_threshold})")
    match facts.lesson_type:
        case LessonType.MICRO_LESSON:
            gaps += _unless(facts.body.slides, "at least one slide")
            gaps += _unless(facts.body.checks, "one or two knowledge checks")
            if facts.body.quiz:
                gaps += _quiz_gap(facts.body)
        case LessonType.QUIZ:
            gaps += _quiz_gap(facts.body)
        case LessonType.SIMULATION:
            gaps += _unless(facts.body.scenario, "a scenario with decisions")
        case LessonType.WALKTHROUGH:
            gaps += _unless(facts.body.steps, "at least one step")
            defined = any(step.definitions for step in facts.body.steps)
            gaps += _unless(defined or not facts.body.steps, "an inline definition of a policy or runbook")
        case LessonType.COURSE:
            pass
    return gaps


def _quiz_gap(body: LessonBody) -> list[str]:
    enough = len(body.quiz) >= FEWEST_QUIZ_QUESTIONS
    return _unless(enough, f"at least {FEWEST_QUIZ_QUESTIONS} quiz questions (there are {len(body.quiz)})")


def _caption_gaps(facts: ReadinessFacts) -> list[str]:
    return [f"captions of {media.id}" for media in facts.body.media if media.is_moving and not media.captions]


def _translation_gaps(facts: ReadinessFacts) -> list[str]:
    gaps = [] if facts.body.default_locale in facts.locales else [f"{facts.body.default_locale} among its languages"]
    gaps += [
        f"{locale}: {path}" for locale in facts.locales for path, text in texts_of(facts.body) if locale not in text
    ]
    return gaps


def _telemetry_gaps(facts: ReadinessFacts) -> list[str]:
    wanted = [hook for hook in TELEMETRY_KINDS if hook != "score" or facts.lesson_type not in UNSCORED_TYPES]
    return [f"the {hook} hook" for hook in wanted if hook not in facts.telemetry_hooks]


def _dry_run_gaps(facts: ReadinessFacts) -> list[str]:
    if not facts.gated_actions:
        return []
    return _check_gap(facts, ReleaseCheck.DRY_RUN, "a decision recorded in dry-run mode")


def _check_gap(facts: ReadinessFacts, check: ReleaseCheck, missing: str) -> list[str]:
    return _unless(check in facts.release_checks, missing)


def _review_gaps(facts: ReadinessFacts, area: ReviewArea) -> list[str]:
    approved = any(approval == area for approval, _ in facts.approvals)
    return _unless(approved, f"approval by {area.replace('_', ' and ') if 'security' in area else area.upper()}")


def _localization_gaps(facts: ReadinessFacts) -> list[str]:
    return [
        f"approval of the texts in {locale}"
        for locale in facts.locales
        if locale != facts.body.default_locale and (ReviewArea.LOCALIZATION, locale) not in facts.approvals
    ]


def _link_gaps(facts: ReadinessFacts) -> list[str]:
    gaps = [f"{target} leads nowhere" for target in sorted(facts.broken_links)]
    addresses = external_addresses(facts.body)
    gaps += [f"a trial of {address}" for address in addresses if address not in facts.tested_addresses]
    return gaps


def external_addresses(body: LessonBody) -> list[str]:
    """Addresses outside of the product that the lesson points at: links and clips, which somebody must have opened."""
    addresses = {link.target for link in body.links if link.target.startswith("https://")}
    addresses |= {media.url for media in body.media if media.url is not None}
    return sorted(addresses)


def require_known_hooks(hooks: Collection[str]) -> list[str]:
    """Telemetry hooks without repetition, sorted.

    Raises
    ------
    InvalidInputError
        When one is no hook that the ledger carries.
    """
    unknown = sorted(set(hooks) - set(TELEMETRY_KINDS))
    if unknown:
        raise InvalidInputError(
            f"Unknown telemetry hooks: {', '.join(unknown)}. Choose among {', '.join(TELEMETRY_KINDS)}."
        )
    return sorted(set(hooks))
