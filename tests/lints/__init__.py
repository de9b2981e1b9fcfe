"""Checks on the project's own files that no off-the-shelf tool makes; `make check` runs each as a module."""
