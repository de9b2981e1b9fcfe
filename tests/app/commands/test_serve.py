"""What a start makes before it serves: figures where there are none, or where another version made them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.commands import pipeline, serve
from operational_db.errors import ReleaseUnavailableError
from operational_db.releases.manifest import ReleaseManifest
from operational_db.settings import Settings
from pipelines.build import models_hash
from pipelines.errors import RefreshFailedError

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def _made_by(models: str) -> ReleaseManifest:
    return ReleaseManifest(
        name="warehouse_x",
        path=Path("warehouse_x.duckdb"),
        ledger_size=1,
        root_hash="00",
        as_of=NOW,
        built_at=NOW,
        is_simulated=False,
        checks=(),
        row_counts={},
        duration_seconds=1.0,
        is_full_build=True,
        models_hash=models,
        landing_fingerprint="",
    )


class Refreshes:
    """Counts the refreshes a start asks for; fails in them when told to."""

    def __init__(self, failure: RefreshFailedError | None = None) -> None:
        self.count = 0
        self.failure = failure

    def __call__(self) -> None:
        self.count += 1
        if self.failure is not None:
            raise self.failure


def _start(monkeypatch: pytest.MonkeyPatch, current: ReleaseManifest | None, refreshes: Refreshes) -> None:
    def find(_settings: Settings) -> ReleaseManifest:
        if current is None:
            raise ReleaseUnavailableError("There are no figures yet.")
        return current

    monkeypatch.setattr(serve, "current_manifest", find)
    monkeypatch.setattr(pipeline, "refresh_figures", refreshes)
    serve.make_figures(Settings())


class TestMakeFigures:
    def test_figures_of_the_same_models_are_served_as_they_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refreshes = Refreshes()
        _start(monkeypatch, _made_by(models_hash()), refreshes)
        assert refreshes.count == 0

    @pytest.mark.parametrize("current", [None, _made_by("of a former version")], ids=["none", "of other models"])
    def test_they_are_made_where_there_are_none_or_other_models_made_them(
        self, monkeypatch: pytest.MonkeyPatch, current: ReleaseManifest | None
    ) -> None:
        refreshes = Refreshes()
        _start(monkeypatch, current, refreshes)
        assert refreshes.count == 1

    def test_a_failure_is_told_and_former_figures_are_served(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        failure = RefreshFailedError("The marts could not be built, so the former figures stay.")
        _start(monkeypatch, _made_by("of a former version"), Refreshes(failure))
        assert "so the former figures stay. Pages that ask for new figures" in capsys.readouterr().err
        with pytest.raises(RefreshFailedError):
            _start(monkeypatch, None, Refreshes(failure))
