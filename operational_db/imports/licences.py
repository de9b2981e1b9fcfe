"""A government register of contractor licences as held certificates (California Contractors State License Board, CSLB).

Every classification is a kind of certificate valid for 24 months, every holder a pseudonymous person until somebody
claims the licence. A later expiry is a renewal and makes a new certificate; the former one stays in the history. What
the register says of each licence and classification is kept beside them (`licence_entries`): a changed register
verifies again, flags, and revokes what it calls revoked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any  # rows of frames: each column has its type
from uuid import UUID

import polars as pl

from operational_db.imports.diff import Action, action_counts, with_action, with_fingerprint
from operational_db.imports.findings import Findings
from operational_db.imports.history import KEY_SEPARATOR, read_typed
from operational_db.imports.history_tables import midnight
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.licence_entries import (
    CHANGED_ENTRY_COLUMNS,
    ENTRIES,
    entry_counts,
    entry_events,
    entry_key,
    entry_rows,
    plan_entries,
    unlisted_entries,
    with_standing,
)
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.imports.report import LISTED_IDS, KindCounts
from operational_db.imports.repository import ImportRepository
from operational_db.ledger.append import copy_events
from operational_db.ledger.events import (
    CertificateIssued,
    CertificateRenewed,
    CertificateRevoked,
    CertificateVerified,
    Event,
    MembershipStarted,
)
from operational_db.registers.rules import CLEAR_WORDS, REVOKED_BY_REGISTER, revoked_from
from operational_db.tables.identity import Organization
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    RegisterStanding,
    Role,
    VerificationStatus,
)

REGISTER = "cslb"
BOARD = "California Contractors State License Board"
VALIDITY_MONTHS = 24
GENERAL_TRADE = "general"

# Name of the classification and the trade it belongs to, as the board publishes them; others keep their code.
CLASSIFICATIONS: dict[str, tuple[str, str]] = {
    "A": ("General engineering contractor", GENERAL_TRADE),
    "B": ("General building contractor", GENERAL_TRADE),
    "B-2": ("Residential remodeling contractor", GENERAL_TRADE),
    "C-2": ("Insulation and acoustical", "insulation"),
    "C-4": ("Boiler, hot-water heating and steam fitting", "hvac"),
    "C-5": ("Framing and rough carpentry", "carpentry"),
    "C-6": ("Cabinet, millwork and finish carpentry", "carpentry"),
    "C-7": ("Low voltage systems", "electrical"),
    "C-8": ("Concrete", "concrete"),
    "C-9": ("Drywall", "drywall"),
    "C-10": ("Electrical", "electrical"),
    "C-11": ("Elevator", "elevators"),
    "C-12": ("Earthwork and paving", "earthwork"),
    "C-13": ("Fencing", "fencing"),
    "C-15": ("Flooring and floor covering", "flooring"),
    "C-16": ("Fire protection", "fire_protection"),
    "C-17": ("Glazing", "glazing"),
    "C-20": ("Warm-air heating, ventilating and air-conditioning", "hvac"),
    "C-21": ("Building moving and demolition", "demolition"),
    "C-22": ("Asbestos abatement", "abatement"),
    "C-23": ("Ornamental metal", "metalwork"),
    "C-27": ("Landscaping", "landscaping"),
    "C-28": ("Lock and security equipment", "security"),
    "C-29": ("Masonry", "masonry"),
    "C-31": ("Construction zone traffic control", "traffic_control"),
    "C-32": ("Parking and highway improvement", "paving"),
    "C-33": ("Painting and decorating", "painting"),
    "C-34": ("Pipeline", "pipeline"),
    "C-35": ("Lathing and plastering", "plastering"),
    "C-36": ("Plumbing", "plumbing"),
    "C-38": ("Refrigeration", "hvac"),
    "C-39": ("Roofing", "roofing"),
    "C-42": ("Sanitation system", "plumbing"),
    "C-43": ("Sheet metal", "metalwork"),
    "C-45": ("Sign", "signs"),
    "C-46": ("Solar", "solar"),
    "C-47": ("General manufactured housing", GENERAL_TRADE),
    "C-50": ("Reinforcing steel", "metalwork"),
    "C-51": ("Structural steel", "metalwork"),
    "C-53": ("Swimming pool", "pools"),
    "C-54": ("Ceramic and mosaic tile", "tiling"),
    "C-55": ("Water conditioning", "plumbing"),
    "C-57": ("Well drilling", "drilling"),
    "C-60": ("Welding", "welding"),
    "D-3": ("Awnings", GENERAL_TRADE),
    "D-6": ("Concrete-related services", "concrete"),
    "D-12": ("Synthetic products", GENERAL_TRADE),
    "D-21": ("Machinery and pumps", "machinery"),
    "D-24": ("Metal products", "metalwork"),
    "D-28": ("Doors, gates and activating devices", "doors"),
    "D-34": ("Prefabricated equipment", GENERAL_TRADE),
    "D-35": ("Pool and spa maintenance", "pools"),
    "D-38": ("Sand and water blasting", GENERAL_TRADE),
    "D-41": ("Siding and decking", "carpentry"),
    "D-49": ("Tree service", "landscaping"),
    "D-52": ("Window coverings", "glazing"),
    "D-62": ("Air and water balancing", "hvac"),
    "D-63": ("Construction clean-up", GENERAL_TRADE),
    "D-65": ("Weatherization and energy conservation", "insulation"),
}


def _text(name: str, description: str, *, is_required: bool = False) -> Column:
    return Column(name=name, type=ColumnType.TEXT, description=description, is_required=is_required)


def _date(name: str, description: str, *, is_required: bool) -> Column:
    return Column(name=name, type=ColumnType.DATE, description=description, is_required=is_required, is_expected=True)


CSLB_LAYOUT = Layout.of(
    "cslb",
    "Licences of the California Contractors State License Board, one row per licence.",
    [
        FileLayout(
            kind="licences",
            description="One row per licence; several classifications are separated by '|'.",
            columns=(
                Column(
                    name="holder_id",
                    type=ColumnType.IDENTIFIER,
                    description="Pseudonymous id of the licence's holder.",
                    is_required=True,
                ),
                _text("business_type", "Not kept."),
                _text("city", "Not kept."),
                _text("state", "Not kept."),
                _text("zip5", "Not kept."),
                _text("county", "Not kept."),
                _date("issue_date", "Day the licence was first issued.", is_required=True),
                _date("expiration_date", "Last day of the current cycle.", is_required=True),
                _date("last_updated", "Day the board last changed the entry.", is_required=False),
                _text("classifications", "Classifications such as C-10, separated by '|'.", is_required=True),
                _text(
                    "status",
                    "CLEAR when in good standing, else such as SUSPENDED or REVOKED.",
                    is_required=True,
                ),
            ),
        )
    ],
    ["licences"],
)


def read_licences(
    source: SourceFile, findings: Findings, limits: ReadingLimits, progress: Callable[[str, int], None] | None = None
) -> pl.DataFrame:
    """The file, typed.

    Raises
    ------
    FileRefusedError
        When the form of the file is wrong as a whole.
    """
    return read_typed(source, findings, limits, progress)


@dataclass
class LicencePlan:
    """What an import would do, by kind with its action, and the counts of the report.

    `entries` are those of the file, `unlisted` those it no longer lists.
    """

    certifications: pl.DataFrame
    holders: pl.DataFrame
    memberships: pl.DataFrame
    entries: pl.DataFrame
    unlisted: pl.DataFrame
    certificates: pl.DataFrame
    counts: dict[str, KindCounts]
    known_counts: dict[str, int]


def plan_licences(
    repository: ImportRepository,
    rows: pl.DataFrame,
    findings: Findings,
    file: str,
    organization: Organization | None,
    *,
    now: datetime,
) -> LicencePlan:
    """Check the rows, one certificate per holder and classification, and compare with what the register gave before."""
    unreadable = findings.refused_count(file)
    read = rows.height + unreadable
    held = repository.known_certificates(REGISTER)
    known = repository.known_records(REGISTER)
    known_entries = repository.known_entries(REGISTER)
    listed = _certificates(_checked(with_standing(rows), findings, file, now.date()), findings, file)
    seen = listed.select("holder_id", "classification")
    entries = plan_entries(listed, known_entries, findings, file)
    listed = listed.join(entries.select("holder_id", "classification"), on=["holder_id", "classification"], how="semi")
    certificates = _against_held(listed, held, findings, file, now.date())
    by_kind = {kind: known.filter(pl.col("kind") == kind) for kind in ("holders", "memberships", "certifications")}
    holders = (
        certificates.select("holder_id")
        .unique(maintain_order=True)
        .with_columns(
            pl.col("holder_id").alias("external_id"),
            pl.format("Licence holder {}", pl.col("holder_id").str.slice(0, 8)).alias("display_name"),
        )
    )
    holders = with_action(with_fingerprint(holders, ["holder_id"]), by_kind["holders"])
    certifications = _certifications(repository, certificates, by_kind["certifications"], findings, file)
    entries = _with_references(entries, certificates, certifications, holders)
    certificates = certificates.join(
        entries.select(
            "holder_id",
            "classification",
            "certification_id",
            pl.col("subject_id").alias("person_id"),
            pl.col("record_id").alias("register_entry_id"),
        ),
        on=["holder_id", "classification"],
        how="inner",
        maintain_order="left",
    )
    in_force = held.filter(~pl.col("is_superseded"))
    unlisted = _unlisted(known_entries, rows, seen, in_force, findings, file, is_whole=not unreadable)
    memberships = _memberships(holders, by_kind["memberships"], organization, now.date())
    missing = in_force.join(seen, on=["holder_id", "classification"], how="anti")["external_id"].sort()
    counts = {
        "certifications": KindCounts.of_actions(action_counts(certifications)),
        "holders": KindCounts.of_actions(action_counts(holders)),
        "certificates": KindCounts.of_actions(
            action_counts(certificates),
            missing=len(missing),
            listed=_listed(certificates),
        ),
        ENTRIES: entry_counts(entries, unlisted),
        "licences": KindCounts(read=read, refused=findings.refused_count(file)),
    }
    if memberships.height:
        counts["memberships"] = KindCounts.of_actions(action_counts(memberships))
    known_counts = {"certificates": in_force.height}
    return LicencePlan(certifications, holders, memberships, entries, unlisted, certificates, counts, known_counts)


def _with_references(
    entries: pl.DataFrame, certificates: pl.DataFrame, certifications: pl.DataFrame, holders: pl.DataFrame
) -> pl.DataFrame:
    """Entries of accepted certificates with whom and what they refer to; `subject_id` is who the licence counts for."""
    return (
        entries.join(
            certificates.select("holder_id", "classification", pl.col("record_id").alias("certificate_id")),
            on=["holder_id", "classification"],
            how="inner",
            maintain_order="left",
        )
        .join(
            certifications.select("classification", pl.col("record_id").alias("certification_id")),
            on="classification",
            how="inner",
            maintain_order="left",
        )
        .join(
            holders.select("holder_id", pl.col("record_id").alias("holder_person_id")),
            on="holder_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.coalesce("claimed_by_id", "holder_person_id").alias("subject_id"))
    )


def _unlisted(
    known_entries: pl.DataFrame,
    rows: pl.DataFrame,
    seen: pl.DataFrame,
    in_force: pl.DataFrame,
    findings: Findings,
    file: str,
    *,
    is_whole: bool,
) -> pl.DataFrame:
    """Entries that are not in the file any more; none is concluded from a file of which rows could not be read."""
    unlisted = unlisted_entries(known_entries, rows, seen.select(entry_key().alias("external_id"))).with_columns(
        pl.lit(0, pl.Int64).alias("line")
    )
    if not is_whole:
        findings.note_rows(
            unlisted,
            file=file,
            column=None,
            code="perhaps_no_longer_listed",
            remedy="Not in the rows that could be read. Mend the refused rows; until then the entries stay.",
        )
        unlisted = unlisted.head(0)
    findings.note_rows(
        unlisted,
        file=file,
        column=None,
        code="no_longer_listed",
        remedy="Kept and flagged: the register lists the licence no more. Ask the board before relying on it.",
    )
    current = in_force.select(entry_key().alias("external_id"), pl.col("record_id").alias("certificate_id"))
    return unlisted.join(current.unique("external_id"), on="external_id", how="left", maintain_order="left")


def _checked(rows: pl.DataFrame, findings: Findings, file: str, today: date) -> pl.DataFrame:
    """Rows that can stand: one per holder, issued in the past, expiring after that. Oddities are noted and kept."""
    for is_bad, column, code, remedy in (
        (
            pl.col("holder_id").is_duplicated(),
            "holder_id",
            "ambiguous_holder",
            "Several rows have this id, so it is not certain which is right; keep one.",
        ),
        (
            pl.col("expiration_date") < pl.col("issue_date"),
            "expiration_date",
            "end_before_start",
            "A licence cannot expire before it was issued; correct one of the days.",
        ),
        (pl.col("issue_date") > today, "issue_date", "in_the_future", "Correct the day of issue."),
    ):
        findings.refuse_rows(rows.filter(is_bad), file=file, column=column, code=code, remedy=remedy)
        rows = rows.filter(~is_bad)
    for is_odd, column, code, remedy in (
        (
            pl.col("standing") == RegisterStanding.SUSPENDED,
            "status",
            "status_not_clear",
            "Flagged; what is held stays as it is, and what is new counts for nothing until the board clears it.",
        ),
        (
            pl.col("standing") == RegisterStanding.REVOKED,
            "status",
            "revoked_by_register",
            "The certificate is revoked from the day the board changed the entry.",
        ),
        (
            pl.col("last_updated") < pl.col("issue_date"),
            "last_updated",
            "updated_before_issue",
            "Kept; the entry says it was changed before the licence was issued.",
        ),
        (
            pl.col("standing") == RegisterStanding.CONTRADICTORY,
            "expiration_date",
            "clear_although_expired",
            "Kept and flagged; the entry is clear although it had expired when the register was last changed.",
        ),
    ):
        findings.note_rows(rows.filter(is_odd), file=file, column=column, code=code, remedy=remedy)
    return rows


def _certificates(rows: pl.DataFrame, findings: Findings, file: str) -> pl.DataFrame:
    """One row per holder and classification."""
    several = rows.with_columns(
        pl.col("classifications").str.split(KEY_SEPARATOR).list.eval(pl.element().str.strip_chars().str.to_uppercase())
    ).explode("classifications")
    several = several.rename({"classifications": "classification"})
    is_known_form = pl.col("classification").str.contains(r"^[A-D](-\d{1,2}[A-Z]?)?$").fill_null(value=False)
    findings.refuse_rows(
        several.filter(~is_known_form),
        file=file,
        column="classifications",
        code="unknown_classification",
        remedy="Write classifications like C-10, separated by '|'.",
    )
    good = several.filter(is_known_form).unique(["holder_id", "classification"], maintain_order=True)
    return good.select(
        "line",
        "holder_id",
        "classification",
        pl.col("issue_date").alias("first_earned_on"),
        pl.col("expiration_date").alias("expires_on"),
        "last_updated",
        "status",
        "standing",
        pl.col("status").str.strip_chars().str.to_uppercase().is_in(sorted(CLEAR_WORDS)).alias("is_clear"),
    )


def _against_held(
    certificates: pl.DataFrame, held: pl.DataFrame, findings: Findings, file: str, today: date
) -> pl.DataFrame:
    """Adds what is held already: the same cycle (by its expiry), or the one that a later expiry renews.

    The register does not say when a cycle was renewed. The new one is taken to begin on the day after the former one
    ended, or on the day the board changed the entry if it did so before. A licence that is revoked renews nothing: the
    cycle that is held is revoked, whatever the register made of its last day.
    """
    current = held.filter(~pl.col("is_superseded")).select(
        "holder_id",
        "classification",
        pl.col("record_id").alias("held_id"),
        pl.col("issued_on").alias("held_issued_on"),
        pl.col("expires_on").alias("held_expires_on"),
        pl.col("renews_id").alias("held_renews_id"),
        pl.col("content_sha256").alias("held_sha256"),
        "is_stopped",
    )
    rows = certificates.join(current, on=["holder_id", "classification"], how="left", maintain_order="left")
    is_revoked = pl.col("standing") == RegisterStanding.REVOKED
    last_day = pl.when(is_revoked).then(pl.coalesce("held_expires_on", "expires_on")).otherwise("expires_on")
    rows = rows.with_columns(
        last_day.alias("expires_on"),
        is_revoked.alias("is_revoked"),
    ).with_columns(
        pl.concat_str(
            "holder_id", "classification", pl.col("expires_on").cast(pl.String), separator=KEY_SEPARATOR
        ).alias("external_id"),
        pl.when(is_revoked).then(pl.lit("revoked")).otherwise(pl.col("is_clear").cast(pl.String)).alias("state"),
    )
    rows = with_fingerprint(rows, ["first_earned_on", "expires_on", "state"])
    rows = with_action(rows, held.select("external_id", "record_id", "content_sha256"))
    rows = _leave_as_held(rows, findings, file)
    is_new = pl.col("action") == Action.ADDED
    for is_bad, column, code, remedy in (
        (
            (pl.col("expires_on") < pl.col("held_expires_on")).fill_null(value=False),
            "expiration_date",
            "expires_earlier_than_held",
            "The register gave a later day before. If that was wrong, undo that import first.",
        ),
        (
            is_new & pl.col("is_stopped").fill_null(value=False),
            "expiration_date",
            "renews_a_revoked_certificate",
            "The certificate held was revoked or withdrawn here; have somebody decide about it first.",
        ),
    ):
        findings.refuse_rows(rows.filter(is_bad), file=file, column=column, code=code, remedy=remedy)
        rows = rows.filter(~is_bad)
    day_after = pl.col("held_expires_on") + pl.duration(days=1)
    begun = pl.max_horizontal(
        pl.min_horizontal(day_after, pl.coalesce("last_updated", pl.lit(today)), pl.lit(today)),
        "held_issued_on",
    )
    is_renewal = is_new & pl.col("held_id").is_not_null()
    was_renewal = ~is_new & pl.col("held_renews_id").is_not_null()
    rows = rows.with_columns(
        pl.when(is_renewal).then("held_id").otherwise("held_renews_id").alias("renews_id"),
        pl.when(is_renewal)
        .then(begun)
        .when(was_renewal)
        .then("held_issued_on")
        .otherwise("first_earned_on")
        .alias("issued_on"),
    )
    days = [
        revoked_from(changed_on, issued_on, today) if revoked else None
        for changed_on, issued_on, revoked in rows.select("last_updated", "issued_on", "is_revoked").iter_rows()
    ]
    return rows.with_columns(pl.Series("revoked_from", days, pl.Date))


def _leave_as_held(rows: pl.DataFrame, findings: Findings, file: str) -> pl.DataFrame:
    """A certificate that was revoked or withdrawn stays so; one whose licence is suspended stays as it is."""
    is_changed = pl.col("action") == Action.CHANGED
    is_stopped = pl.col("is_stopped").fill_null(value=False)
    findings.note_rows(
        rows.filter(is_changed & is_stopped & ~pl.col("is_revoked")),
        file=file,
        column="status",
        code="cleared_after_revocation",
        remedy="The certificate stays revoked or withdrawn. Have its holder hand in evidence for a new one.",
    )
    is_left = is_changed & (is_stopped | (pl.col("standing") == RegisterStanding.SUSPENDED))
    return rows.with_columns(
        pl.when(is_left).then(pl.lit(Action.UNCHANGED.value)).otherwise("action").alias("action"),
        pl.when(is_left).then("held_sha256").otherwise("content_sha256").alias("content_sha256"),
    )


def _certifications(
    repository: ImportRepository, certificates: pl.DataFrame, known: pl.DataFrame, findings: Findings, file: str
) -> pl.DataFrame:
    """A registry entry per classification; one that is there already is used if it is the board's own."""
    wanted = certificates.select("classification").unique().sort("classification")
    codes = pl.format("CSLB-{}", "classification")
    wanted = wanted.with_columns(codes.alias("code"), pl.col("classification").alias("external_id"))
    found = repository.certifications_by_code(wanted["code"].to_list()).rename({"record_id": "found_id"})
    is_board = (pl.col("source") == CertificationSource.GOVERNMENT) & (pl.col("issuing_organization") == BOARD)
    other = found.filter(~is_board)["code"]
    taken = wanted.filter(pl.col("code").is_in(other.implode()))["classification"]
    findings.refuse_rows(
        certificates.filter(pl.col("classification").is_in(taken.implode())),
        file=file,
        column="classifications",
        code="ambiguous_classification",
        remedy="The registry has an entry with this code that is not the board's; rename it first.",
    )
    wanted = wanted.filter(~pl.col("classification").is_in(taken.implode()))
    rows = with_action(with_fingerprint(wanted, ["code"]), known)
    rows = rows.join(found.select("code", "found_id"), on="code", how="left", maintain_order="left")
    return rows.with_columns(
        pl.coalesce("found_id", "record_id").alias("record_id"),
        pl.when(pl.col("found_id").is_not_null())
        .then(pl.lit(Action.UNCHANGED.value))
        .otherwise("action")
        .alias("action"),
    )


def _memberships(
    holders: pl.DataFrame, known: pl.DataFrame, organization: Organization | None, today: date
) -> pl.DataFrame:
    """Technicians of the organization, from today: since when they are the register does not say."""
    if organization is None:
        return holders.head(0).with_columns(pl.lit(None, pl.Date).alias("started_on"), pl.lit("").alias("person_id"))
    rows = holders.select(
        pl.concat_str("holder_id", pl.lit(str(organization.id)), separator=KEY_SEPARATOR).alias("external_id"),
        pl.col("record_id").alias("person_id"),
        pl.lit(today).alias("started_on"),
    )
    return with_action(with_fingerprint(rows, ["external_id"]), known)


def _listed(certificates: pl.DataFrame) -> dict[str, list[str]]:
    return {
        action.value: certificates.filter(pl.col("action") == action)["external_id"].head(LISTED_IDS).to_list()
        for action in (Action.ADDED, Action.CHANGED)
    }


_CHANGED_CERTIFICATE_COLUMNS = (
    "issued_on",
    "first_earned_on",
    "verification_status",
    "verified_at",
    "revoked_at",
    "revoked_from",
    "revocation_reason",
)


def apply_licences(
    repository: ImportRepository,
    plan: LicencePlan,
    import_id: UUID,
    organization: Organization | None,
    *,
    now: datetime,
) -> None:
    """Write the plan in the caller's transaction, with its ledger events."""
    repository.add_records("certification_registry", _certification_rows(plan.certifications))
    repository.record_ids("certifications", plan.certifications, REGISTER, import_id)
    repository.add_records("people", plan.holders.select("record_id", "action", "display_name"))
    repository.record_ids("holders", plan.holders, REGISTER, import_id)
    if organization is not None:
        repository.add_records("memberships", _membership_rows(plan.memberships, organization.id))
        repository.record_ids("memberships", plan.memberships, REGISTER, import_id)
    entries = entry_rows(plan.entries, REGISTER, now=now)
    repository.add_records("register_entries", entries)
    for planned in (plan.entries, plan.unlisted):
        changed = planned.with_columns(pl.lit(now.isoformat()).alias("seen_at"))
        changed = changed.select("record_id", "action", *CHANGED_ENTRY_COLUMNS)
        repository.change_records(ENTRIES, changed, REGISTER, import_id)
        repository.record_ids(ENTRIES, planned, REGISTER, import_id)
    rows = _certificate_rows(plan.certificates, now=now)
    repository.add_records("certificates", rows)
    changed = rows.select("record_id", "action", *_CHANGED_CERTIFICATE_COLUMNS)
    repository.change_records("certificates", changed, REGISTER, import_id)
    repository.record_ids("certificates", plan.certificates, REGISTER, import_id)
    repository.link_register_certificates(REGISTER)
    copy_events(repository.session, _events(plan, import_id, organization, now), now=now)


def _certification_rows(frame: pl.DataFrame) -> pl.DataFrame:
    names = {code: name for code, (name, _) in CLASSIFICATIONS.items()}
    trades = {code: trade for code, (_, trade) in CLASSIFICATIONS.items()}
    name = pl.col("classification").replace_strict(names, default="Contractor licence", return_dtype=pl.String)
    return frame.select(
        "record_id",
        "action",
        pl.format("{} {}", "classification", name).alias("name"),
        "code",
        pl.format("Contractor licence, classification {}.", "classification").alias("description"),
        pl.lit(CertificationSource.GOVERNMENT.value).alias("source"),
        pl.lit(BOARD).alias("issuing_organization"),
        pl.lit(CertificationCategory.COMPLIANCE.value).alias("category"),
        pl.col("classification").replace_strict(trades, default=GENERAL_TRADE, return_dtype=pl.String).alias("trade"),
        pl.lit(VALIDITY_MONTHS, pl.Int64).alias("validity_period_months"),
        pl.lit(value=True).alias("can_be_verified"),
    )


def _membership_rows(frame: pl.DataFrame, organization_id: UUID) -> pl.DataFrame:
    return frame.select(
        "record_id",
        "action",
        "person_id",
        pl.lit(str(organization_id)).alias("organization_id"),
        pl.lit(Role.TECHNICIAN.value).alias("role"),
        "started_on",
    )


def _certificate_rows(frame: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    verified_on = pl.max_horizontal("issued_on", pl.coalesce("last_updated", "issued_on"))
    return frame.select(
        "record_id",
        "action",
        "person_id",
        "certification_id",
        "issued_on",
        "expires_on",
        "first_earned_on",
        pl.when("is_clear")
        .then(pl.lit(VerificationStatus.VERIFIED.value))
        .otherwise(pl.lit(VerificationStatus.PENDING.value))
        .alias("verification_status"),
        pl.when("is_clear").then(verified_on.dt.strftime("%Y-%m-%d 00:00:00+00")).alias("verified_at"),
        pl.lit(EarnedThrough.EXTERNAL.value).alias("earned_through"),
        "renews_id",
        "register_entry_id",
        pl.when("is_revoked").then(pl.lit(now.isoformat())).alias("revoked_at"),
        "revoked_from",
        pl.when("is_revoked").then(pl.lit(REVOKED_BY_REGISTER)).alias("revocation_reason"),
    )


def _events(plan: LicencePlan, import_id: UUID, organization: Organization | None, now: datetime) -> Iterator[Event]:
    organization_id = organization.id if organization is not None else None
    added = plan.memberships.filter(pl.col("action") == Action.ADDED) if organization is not None else None
    if added is not None:
        for record_id, person_id, started_on in added.select("record_id", "person_id", "started_on").iter_rows():
            yield MembershipStarted(
                subject_id=UUID(person_id),
                organization_id=organization_id,
                occurred_at=midnight(started_on),
                import_id=import_id,
                membership_id=UUID(record_id),
                role=Role.TECHNICIAN,
                team_id=None,
                persona=None,
                started_on=started_on,
            )
    for row in plan.certificates.filter(pl.col("action") != Action.UNCHANGED).iter_rows(named=True):
        yield from _certificate_events(row, import_id, organization_id, now)
    yield from entry_events(plan.entries, import_id, organization_id, now=now)
    subject = pl.coalesce("claimed_by_id", "person_id").alias("subject_id")
    yield from entry_events(plan.unlisted.with_columns(subject), import_id, organization_id, now=now)


def _certificate_events(
    row: dict[str, Any], import_id: UUID, organization_id: UUID | None, now: datetime
) -> Iterator[Event]:
    """What the certificate is, then that it was checked again or revoked."""
    envelope: dict[str, Any] = {
        "subject_id": UUID(row["person_id"]),
        "organization_id": organization_id,
        "occurred_at": now,
        "import_id": import_id,
        "certificate_id": UUID(row["record_id"]),
        "certification_id": UUID(row["certification_id"]),
    }
    is_changed = row["action"] == Action.CHANGED
    if not (is_changed and row["is_revoked"]):
        yield _certificate_event(row, import_id, organization_id)
        if is_changed:
            yield CertificateVerified(**envelope, is_verified=row["is_clear"])
    if row["is_revoked"]:
        yield CertificateRevoked(**envelope, revoked_from=row["revoked_from"])


def _certificate_event(row: dict[str, object], import_id: UUID, organization_id: UUID | None) -> Event:
    issued_on, expires_on = row["issued_on"], row["expires_on"]
    if not isinstance(issued_on, date) or not isinstance(expires_on, date):
        raise TypeError("A licence has a day of issue and a day of expiry.")
    certificate_id, certification_id = UUID(str(row["record_id"])), UUID(str(row["certification_id"]))
    subject_id, is_clear = UUID(str(row["person_id"])), bool(row["is_clear"])
    if row["renews_id"] is not None:
        return CertificateRenewed(
            subject_id=subject_id,
            organization_id=organization_id,
            occurred_at=midnight(issued_on),
            import_id=import_id,
            certificate_id=certificate_id,
            renews_id=UUID(str(row["renews_id"])),
            certification_id=certification_id,
            issued_on=issued_on,
            expires_on=expires_on,
            earned_through=EarnedThrough.EXTERNAL,
            is_verified=is_clear,
        )
    return CertificateIssued(
        subject_id=subject_id,
        organization_id=organization_id,
        occurred_at=midnight(issued_on),
        import_id=import_id,
        certificate_id=certificate_id,
        certification_id=certification_id,
        issued_on=issued_on,
        expires_on=expires_on,
        earned_through=EarnedThrough.EXTERNAL,
        is_verified=is_clear,
    )
