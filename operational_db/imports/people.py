"""Finding the members of an organization that a file names by e-mail address or by id."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import polars as pl

from operational_db.imports.findings import Findings

PERSON = "person"


def with_people(
    rows: pl.DataFrame, members: Sequence[tuple[UUID, str, str | None]], findings: Findings, file: str
) -> pl.DataFrame:
    """Adds `person_id` to rows whose `person` is a member's address or id; refuses the others.

    Parameters
    ----------
    members
        Id, name and address of everybody who may be named; addresses are compared without regard to case.
    """
    addresses = Counter(email.lower() for _, _, email in members if email)
    # Two people whose addresses differ by case alone are told apart by their ids only.
    known = {
        email.lower(): str(person_id) for person_id, _, email in members if email and addresses[email.lower()] == 1
    }
    known |= {str(person_id): str(person_id) for person_id, _, _ in members}
    names = pl.DataFrame(
        {"_name": list(known), "person_id": list(known.values())},
        schema={"_name": pl.String, "person_id": pl.String},
    )
    found = rows.with_columns(pl.col(PERSON).str.to_lowercase().alias("_name")).join(
        names, on="_name", how="left", maintain_order="left"
    )
    is_unknown = pl.col("person_id").is_null()
    findings.refuse_rows(
        found.filter(is_unknown),
        file=file,
        column=PERSON,
        code="unknown_person",
        remedy="No member of the organization has this address or id. Correct it, or add the person first.",
    )
    return found.filter(~is_unknown).drop("_name")
