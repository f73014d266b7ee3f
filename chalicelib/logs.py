"""Structured logs: one JSON line per event. Credentials are never passed to a log; what looks like one is masked all the same."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from decimal import Decimal

from pythonjsonlogger.json import JsonFormatter

from chalicelib.domain import signals

LOGGER = logging.getLogger("securebase")
METRICS = logging.getLogger("securebase.metrics")
_SECRET = re.compile(
    r"sb[kls]_[A-Za-z0-9]+_[A-Za-z0-9]+_[A-Za-z0-9]+(_[A-Za-z0-9]+)?|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|whsec_[A-Za-z0-9+/=]+|hooks\.slack(-gov)?\.com/[^\s\"']+|/subscriptions/[^\s\"']+"
)


class RedactingFormatter(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """The text with every key, token and address that is its own password masked."""
    return _SECRET.sub("[redacted]", text)


def emit(stage: str, metric: str, value: float | Decimal) -> None:
    """A CloudWatch metric in the embedded format: CloudWatch reads it from the log, so that it costs no call."""
    told = {"Namespace": signals.NAMESPACE, "Dimensions": [[signals.STAGE]], "Metrics": [{"Name": metric}]}
    envelope = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [told]}
    METRICS.info(json.dumps({"_aws": envelope, signals.STAGE: stage, metric: float(value) if isinstance(value, Decimal) else value}))


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
    METRICS.handlers, METRICS.propagate = [logging.StreamHandler(sys.stderr)], False  # the JSON formatter would drop `_aws`
    METRICS.setLevel(logging.INFO)  # whatever is logged otherwise: alarms live of it
