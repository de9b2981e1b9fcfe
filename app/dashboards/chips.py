"""The one look of a status: icon, word and colour, the same in text and in tables (colour never stands alone)."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.dashboards.formats import to_words


@dataclass(frozen=True)
class Chip:
    """`icon` is a Material symbol for text, `glyph` the plain character for table cells."""

    word: str
    icon: str
    glyph: str
    color: str

    @property
    def cell(self) -> str:
        return f"{self.glyph} {self.word}"

    @property
    def markdown(self) -> str:
        return f":{self.color}-badge[:material/{self.icon}: {self.word}]"


_DONE = ("check_circle", "✓", "green")
_RUNNING = ("pending", "◐", "blue")
_WAITING = ("schedule", "○", "gray")
_SOON = ("hourglass_bottom", "◔", "orange")
_BAD = ("error", "✕", "red")
_OFF = ("do_not_disturb_on", "–", "violet")

CHIPS: dict[str, Chip] = {
    "completed": Chip("Completed", *_DONE),
    "in_progress": Chip("In progress", *_RUNNING),
    "pending": Chip("Pending", *_WAITING),
    "overdue": Chip("Overdue", *_BAD),
    "exempted": Chip("Exempt", *_OFF),
    "missing": Chip("Missing", *_BAD),
    "valid": Chip("Valid", *_DONE),
    "active": Chip("Valid", *_DONE),
    "expiring": Chip("Expiring", *_SOON),
    "expired": Chip("Expired", *_BAD),
    "revoked": Chip("Revoked", *_OFF),
    "withdrawn": Chip("Withdrawn", *_OFF),
    "pending_verification": Chip("To be verified", *_WAITING),
    "unverified": Chip("Not verified", *_WAITING),
    "evidence_refused": Chip("Evidence refused", *_BAD),
    "register_clear": Chip("In good standing", *_DONE),
    "register_suspended": Chip("Suspended", *_BAD),
    "register_revoked": Chip("Revoked by the register", *_BAD),
    "register_contradictory": Chip("Contradicts itself", *_SOON),
    "register_missing": Chip("No longer listed", *_OFF),
    "renewed": Chip("Renewed", *_DONE),
    "enrolled": Chip("Enrolled", *_WAITING),
    "dropped": Chip("Dropped", *_OFF),
    "failed": Chip("Failed", *_BAD),
    "passed": Chip("Passed", *_DONE),
    "not_passed": Chip("Not passed", *_BAD),
    "not_scored": Chip("Not scored", *_WAITING),
    "cancelled": Chip("Cancelled", *_OFF),
    "applied": Chip("Applied", *_DONE),
    "refused": Chip("Refused", *_BAD),
    "undone": Chip("Undone", *_OFF),
    "met": Chip("Met", *_DONE),
    "not_met": Chip("Not met", *_BAD),
    "allow": Chip("Allowed", *_DONE),
    "deny": Chip("Denied", *_BAD),
    "would_deny": Chip("Would be denied", *_SOON),
    "enforce": Chip("Blocks", "front_hand", "■", "blue"),
    "dry_run": Chip("Dry run", *_WAITING),
    "never_trained": Chip("Never trained", *_BAD),
    "lapsed": Chip("Lapsed", *_SOON),
    "superseded_version": Chip("Older version", "history", "↺", "orange"),
    "waived": Chip("Waived", *_OFF),
    "no_longer_member": Chip("Left", *_OFF),
    "trained": Chip("Trained", *_DONE),
    "not_trained": Chip("Not trained", *_BAD),
    "certified": Chip("Certified", *_DONE),
    "not_certified": Chip("Not certified", *_BAD),
    "draft": Chip("Draft", *_WAITING),
    "in_review": Chip("In review", *_RUNNING),
    "published": Chip("Published", *_DONE),
    "superseded": Chip("Superseded", *_OFF),
    "retired": Chip("Retired", *_OFF),
    "covered": Chip("Covered", *_DONE),
    "uncovered": Chip("Uncovered", *_BAD),
    "one_deep": Chip("Hangs on one", *_SOON),
    "no_requirement": Chip("Nothing required", "remove", "·", "gray"),
    "qualified": Chip("Qualified", *_DONE),
    "not_qualified": Chip("Not qualified", *_BAD),
    "planned": Chip("Planned", *_WAITING),
    "nobody_qualified": Chip("Nobody qualified", *_BAD),
    "done": Chip("Done", *_DONE),
    "effect": Chip("Effect", *_DONE),
    "no_visible_effect": Chip("No visible effect", "remove", "·", "gray"),
    "not_enough_data": Chip("Not enough data", *_WAITING),
    "pre_trends_differ": Chip("Pre-trends differ", *_SOON),
    "no_unit_value": Chip("No unit value", *_WAITING),
    "no_cost": Chip("No cost", *_WAITING),
    "mixed_currencies": Chip("Mixed currencies", *_BAD),
    "running": Chip("Running", *_RUNNING),
    "declined": Chip("Declined", *_OFF),
}


def chip_of(code: str | None) -> Chip:
    """The chip of a status code; an unknown code is shown as plain words rather than hidden."""
    if code is None:
        return Chip("Not required", "remove", "·", "gray")
    return CHIPS.get(code) or Chip(to_words(code), "help", "?", "gray")


def cell_options(codes: Iterable[str | None]) -> tuple[list[str], list[str]]:
    """Texts and colours for a table column that holds these codes."""
    chips = {chip_of(code).cell: chip_of(code).color for code in codes}
    return list(chips), list(chips.values())
