"""Maps every table: importing this module is enough for migrations, foreign keys and tests."""

from operational_db.tables import (
    badges,
    catalog,
    compliance,
    content,
    credentials,
    gates,
    identity,
    imports,
    learned,
    learning,
    ledger,
    mentorship,
    notifications,
    owners,
    roi,
)
from operational_db.tables.base import Base

__all__ = [
    "badges",
    "catalog",
    "compliance",
    "content",
    "credentials",
    "gates",
    "identity",
    "imports",
    "learned",
    "learning",
    "ledger",
    "mentorship",
    "notifications",
    "owners",
    "roi",
]

METADATA = Base.metadata
