"""`sitesync witness`: a process that cosigns the checkpoints of ledgers it watches, best run by somebody else."""

from pathlib import Path
from typing import Annotated

import typer

from operational_db.ledger.notes import Verifier
from operational_db.ledger.witness import Witness

commands = typer.Typer()


@commands.command()
def witness(
    state: Annotated[Path, typer.Option(help="Folder of its key and of what it has seen; kept between runs.")],
    log: Annotated[
        list[str], typer.Option(help="Verifier key of a ledger to watch (`sitesync ledger key list`); repeatable.")
    ],
    name: Annotated[str, typer.Option(help="Name of this witness in its cosignatures.")] = "sitesync.local/witness",
    host: Annotated[str, typer.Option(help="Address it listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8610,
) -> None:
    """Cosign each checkpoint that continues the last one (C2SP tlog-witness); refuse forks and rollbacks.

    Prints its verifier key first: ledgers name it, with the address, in SITESYNC_LEDGER_WITNESSES.
    """
    import uvicorn

    from app.serving.witness_app import create_witness_app

    watching = Witness(state, name, [Verifier.from_vkey(vkey) for vkey in log])
    typer.echo(f"Verifier key: {watching.vkey}")
    try:
        uvicorn.run(create_witness_app(watching), host=host, port=port, log_level="warning", access_log=False)
    finally:
        watching.close()
