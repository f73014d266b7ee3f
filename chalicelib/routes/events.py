"""What comes in other than over HTTP: the hourly schedule, and jobs and S3 notifications from the queues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from chalice.app import CloudWatchEvent

from chalicelib.domain.errors import AnalyticsError
from chalicelib.domain.period import iso
from chalicelib.logs import LOGGER
from chalicelib.routes.reports import reporting
from chalicelib.stores.files import customer_of
from chalicelib.stores.payer import export_of
from chalicelib.usecases import aggregate, report
from chalicelib.wiring import services


class LenientEvent(CloudWatchEvent):
    """A schedule event, also one typed by hand as {"source": "aws.events"}: what is missing gets a default, `time` is now."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        defaults = {"version": "0", "account": "", "region": "", "detail": {}, "detail-type": "Scheduled Event", "source": "aws.events"}
        super()._extract_attributes({**defaults, "time": iso(datetime.now(UTC)), "id": "", "resources": [], **event_dict})


def plan(event: LenientEvent) -> dict[str, object]:
    """Plans the hour that the event itself names, so that a late or repeated event means the same hour."""
    planned = aggregate.plan(services().collaborators, datetime.fromisoformat(event.time))
    LOGGER.info("planned", extra=planned)
    return planned


def jobs_of(body: str) -> Iterator[dict[str, str]]:
    """The jobs of a message: our own, or one drop, or one manifest of the payer's export, per record of an S3 notification."""
    message = msgspec.json.decode(body)
    if "job" in message:
        yield message
    for record in message.get("Records", []):
        key = unquote_plus(record["s3"]["object"]["key"])
        owner, export = customer_of(key), export_of(key)
        if export:
            yield {"job": "payer_export", "export": export, "key": key}
        elif owner:
            yield {"job": "drop", "kind": owner[0], "customer_id": owner[1], "key": key}


def work(bodies: list[str]) -> None:
    """Does the jobs of these messages; an error leaves here, so that the queue repeats them and at last puts them aside."""
    for body in bodies:
        for job in jobs_of(body):
            started = time.perf_counter()
            try:
                if job["job"] == "report":
                    report.run(reporting(), job["customer_id"], job["report_id"])
                else:
                    aggregate.run(services().collaborators, job)
            except AnalyticsError as error:
                LOGGER.error("job failed", extra={**job, "code": error.code, "reason": str(error)})
                raise
            LOGGER.info("job done", extra={**job, "milliseconds": round((time.perf_counter() - started) * 1000, 1)})
