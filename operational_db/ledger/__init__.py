"""The append-only record of what happened (decision D2)."""
