"""The `sitesync` command: puts the commands of each subject together and turns refusals into messages and exit codes.

Exit code 0: done; 1: refused or failed, the reason on stderr; 2: wrong usage or wrong settings.
"""

import importlib
import sys
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from app.logs import configure_logging
from operational_db.errors import DomainError

if TYPE_CHECKING:
    from typer._click import Context

# Which module of app.commands holds a command or a group of commands. Only the one that is asked for is imported: some
# of them bring libraries that take seconds to load and stay in the memory of a process that serves for weeks.
COMMAND_MODULES = {
    "up": "serve",
    "serve": "serve",
    "prepare": "serve",
    "migrate": "serve",
    "demo": "serve",
    "refresh": "pipeline",
    "health": "pipeline",
    "token": "identity",
    "import": "imports",
    "ledger": "ledger",
    "content": "content",
    "witness": "witness",
    "notifications": "notifications",
    "access": "access",
    "evidence": "evidence",
    "gate": "gates",
    "registers": "registers",
    "certificates": "certificates",
    "badges": "badges",
    "owners": "owners",
    "mentorship": "mentorship",
    "roi": "roi",
    "models": "models",
    "match": "match",
    "recommend": "recommend",
}
GROUPS = {
    "imports": "import",
    "ledger": "ledger",
    "content": "content",
    "access": "access",
    "notifications": "notifications",
    "registers": "registers",
    "evidence": "evidence",
    "gates": "gate",
    "certificates": "certificates",
    "badges": "badges",
    "owners": "owners",
    "mentorship": "mentorship",
    "roi": "roi",
    "models": "models",
    "recommend": "recommend",
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


def create_cli(command: str | None = None) -> typer.Typer:
    """The commands under one name: all of them, or those of the module that holds `command`."""
    cli = typer.Typer(
        cls=_Commands,
        name="sitesync",
        help="Training and certification: run it, fill it, look after it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    known = COMMAND_MODULES.get(command or "")
    for name in [known] if known is not None else dict.fromkeys(COMMAND_MODULES.values()):
        cli.add_typer(importlib.import_module(f"app.commands.{name}").commands, name=GROUPS.get(name))
    # Keeps the names of commands in front of their options even where a module offers one command only.
    cli.callback()(lambda: None)
    return cli


def main() -> None:
    """Entry point of the console script."""
    configure_logging()
    create_cli(sys.argv[1] if len(sys.argv) > 1 else None)()


if __name__ == "__main__":
    main()
