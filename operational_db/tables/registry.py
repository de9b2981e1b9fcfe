"""Maps every table: importing this module is enough for migrations, foreign keys and tests."""

from operational_db.tables import (
    catalog,
    compliance,
    credentials,
    identity,
    imports,
    learning,
    ledger,
    mentorship,
)
from operational_db.tables.base import Base

__all__ = [
    "catalog",
    "compliance",
    "credentials",
    "identity",
    "imports",
    "learning",
    "ledger",
    "mentorship",
]

METADATA = Base.metadata
