"""Mentorships between two people."""
