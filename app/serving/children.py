"""Which processes serve an installation: dashboards and API in one, and the pipeline's three.

The pipeline's code is loaded once, by the code server; scheduler and pages talk to it.
"""

import os
import sys
from pathlib import Path

import orjson

from app.serving.ports import free_port
from app.serving.processes import MARK, mark_of
from app.serving.supervisor import ChildSpec
from operational_db.settings import Settings

SERVER = "server"
LOOPBACK = "127.0.0.1"

DAGSTER_SETTINGS = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    # Refreshes take turns; one that could not would only wait for the other's lock.
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
    "retention": {"schedule": {"purge_after_days": 30}, "sensor": {"purge_after_days": 7}},
}


def child_environment(settings: Settings, *, url: str, run_id: str) -> dict[str, str]:
    """The environment of every process of a run; the absolute home makes it independent of the working folder."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "SITESYNC_HOME": str(settings.home_path),
        "SITESYNC_DATABASE_URL": url,
        "DAGSTER_HOME": str(settings.dagster_path),
        MARK: mark_of(settings.home_path, run_id),
    }


def server_child(settings: Settings, environment: dict[str, str]) -> ChildSpec:
    """The process behind the address: dashboards and API."""
    command = (
        *(sys.executable, "-m", "uvicorn", "--factory", "app.server:create_app", "--no-access-log"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--log-level", "warning", "--timeout-graceful-shutdown", "3"),
    )
    return ChildSpec(SERVER, command, environment)


def sealer_child(environment: dict[str, str]) -> ChildSpec:
    """The process that puts what happens under signed checkpoints."""
    return ChildSpec("sealer", (sys.executable, "-m", "app.cli", "ledger", "sealer"), environment)


def notifier_child(environment: dict[str, str]) -> ChildSpec:
    """The process that owes and delivers reminders."""
    return ChildSpec("notifier", (sys.executable, "-m", "app.serving.notifier"), environment)


def pipeline_children(settings: Settings, environment: dict[str, str]) -> list[ChildSpec]:
    """The pipeline's processes; writes their configuration files first."""
    code_port = free_port()
    workspace_path = write_dagster_files(settings, code_port)
    workspace = ("--workspace", str(workspace_path))
    pages = ("--host", settings.host, "--port", str(settings.pipeline_port_number))
    # The pipeline's pages know no sign-in: beyond this machine they may be read, and nothing be started from them.
    is_local = settings.host in {LOOPBACK, "localhost", "::1"}
    commands = {
        "pipeline-code": (
            *(sys.executable, "-m", "dagster", "api", "grpc", "--module-name", "pipelines.definitions"),
            *("--host", LOOPBACK, "--port", str(code_port), "--location-name", "sitesync", "--log-level", "warning"),
        ),
        "pipeline-pages": (
            *(program("dagster-webserver"), *workspace, *pages, "--suppress-warnings"),
            *(() if is_local else ("--read-only",)),
        ),
        "pipeline-daemon": (program("dagster-daemon"), "run", *workspace),
    }
    return [ChildSpec(name, command, environment) for name, command in commands.items()]


def program(name: str) -> str:
    """Path of a program installed next to the Python that runs this."""
    return str(Path(sys.executable).with_name(name))


def write_dagster_files(settings: Settings, code_port: int) -> Path:
    """Write `dagster.yaml` and `workspace.yaml` (JSON is YAML too) and return the path of the latter."""
    folder = settings.dagster_path
    folder.mkdir(parents=True, exist_ok=True)
    code_server = {"host": LOOPBACK, "port": code_port, "location_name": "sitesync"}
    workspace = {"load_from": [{"grpc_server": code_server}]}
    for name, content in (("dagster.yaml", DAGSTER_SETTINGS), ("workspace.yaml", workspace)):
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        unfinished.replace(folder / name)
    return folder / "workspace.yaml"


def address_of(settings: Settings) -> str:
    """Where a browser on this machine finds the product."""
    return f"http://{_reachable_host(settings.host)}:{settings.port}"


def _reachable_host(host: str) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
