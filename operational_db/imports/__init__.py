"""Bringing other systems' records in: parse, check every row, show the difference, apply at once, undo (D8)."""
