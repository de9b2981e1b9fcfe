"""The schema's history (alembic): one file per revision, and the hand-written SQL that autogeneration cannot know."""
