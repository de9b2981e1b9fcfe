"""The registry of learned models."""
