"""Lessons as they are taken: opened, answered, graded, with the evidence that follows."""
