"""A viewer without a browser: signs in, opens the dashboards' websocket and asks for pages as a browser does.

A click is one visit of a page: the request goes out over the open websocket, the server runs the entry script and the
page, and the click has ended when the server says that the run finished, after everything drawn has arrived and was
decoded. So its time is the script's, the queueing before it and the sending; what a browser then needs to paint is not
in it. A page that draws an exception or an error, or refuses, makes the click a failed one.

Run as a program this is a process of its own with some viewers in it: a `Job` as JSON on standard input, a list of
`Click`s as JSON on standard output.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from pydantic import TypeAdapter
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

CLICK_SECONDS = 60.0
COOKIE = "sitesync_session"


@dataclass(frozen=True)
class Visit:
    """A page by its address, with the parameters that lead to one record or filter."""

    address: str
    query: str = ""


@dataclass(frozen=True)
class ViewerPlan:
    """Who looks at what."""

    person_id: str
    label: str
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class Job:
    """Viewers of one process. Without `seconds` each makes its visits once, in order and one viewer after another.

    With it all look at the same time, at visits drawn by chance, pausing between the shortest and the longest look.
    """

    server: str
    viewers: tuple[ViewerPlan, ...]
    seconds: float | None = None
    shortest_look: float = 0.0
    longest_look: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class Click:
    """One visit: how long it took, how much came, and what went wrong if anything did."""

    viewer: str
    address: str
    seconds: float
    byte_count: int = 0
    problem: str | None = None


JOB = TypeAdapter(Job)
CLICKS = TypeAdapter(list[Click])


@dataclass
class _Arrived:
    """What one run of the script sent."""

    byte_count: int = 0
    # A run that was under way when the click came may still end; only what began after it is its answer.
    has_begun: bool = False
    problems: list[str] = field(default_factory=list)


class PageSession:
    """An open websocket of one signed-in viewer."""

    def __init__(self, connection: ClientConnection, viewer: str) -> None:
        self._connection = connection
        self._viewer = viewer
        self._hashes: dict[str, str] = {}

    async def click(self, visit: Visit) -> Click:
        """Go to a page and wait until it is whole; what goes wrong is told in the click."""
        request = BackMsg()
        state = request.rerun_script
        state.query_string = visit.query
        state.context_info.timezone = "UTC"
        if visit.address in self._hashes:
            state.page_script_hash = self._hashes[visit.address]
        else:
            state.page_name = visit.address
        started = time.perf_counter()
        arrived = _Arrived()
        try:
            async with asyncio.timeout(CLICK_SECONDS):
                await self._connection.send(request.SerializeToString())
                await self._until_finished(arrived)
        except TimeoutError:
            arrived.problems.append(f"no page within {CLICK_SECONDS:.0f} s")
        except WebSocketException as error:
            arrived.problems.append(f"the connection was lost ({type(error).__name__}: {error})")
        seconds = time.perf_counter() - started
        problem = "; ".join(dict.fromkeys(arrived.problems)) or None
        return Click(self._viewer, visit.address, seconds, arrived.byte_count, problem)

    async def _until_finished(self, arrived: _Arrived) -> None:
        while True:
            data = await self._connection.recv(decode=False)
            arrived.byte_count += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                arrived.has_begun = True
            elif kind == "navigation":
                self._hashes = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            elif kind == "delta":
                arrived.problems += _problems(message)
            elif kind == "page_not_found":
                arrived.problems.append("there is no such page")
            elif kind == "script_finished" and arrived.has_begun and _has_ended(message, arrived):
                return


def _has_ended(message: ForwardMsg, arrived: _Arrived) -> bool:
    """A run that ended early to start anew, or of a fragment, is not the end of the page."""
    if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
        arrived.problems.append("the page does not compile")
    return message.script_finished in {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR}


def _problems(message: ForwardMsg) -> list[str]:
    if message.delta.WhichOneof("type") != "new_element":
        return []
    element = message.delta.new_element
    if element.WhichOneof("type") == "exception":
        return [f"{element.exception.type}: {element.exception.message}"]
    if element.WhichOneof("type") == "alert" and element.alert.format in {element.alert.ERROR, element.alert.WARNING}:
        return [element.alert.body]
    return []


@asynccontextmanager
async def open_session(server: str, person_id: str, viewer: str) -> AsyncIterator[PageSession]:
    """Sign in by the form and connect.

    Raises
    ------
    ConnectionError
        When the server does not take the sign-in.
    """
    async with httpx2.AsyncClient(base_url=server, timeout=CLICK_SECONDS) as client:
        answer = await client.post("/session/sign-in", data={"person_id": person_id})
    cookie = answer.cookies.get(COOKIE)
    if cookie is None:
        raise ConnectionError(f"{viewer} cannot sign in ({answer.status_code}): {answer.text[:200]}")
    address = server.replace("http", "ws", 1) + "/_stcore/stream"
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    # Browsers send no pings of their own.
    async with connect(address, additional_headers=headers, max_size=None, ping_interval=None) as connection:
        yield PageSession(connection, viewer)


async def run_job(job: Job) -> list[Click]:
    """All clicks of a job."""
    if job.seconds is None:
        return [click for plan in job.viewers for click in await _visit_in_order(job.server, plan)]
    ends_at = time.monotonic() + job.seconds
    tasks = [_visit_at_random(job, plan, number, ends_at) for number, plan in enumerate(job.viewers)]
    return [click for clicks in await asyncio.gather(*tasks) for click in clicks]


async def _visit_in_order(server: str, plan: ViewerPlan) -> list[Click]:
    async with open_session(server, plan.person_id, plan.label) as session:
        return [await session.click(visit) for visit in plan.visits]


async def _visit_at_random(job: Job, plan: ViewerPlan, number: int, ends_at: float) -> list[Click]:
    chance = random.Random(job.seed * 1_000 + number)
    # Not all in the same instant: people come one after another.
    await asyncio.sleep(chance.uniform(0, job.shortest_look + 0.5))
    clicks: list[Click] = []
    try:
        async with open_session(job.server, plan.person_id, plan.label) as session:
            while time.monotonic() < ends_at:
                clicks.append(await session.click(chance.choice(plan.visits)))
                await asyncio.sleep(chance.uniform(job.shortest_look, job.longest_look))
    except (OSError, WebSocketException, httpx2.HTTPError) as error:
        clicks.append(Click(plan.label, "", 0.0, 0, f"{type(error).__name__}: {error}"))
    return clicks


def split(plans: Sequence[ViewerPlan], process_count: int) -> list[tuple[ViewerPlan, ...]]:
    """Viewers dealt out to processes."""
    return [tuple(plans[start::process_count]) for start in range(process_count) if plans[start::process_count]]


def main() -> None:
    clicks = asyncio.run(run_job(JOB.validate_json(sys.stdin.buffer.read())))
    sys.stdout.buffer.write(CLICKS.dump_json(clicks))


if __name__ == "__main__":
    main()
