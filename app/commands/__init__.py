"""The commands of `sitesync`, one module a subject; each offers `commands`, a typer app that `app.cli` puts together.

Commands are thin: they read options, call a service or a pipeline, and print what changed.
"""
