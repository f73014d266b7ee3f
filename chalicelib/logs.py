"""Structured logs: one JSON line per event. Credentials are never passed to a log; what looks like one is masked all the same."""

from __future__ import annotations

import logging
import re
import sys

from pythonjsonlogger.json import JsonFormatter

LOGGER = logging.getLogger("securebase")
_SECRET = re.compile(r"sbk_[A-Za-z0-9]+_[A-Za-z0-9]+_[A-Za-z0-9]+(_[A-Za-z0-9]+)?|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class RedactingFormatter(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """The text with every API key and token masked."""
    return _SECRET.sub("[redacted]", text)


def configure(level: str) -> None:
    """Everything that is logged goes to standard error as JSON, ours from `level` on, libraries' from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        RedactingFormatter("%(levelname)s %(name)s %(message)s", timestamp=True, rename_fields={"levelname": "level", "name": "logger"})
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(level)
