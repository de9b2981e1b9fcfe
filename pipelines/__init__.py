"""Orchestration: from the ledger to a release of the warehouse. Rules of the product and SQL models live elsewhere."""
