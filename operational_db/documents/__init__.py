"""Files kept once by their content hash, and the documents people bring as evidence."""
