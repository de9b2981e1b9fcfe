"""Request and response bodies per feature. Output fields have no defaults, so that clients see them as always there."""
