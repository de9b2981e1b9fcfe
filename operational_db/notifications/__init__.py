"""Reminders: owed by the state of certificates and assignments, delivered through an outbox."""
