"""Tips before risky actions, and micro-lessons that repeated near-misses earn a person."""
