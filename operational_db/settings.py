"""Settings of an installation, read from `SITESYNC_*` environment variables; the README lists each of them.

Everything a run writes lies under `home`. No other module reads the environment.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Installation settings; relative paths are taken from the project's root."""

    model_config = SettingsConfigDict(env_prefix="SITESYNC_", extra="ignore", frozen=True)

    home: Path = Field(default=PROJECT_ROOT / "var", description="Folder for everything a run writes.")
    database_url: str | None = Field(
        default=None,
        description="PostgreSQL 15 or newer (postgresql://…); unset: the embedded server under home.",
    )
    port: int = Field(default=8501, ge=1, le=65535, description="Port of dashboards and API.")
    pipeline_port: int | None = Field(
        default=None,
        description="Port of the pipeline's own pages; unset: the port after `port`.",
    )
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    demo: bool = Field(default=True, description="Fill an empty database with the simulated industry.")
    demo_seed: int = Field(default=20261, description="Seed number of the simulated industry.")
    oidc_issuer: str | None = Field(default=None, description="Issuer whose bearer tokens the API accepts.")
    oidc_audience: str = Field(default="sitesync", description="Audience those tokens must name.")
    ledger_origin: str = Field(
        default="sitesync.local/ledger",
        description="Name of the ledger in its signed checkpoints; best its public address without the scheme.",
    )
    ledger_witnesses: str = Field(
        default="",
        description="Witnesses that cosign checkpoints, separated by spaces, each as <address>#<verifier key>.",
    )
    public_url: str | None = Field(
        default=None, description="Address people reach the product at, for links in messages; unset: host and port."
    )
    badge_issuer: Literal["did:web", "did:key"] = Field(
        default="did:web",
        description="Identity that signs badges: did:web of the public address, or did:key, which verifies offline.",
    )
    verify_requests_per_minute: int = Field(
        default=60, ge=1, description="Requests a minute one client may make to the public verification page."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for reminders: smtp://host:port, smtp+starttls://user:password@host or smtps://…; "
        "unset: messages are written to files under home.",
    )
    smtp_sender: str = Field(default="SiteSync Training <training@localhost>", description="Sender of reminders.")
    refresh_minutes: int = Field(default=60, ge=1, description="Longest time between two scheduled refreshes.")
    freshness_minutes: int = Field(default=120, ge=1, description="Age at which a dashboard says that it is old.")
    releases_kept: int = Field(default=3, ge=2, description="Number of releases kept on disk.")
    max_upload_mb: int = Field(default=25, ge=1, description="Largest content file accepted, in megabytes.")
    document_limit_mb: int = Field(
        default=10, ge=1, description="Largest document accepted as evidence of a certificate, in megabytes."
    )
    files_url: str | None = Field(
        default=None,
        description="Where uploaded files are kept, as fsspec writes it: a folder, or s3://bucket/prefix with the "
        "package s3fs installed and its keys in the environment; unset: the folder files under home.",
    )

    @cached_property
    def home_path(self) -> Path:
        """`home`, absolute."""
        return (PROJECT_ROOT / self.home).resolve()

    @property
    def postgres_path(self) -> Path:
        return self.home_path / "postgres"

    @property
    def landing_path(self) -> Path:
        return self.home_path / "landing"

    @property
    def warehouse_path(self) -> Path:
        return self.home_path / "warehouse"

    @property
    def files_path(self) -> Path:
        return self.home_path / "files"

    @property
    def models_path(self) -> Path:
        """Files of learned models; the registry knows their names and hashes."""
        return self.home_path / "models"

    @property
    def keys_path(self) -> Path:
        return self.home_path / "keys"

    @property
    def outbox_path(self) -> Path:
        return self.home_path / "outbox"

    @property
    def dagster_path(self) -> Path:
        return self.home_path / "dagster"

    @property
    def public_address(self) -> str:
        """Address people and verifiers reach the installation at, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def pipeline_port_number(self) -> int:
        return self.pipeline_port if self.pipeline_port is not None else self.port + 1


def load_settings() -> Settings:
    """Read the settings afresh; the edges do this once and pass them on."""
    return Settings()
