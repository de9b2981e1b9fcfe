"""Evidence bundles: what an auditor takes away and checks without trusting the installation it came from."""
