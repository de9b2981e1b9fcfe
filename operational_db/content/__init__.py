"""Policies, runbooks, protected features and lessons: authoring, review, publication, policy change."""
