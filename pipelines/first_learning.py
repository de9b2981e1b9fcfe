"""What a new installation learns before its first figures: a match, course recommendations, what training returned.

Two processes at a time, so that it takes as long as the longest; a step that fails is told and keeps nothing up.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread

from sqlalchemy import Engine

from operational_db import clock
from operational_db.database import create_database_engine
from operational_db.learned.service import Unlearned
from operational_db.ledger.sequence import sequence_pending
from operational_db.settings import Settings

logger = logging.getLogger(__name__)

WORKERS = 2


class FirstStep(StrEnum):
    """In the order they are begun, the longest first; what each is called while it runs."""

    COURSES = "Learning what to take next"
    MATCH = "Learning the mentor match"
    RETURNS = "Estimating what it returned"


# What happens without the step, and how to try it again.
WITHOUT: dict[FirstStep, str] = {
    FirstStep.COURSES: "What is popular is recommended instead; try again with `sitesync models train`.",
    FirstStep.MATCH: "The written formula ranks mentors; try again with `sitesync models train`.",
    FirstStep.RETURNS: "It is tried again tonight, or with `sitesync roi estimate`.",
}


@dataclass(frozen=True)
class FirstResult:
    """How a step ended: with what it says, or with what failed and what follows from that."""

    step: FirstStep
    has_failed: bool
    message: str


def wanted_steps(unlearned: Unlearned) -> list[FirstStep]:
    """The steps a start still has to do: all of them the first time, the rest after one that was killed."""
    is_wanted = {
        FirstStep.COURSES: unlearned.courses,
        FirstStep.MATCH: unlearned.match,
        FirstStep.RETURNS: unlearned.returns,
    }
    return [step for step in FirstStep if is_wanted[step]]


Work = Callable[[FirstStep, str, Settings, datetime], str]


def learn_first_time(
    engine: Engine,
    url: str,
    settings: Settings,
    steps: Sequence[FirstStep] = tuple(FirstStep),
    *,
    run: Work | None = None,
) -> Iterator[FirstResult]:
    """Run the steps in processes of their own and tell each as it ends; never raises for a step.

    Parameters
    ----------
    url
        Address of the database; processes cannot share an engine.
    run
        What a step does; tests give their own.
    """
    now = clock.now()
    # So that models and estimates say how much of the ledger they saw.
    sequence_pending(engine, now=now, wait=True)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        futures: dict[Future[str], FirstStep] = {
            pool.submit(run or run_step, step, url, settings, now): step for step in steps
        }
        for future in as_completed(futures):
            yield _result(futures[future], future)


def run_step(step: FirstStep, url: str, settings: Settings, now: datetime) -> str:
    """One step in a process of its own; what came of it in plain words."""
    from pipelines.learned import train_courses, train_match
    from pipelines.roi_estimates import estimate_all

    engine = create_database_engine(url, pool_size=2)
    try:
        if step is FirstStep.MATCH:
            return train_match(engine, settings, now=now).message
        if step is FirstStep.COURSES:
            return train_courses(engine, settings, now=now).message
        made = estimate_all(engine, now=now)
        return f"{sum(each.new_count for each in made)} estimates for {len(made)} companies."
    finally:
        engine.dispose()


def _end_with_parent() -> None:
    """Whoever kills the start kills what it began: nothing is registered by a process nobody waits for."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    Thread(target=watch, daemon=True).start()


def _result(step: FirstStep, future: Future[str]) -> FirstResult:
    error = future.exception()
    if error is None:
        return FirstResult(step, False, future.result())
    # The edge of a process of its own: whatever it was, the start goes on without it.
    logger.warning("first_learning_failed", extra={"step": step.name.lower()}, exc_info=error)
    return FirstResult(step, True, f"{step} failed ({type(error).__name__}: {error}). {WITHOUT[step]}")
