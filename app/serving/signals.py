"""Ctrl-C, SIGTERM and a closed terminal, turned into one exception at a moment when nothing is left half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked the installation to stop; not an `Exception`, so that no handler of errors swallows it."""


class StopSignals:
    """While entered, the first stop signal raises `StopRequested`; later ones are ignored, the stop is under way."""

    def __init__(self) -> None:
        self._is_requested = False
        self._is_deferred = False

    def __enter__(self) -> Self:
        self._former = {number: signal.signal(number, self._receive) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A signal that comes inside the block takes effect at its end."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False
            self._raise_late()

    def _raise_late(self) -> None:
        if self._is_requested:
            raise StopRequested

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_requested:
            return
        self._is_requested = True
        if not self._is_deferred:
            raise StopRequested
