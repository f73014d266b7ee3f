"""Failures that a fake answers with: its own refusals and those a person or a test asked for."""

from __future__ import annotations

from collections import deque
from threading import Lock


class Refused(Exception):
    """An AWS error answer: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Faults:
    """Errors waiting to be answered, first in, first out; one call takes one."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._lock = Lock()

    def fail_next(self, code: str, times: int = 1) -> None:
        with self._lock:
            self._waiting.extend([code] * times)

    def raise_due(self) -> None:
        """Refused when a failure was asked for and is still due."""
        with self._lock:
            code = self._waiting.popleft() if self._waiting else None
        if code:
            raise Refused(code, f"{code} was asked for")
