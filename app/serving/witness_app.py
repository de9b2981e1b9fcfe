"""The HTTP server around a witness: `POST /add-checkpoint` of C2SP tlog-witness, and its key for people at `/`."""

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from operational_db import clock
from operational_db.ledger.witness import MAXIMUM_BODY_BYTES, Witness


def create_witness_app(witness: Witness) -> Starlette:
    """The ASGI application of one witness; it knows no sign-in: a checkpoint's signature says whose it is."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAXIMUM_BODY_BYTES:
                return PlainTextResponse("The request is too long.\n", status_code=413)
        reply = await run_in_threadpool(witness.add_checkpoint, bytes(body), now=clock.now())
        return Response(reply.body, status_code=reply.status, headers={"Content-Type": reply.media_type})

    async def show_key(_: Request) -> Response:
        return PlainTextResponse(f"{witness.vkey}\n")

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/", show_key, methods=["GET"]),
        ]
    )
