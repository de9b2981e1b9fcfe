"""Log lines carry the fields that say what an event was about."""

import logging

from app.logs import FieldFormatter


class TestFieldFormatter:
    def test_extra_fields_follow_the_event_name(self) -> None:
        record = logging.getLogger("app").makeRecord(
            "app", logging.WARNING, "file.py", 1, "child.ended", (), None, extra={"child": "server", "exit_code": 3}
        )

        assert FieldFormatter().format(record).endswith("WARNING app child.ended child=server exit_code=3")

    def test_without_extra_fields_nothing_follows(self) -> None:
        record = logging.makeLogRecord({"msg": "postgres.restarted", "levelname": "WARNING", "name": "app"})

        assert FieldFormatter().format(record).endswith("WARNING app postgres.restarted")
