"""What a refresh refuses or fails with; each message is fit for a page and says that the former figures stay."""

from collections.abc import Sequence

from operational_db.errors import ConflictError, DomainError
from operational_db.releases.manifest import CheckResult


class RefreshBusyError(ConflictError):
    """Another refresh of this installation is running."""

    code = "refresh_busy"


class RefreshFailedError(DomainError):
    """A step could not be done; the former release stays."""

    status = 500
    code = "refresh_failed"


class ChecksFailedError(RefreshFailedError):
    """Blocking checks did not pass; the former release stays."""

    code = "checks_failed"

    def __init__(self, failed: Sequence[CheckResult]) -> None:
        lines = " ".join(check.message for check in failed)
        super().__init__(
            f"The new figures did not pass their checks, so the former ones stay. {lines}",
            details={"failed_checks": [check.name for check in failed]},
        )
        self.failed = tuple(failed)


class DiskFullError(RefreshFailedError):
    """No space was left while something was written."""

    code = "disk_full"

    def __init__(self, step: str) -> None:
        super().__init__(
            f"The disk is full: the step “{step}” could not be finished. The former figures stay, and unfinished files "
            "were removed. Free some space, then run `sitesync refresh`.",
            details={"step": step},
        )
