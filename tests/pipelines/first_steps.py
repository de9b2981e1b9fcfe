"""Steps of a first learning as a test wants them to end; run in processes of their own, so they live in a module."""

import os
from datetime import datetime

from operational_db.settings import Settings
from pipelines.first_learning import FirstStep


def one_fails(step: FirstStep, url: str, settings: Settings, now: datetime) -> str:
    """The match cannot be trained; the others end well."""
    if step is FirstStep.MATCH:
        raise ValueError("no history")
    return f"{step.name} done"


def one_dies(step: FirstStep, url: str, settings: Settings, now: datetime) -> str:
    """The process of the recommender ends as if the machine had run out of memory."""
    if step is FirstStep.COURSES:
        os._exit(9)
    return f"{step.name} done"
