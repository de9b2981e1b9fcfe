"""Incidents, and whether those involved were certified for the scope when they happened."""
