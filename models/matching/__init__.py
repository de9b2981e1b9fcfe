"""Matching mentors and mentees: the written formula, the learned match, and what is needed to trust either."""
