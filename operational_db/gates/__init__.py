"""Rules that put an action behind training, their decisions, and who has access without the training."""
