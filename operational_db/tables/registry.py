"""Maps every table: importing this module is enough for migrations, foreign keys and tests."""

from operational_db.tables import (
    catalog,
    compliance,
    content,
    credentials,
    gates,
    identity,
    imports,
    learning,
    ledger,
    mentorship,
    notifications,
)
from operational_db.tables.base import Base

__all__ = [
    "catalog",
    "compliance",
    "content",
    "credentials",
    "gates",
    "identity",
    "imports",
    "learning",
    "ledger",
    "mentorship",
    "notifications",
]

METADATA = Base.metadata
