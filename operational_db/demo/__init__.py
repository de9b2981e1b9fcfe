"""A simulated industry for installations without records of their own (decision D10): the same for one seed number."""
