"""The `sitesync` command: puts the commands of each subject together and turns refusals into messages and exit codes.

Exit code 0: done; 1: refused or failed, the reason on stderr; 2: wrong usage or wrong settings.
"""

import importlib
import importlib.util
import logging
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from operational_db.errors import DomainError

if TYPE_CHECKING:
    from typer._click import Context

# Modules of app.commands and the word their commands stand behind; None: directly behind `sitesync`.
COMMAND_GROUPS: dict[str, str | None] = {
    "serve": None,
    "pipeline": None,
    "identity": None,
    "imports": "import",
    "ledger": "ledger",
}


class _Commands(TyperGroup):
    """The outermost group: a refusal ends with its message on stderr, never with a traceback."""

    def invoke(self, ctx: "Context") -> object:
        try:
            return super().invoke(ctx)
        except DomainError as error:
            typer.echo(error.message, err=True)
            raise typer.Exit(1) from error
        except ValidationError as error:
            if error.title != "Settings":
                raise
            for problem in error.errors():
                name = "SITESYNC_" + "_".join(str(part) for part in problem["loc"]).upper()
                typer.echo(f"{name}: {problem['msg']} (it is {problem['input']!r}).", err=True)
            raise typer.Exit(2) from error


def create_cli() -> typer.Typer:
    """All commands under one name."""
    cli = typer.Typer(
        cls=_Commands,
        name="sitesync",
        help="Training and certification: run it, fill it, look after it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module_name, group_name in COMMAND_GROUPS.items():
        full_name = f"app.commands.{module_name}"
        if importlib.util.find_spec(full_name) is not None:
            cli.add_typer(importlib.import_module(full_name).commands, name=group_name)
    return cli


def main() -> None:
    """Entry point of the console script."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    create_cli()()


if __name__ == "__main__":
    main()
