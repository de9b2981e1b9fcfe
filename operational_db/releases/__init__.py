"""Releases of the warehouse: which there are, how one is read within a viewer's scope, and how fresh it is."""
