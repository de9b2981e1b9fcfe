"""Courses next for a person: reasons that are facts, and what people alike completed, measured against yardsticks."""
