"""Versions, refresh, the ready-to-ship checklist line by line, and when a changed policy asks for re-certification."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from operational_db.content import rules
from operational_db.content.body import parse_body
from operational_db.content.rules import PolicyChange, ReadinessFacts, VersionChange
from operational_db.content.seed_data_export import MICRO_LESSON, WALKTHROUGH
from operational_db.errors import ConflictError, InvalidInputError
from operational_db.types import LessonType, ReleaseCheck, ReviewArea

BODY = parse_body(LessonType.MICRO_LESSON, MICRO_LESSON.body)

READY = ReadinessFacts(
    lesson_type=LessonType.MICRO_LESSON,
    version="1.0.0",
    body=BODY,
    duration_minutes=Decimal(5),
    pass_threshold=80,
    scope_tags=["data-export"],
    locales=["en", "es"],
    expected_outcomes=["Exports safely"],
    telemetry_hooks=["impression", "completion", "score", "expiry"],
    refresh_months=12,
    rollout_plan="First to one team.",
    fallback="Back to the former version.",
    has_owner=True,
    policies={"POL-DA-003": ("1.0.0", "1.0.0", False), "POL-DATA-RES-002": ("1.0.0", "1.0.0", False)},
    runbook_codes=["RB-EXPORT-RECALL"],
    broken_links=[],
    scopes_without_validity=[],
    is_on_track=False,
    gated_actions=["data-export"],
    approvals=[(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None), (ReviewArea.LOCALIZATION, "es")],
    release_checks=[ReleaseCheck.DRY_RUN, ReleaseCheck.EVIDENCE_EXPORT],
    tested_addresses=[],
)


def body_with(**changes: object) -> Any:
    return parse_body(LessonType.MICRO_LESSON, {**MICRO_LESSON.body, **changes})


WITHOUT_CAPTIONS = body_with(media=[{**MICRO_LESSON.body["media"][0], "captions": []}])
WITH_LINK = body_with(links=[{"label": {"en": "More", "es": "Más"}, "target": "https://example.org/more"}])
LONG = body_with(slides=[{**MICRO_LESSON.body["slides"][0], "text": {"en": "a " * 450, "es": "uno"}},
                         *MICRO_LESSON.body["slides"][1:]])  # fmt: skip
STEPS = [{key: value for key, value in step.items() if key != "keys"} for step in WALKTHROUGH.body["steps"]]
WALKTHROUGH_READY: dict[str, object] = {
    "lesson_type": LessonType.WALKTHROUGH,
    "telemetry_hooks": ["impression", "completion", "expiry"],
}

# The one line that fails, what it names, and the facts that make it fail.
FAILURES: list[tuple[str, str, dict[str, object]]] = [
    ("policy_reference", "a policy", {"policies": {}, "body": body_with(quiz=[], checks=[])}),
    ("policy_reference", "POL-DA-003 1.1.0 (it teaches 1.0.0)",
     {"policies": {**READY.policies, "POL-DA-003": ("1.0.0", "1.1.0", False)}}),
    ("policy_reference", "POL-DATA-RES-002 among its policies",
     {"policies": {"POL-DA-003": ("1.0.0", "1.0.0", False)}}),
    ("runbook_reference", "a runbook", {"runbook_codes": []}),
    ("version", "a version like 1.0.0", {"version": "one"}),
    ("scope_tags", "at least one scope tag", {"scope_tags": []}),
    ("expiry", "a validity rule for data-export", {"scopes_without_validity": ["data-export"]}),
    ("expiry", "a refresh after at most 12 months (it says 13)", {"refresh_months": 13}),
    ("expiry", "a refresh after at most 6 months (it says 7)",
     {"refresh_months": 7, "policies": {**READY.policies, "POL-DA-003": ("1.0.0", "1.0.0", True)}}),
    ("owner", "an owner", {"has_owner": False}),
    ("expected_outcomes", "at least one expected outcome", {"expected_outcomes": [" "]}),
    ("length", "at most 5 minutes (it says 5.01)", {"duration_minutes": Decimal("5.01")}),
    ("length", "at most 5 minutes (reading, watching, answering take 5.12)", {"body": LONG}),
    ("interactive_check", "one or two knowledge checks", {"body": body_with(checks=[])}),
    ("interactive_check", "at least 3 quiz questions (there are 2)",
     {"body": body_with(quiz=MICRO_LESSON.body["quiz"][:2])}),
    ("interactive_check", "a pass threshold of 80 or more (it is 79)", {"pass_threshold": 79}),
    ("captions", "captions of masked-preview", {"body": WITHOUT_CAPTIONS}),
    ("keyboard_navigation", "keys of step start",
     {**WALKTHROUGH_READY, "body": parse_body(LessonType.WALKTHROUGH, {**WALKTHROUGH.body, "steps": STEPS})}),
    ("localized_strings", "fr: title", {"locales": ["en", "es", "fr"],
     "approvals": [*READY.approvals, (ReviewArea.LOCALIZATION, "fr")]}),
    ("localized_strings", "en among its languages", {"locales": ["es"]}),
    ("telemetry", "the expiry hook", {"telemetry_hooks": ["impression", "completion", "score"]}),
    ("telemetry", "the score hook", {"telemetry_hooks": ["impression", "completion", "expiry"]}),
    ("access_rules", "a gate rule for one of its scopes, or a track it is on", {"gated_actions": []}),
    ("dry_run", "a decision recorded in dry-run mode", {"release_checks": [ReleaseCheck.EVIDENCE_EXPORT]}),
    ("security_compliance_review", "approval by security and compliance",
     {"approvals": [(ReviewArea.UX, None), (ReviewArea.LOCALIZATION, "es")]}),
    ("ux_review", "approval by UX",
     {"approvals": [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.LOCALIZATION, "es")]}),
    ("localization_review", "approval of the texts in es",
     {"approvals": [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]}),
    ("links", "runbook:RB-GONE leads nowhere", {"broken_links": ["runbook:RB-GONE"]}),
    ("links", "a trial of https://example.org/more", {"body": WITH_LINK}),
    ("rollout_plan", "a rollout plan", {"rollout_plan": " "}),
    ("fallback", "a fallback", {"fallback": ""}),
    ("evidence_export", "an evidence bundle exported for it", {"release_checks": [ReleaseCheck.DRY_RUN]}),
]  # fmt: skip


@pytest.mark.requirement("EMB-21")
class TestReadiness:
    def test_everything_there_meets_every_line(self) -> None:
        assert [line for line in rules.readiness_lines(READY) if not line.is_met] == []

    @pytest.mark.parametrize(("code", "missing", "changes"), FAILURES)
    def test_each_line_fails_alone_and_names_what_is_missing(
        self, code: str, missing: str, changes: dict[str, Any]
    ) -> None:
        open_lines = [line for line in rules.readiness_lines(replace(READY, **changes)) if not line.is_met]
        # Without any question the interactive check is open too.
        others = {"interactive_check"} if changes.get("policies") == {} else set()
        assert {line.code for line in open_lines} - others == {code}
        assert missing in next(line for line in open_lines if line.code == code).missing

    def test_every_line_has_a_failing_case(self) -> None:
        assert {line.code for line in rules.readiness_lines(READY)} == {code for code, _, _ in FAILURES}

    def test_what_came_with_the_product_was_reviewed_and_tried_by_its_publisher(self) -> None:
        """Of these lines alone there is no record in an installation; every other one is asked of it as of any."""
        bare = replace(READY, approvals=set(), release_checks=set(), runbook_codes=[])
        open_codes = {line.code for line in rules.readiness_lines(bare) if not line.is_met}
        assert open_codes == {*rules.DONE_BEFORE_SHIPPING, "runbook_reference"}
        shipped = rules.readiness_lines(replace(bare, is_shipped=True))
        assert [line.code for line in shipped if not line.is_met] == ["runbook_reference"]
        by_publisher = {line.code for line in shipped if "by its publisher" in line.text}
        assert by_publisher == rules.DONE_BEFORE_SHIPPING
        # What is on record is said to be, whoever published it.
        ready = rules.readiness_lines(replace(READY, is_shipped=True))
        assert ready == rules.readiness_lines(READY)

    def test_a_lesson_that_opens_no_gate_needs_no_dry_run(self) -> None:
        facts = replace(READY, is_on_track=True, gated_actions=[], release_checks=[ReleaseCheck.EVIDENCE_EXPORT])
        assert all(line.is_met for line in rules.readiness_lines(facts))

    def test_a_link_that_was_tried_is_fine(self) -> None:
        facts = replace(READY, body=WITH_LINK, tested_addresses=["https://example.org/more"])
        assert all(line.is_met for line in rules.readiness_lines(facts))

    @pytest.mark.parametrize(("minutes", "is_met"), [("29.99", False), ("30", True), ("60", True), ("60.01", False)])
    @pytest.mark.requirement("EMB-01")
    def test_a_course_takes_thirty_to_sixty_minutes(self, minutes: str, is_met: bool) -> None:
        body = parse_body(LessonType.COURSE, {})
        facts = replace(READY, lesson_type=LessonType.COURSE, body=body, duration_minutes=Decimal(minutes))
        line = next(line for line in rules.readiness_lines(facts) if line.code == "length")
        assert line.is_met is is_met


@pytest.mark.requirement("EMB-18")
class TestVersions:
    @pytest.mark.parametrize(
        ("former", "change", "following"),
        [
            (None, VersionChange.MAJOR, "1.0.0"),
            ("1.2.3", VersionChange.MAJOR, "2.0.0"),
            ("1.2.3", VersionChange.MINOR, "1.3.0"),
            ("1.2.3", VersionChange.PATCH, "1.2.4"),
            ("1.9.0", VersionChange.MINOR, "1.10.0"),
        ],
    )
    def test_next_version_is_semantic(self, former: str | None, change: VersionChange, following: str) -> None:
        assert rules.next_version(former, change) == following

    @pytest.mark.parametrize("version", ["1.0.0", "1.9.9", "0.9.0"])
    def test_a_version_comes_after_the_former_ones_as_numbers(self, version: str) -> None:
        with pytest.raises(ConflictError):
            rules.require_later(version, ["1.10.0", "1.2.0"])
        assert rules.require_later("1.10.1", ["1.10.0", "1.2.0"]) == "1.10.1"

    @pytest.mark.parametrize(
        "version",
        ["1", "1.0", "v1.0.0", "01.0.0", "1.0.0-rc", "", "1.0.0\n", "1.0." + "9" * 5000, "1.0.\u0661"],
    )
    def test_anything_else_is_no_version(self, version: str) -> None:
        with pytest.raises(InvalidInputError):
            rules.version_key(version)

    @pytest.mark.parametrize(("is_critical", "months"), [(False, 12), (True, 6)])
    def test_critical_policies_refresh_every_six_months(self, is_critical: bool, months: int) -> None:
        assert rules.longest_refresh_months(is_critical=is_critical) == months

    def test_refresh_on_the_last_day_of_a_shorter_month(self) -> None:
        assert rules.refresh_due_on(date(2026, 8, 31), 6) == date(2027, 2, 28)


@pytest.mark.requirement("EMB-19")
class TestPendingRecertification:
    def change(self, version: str, day: int, *, scope: bool = False, controls: bool = False) -> PolicyChange:
        return PolicyChange(version, scope, controls, date(2026, 12, day))

    def test_wording_alone_asks_nobody(self) -> None:
        assert rules.pending_recertification("1.0.0", [self.change("1.0.1", 1)]) is None

    @pytest.mark.parametrize("what", [{"scope": True}, {"controls": True}])
    def test_scope_or_controls_do_from_their_day(self, what: dict[str, bool]) -> None:
        assert rules.pending_recertification("1.0.0", [self.change("2.0.0", 9, **what)]) == date(2026, 12, 9)

    def test_of_several_the_first_in_effect_counts(self) -> None:
        changes = [self.change("2.0.0", 20, scope=True), self.change("3.0.0", 5, controls=True)]
        assert rules.pending_recertification("1.0.0", changes) == date(2026, 12, 5)

    def test_what_is_taught_already_does_not(self) -> None:
        assert rules.pending_recertification("2.0.0", [self.change("2.0.0", 9, scope=True)]) is None


@pytest.mark.requirement("EMB-11")
class TestExplanation:
    @pytest.mark.parametrize(("words", "is_right"), [(96, False), (97, True), (200, True), (201, False)])
    def test_is_read_in_thirty_to_sixty_seconds(self, words: int, is_right: bool) -> None:
        if is_right:
            rules.require_explanation("word " * words, "")
        else:
            with pytest.raises(InvalidInputError):
                rules.require_explanation("word " * words, "")
