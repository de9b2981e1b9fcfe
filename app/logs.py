"""How log records look on stderr: time, level, logger, event name, then the `extra` fields as name=value."""

import logging

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """Appends the fields given by `extra`, which the standard formatter leaves out."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        return " ".join([super().formatMessage(record), *(f"{name}={value}" for name, value in fields.items())])


def configure_logging(level: int = logging.WARNING) -> None:
    """Send records of `level` and above to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter())
    logging.basicConfig(level=level, handlers=[handler])
