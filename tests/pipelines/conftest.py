"""Fixtures of the pipeline's tests: a home of the test's own, and quick models where dbt is not meant."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from operational_db.settings import Settings
from tests.pipelines.quick_models import run_quick_models


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=None)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def quick_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build with a few plain statements instead of dbt."""
    monkeypatch.setattr("pipelines.refresh.run_models", run_quick_models)
