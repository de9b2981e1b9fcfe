"""ORM classes only, one file per subject. Import `operational_db.tables.registry` to have all of them mapped."""
