"""Fixtures of the whole product: one prepared demo a run, a running copy of it, and spare copies to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.installation import Installation, copied_installation, demo_template


@pytest.fixture(scope="session")
def template(test_run: str) -> Iterator[Path]:
    """A prepared home to copy."""
    with demo_template(test_run) as home:
        yield home


@pytest.fixture(scope="session")
def installation(template: Path) -> Iterator[Installation]:
    """A running installation with the demo. Tests read from it and leave it as it was."""
    with copied_installation(template) as installation:
        installation.start_server()
        yield installation


@pytest.fixture
def spare(template: Path) -> Iterator[Installation]:
    """An installation of the test's own, nothing running: to write to, to break, to kill."""
    with copied_installation(template) as installation:
        yield installation
