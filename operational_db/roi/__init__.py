"""What training cost, what jobs yielded, and what was estimated from both; the estimating itself is in `models`."""
