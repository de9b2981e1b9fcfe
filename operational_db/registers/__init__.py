"""Government registers of licences as standing sources: what an entry means, and whose it is."""
