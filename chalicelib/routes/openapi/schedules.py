"""What schedules and recipients are answered as, and their bodies."""

from __future__ import annotations

from chalicelib.domain import delivery, schedule
from chalicelib.domain.cadence import KINDS, LAST_MONTH, LAST_QUARTER, LAST_WEEK, WEEKDAYS, YESTERDAY
from chalicelib.domain.recipient import CHANNELS, EVENTS, MOST, STATES
from chalicelib.routes.openapi.shapes import (
    COUNT,
    FLAG,
    ID,
    INSTANT,
    TEXT,
    Schema,
    by_name,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)
from chalicelib.usecases.schedules.recipients import LONGEST_NAME
from chalicelib.usecases.schedules.request import LONGEST_WAIT_DAYS, NO_WAIT, STATUSES

RUN_ID: Schema = {"type": "string", "pattern": "^[0-9]{8}T[0-9]{6}Z(-[0-9a-f]{16})?$", "examples": ["20261201T070000Z"]}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "\\S"}
CLOCK: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
WINDOW = nullable(closed({"start": INSTANT, "end": INSTANT}))
CADENCE = closed(
    {"kind": words(KINDS)},
    {
        "minute": said({"type": "integer", "minimum": 0, "maximum": 59}, "Of hourly.", default=0),
        "at": said(CLOCK, "Of daily, weekly, monthly and quarterly: local time.", default="07:00"),
        "weekdays": said(listed(words(WEEKDAYS)), "Of weekly.", default=["mon"]),
        "day": said({"type": "integer", "minimum": 1, "maximum": 31}, "Of monthly and quarterly; 31 is the last day.", default=1),
        "cron": said(TEXT, "Of cron: five fields, at least 15 minutes between two runs.", default=""),
    },
)
REPORT = said(
    by_name({"anyOf": [TEXT, {"type": "integer"}, listed(TEXT)]}),
    "What `POST /analytics/reports` takes, but for the window.",
    examples=[{"type": "costs", "format": "pdf"}],
)
PERIOD = said(
    nullable(TEXT),
    f"{YESTERDAY}, {LAST_WEEK}, {LAST_MONTH}, {LAST_QUARTER} or a period of the API, as of the run's local date; by default the cadence's.",
)
OPTIONAL: dict[str, Schema] = {
    "timezone": said(TEXT, "An IANA zone.", default="UTC", examples=["Europe/London"]),
    "period": PERIOD,
    "recipients": said(listed(ID, maxItems=MOST), "Ids of recipients."),
    "attach": said(FLAG, "Whether mails hold the document where it is small enough.", default=False),
    "digest": said(FLAG, "Whether mails wait for the hour's one.", default=False),
    "wait_for": said(words((schedule.FINAL, NO_WAIT)), "Whether it waits for costs that aren't estimated.", default=NO_WAIT),
    "wait_days": {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_DAYS, "default": 10},
    "catch_up": said(words(schedule.CATCH_UP), "What becomes of runs that were missed.", default=schedule.ONCE),
    "status": said(words(STATUSES), "", default=schedule.ACTIVE),
}
REQUIRED: dict[str, Schema] = {"name": NAME, "report": REPORT, "cadence": ref("Cadence")}
CUSTOMER: dict[str, Schema] = {"customer_id": nullable(TEXT)}
SCHEDULE = closed(
    {
        "id": ID,
        "name": TEXT,
        "report": by_name({"anyOf": [TEXT, listed(TEXT)]}),
        "cadence": closed(CADENCE["properties"]),
        **OPTIONAL,
        "status": words((schedule.ACTIVE, schedule.PAUSED, schedule.PARKED)),
        "reason": said(nullable(TEXT), "Why it is parked."),
        "next_run_at": nullable(INSTANT),
        "skipped": said(COUNT, "Runs that were missed and not made up for."),
        "skipped_at": said(nullable(INSTANT), "The last one of them."),
        "created_at": INSTANT,
        "created_by": TEXT,
        "updated_at": INSTANT,
    }
)
UPCOMING = closed(
    {
        "at": INSTANT,
        "local": TEXT,
        "window": WINDOW,
        "not_before": said(INSTANT, "When the window is over."),
        "deadline": said(nullable(INSTANT), "Until when it waits for final costs."),
    }
)
RECEIPT = closed({"attempt": COUNT, "at": INSTANT, "status": TEXT, "reason": nullable(TEXT)})
DELIVERY = closed(
    {
        "recipient_id": ID,
        "channel": words(CHANNELS),
        "to": TEXT,
        "status": words(delivery.STATES),
        "attempts": COUNT,
        "next_attempt_at": nullable(INSTANT),
        "receipts": listed(RECEIPT),
    }
)
RUN_STATES = (schedule.WAITING, schedule.RENDERING, schedule.DELIVERING, "delivered", "partly_delivered", "undelivered", schedule.FAILED)
RUN = closed(
    {
        "id": RUN_ID,
        "occurrence": INSTANT,
        "local": said(nullable(TEXT), "Null where its zone is gone."),
        "trigger": words((schedule.SCHEDULED, schedule.MISSED, schedule.NOW, schedule.REPLAY)),
        "status": words(RUN_STATES),
        "window": WINDOW,
        "not_before": INSTANT,
        "deadline": nullable(INSTANT),
        "taken_at": INSTANT,
        "finished_at": nullable(INSTANT),
        "tries": COUNT,
        "reason": nullable(TEXT),
        "detail": nullable(TEXT),
        "report_id": nullable(ID),
        "digest": FLAG,
        "deliveries": listed(ref("Delivery")),
    }
)
EVENT_LIST = said(listed(words(EVENTS)), "What it is told of beside reports.", default=[])
RECIPIENT = {
    "id": ID,
    "channel": words(CHANNELS),
    "address": TEXT,
    "name": TEXT,
    "account": nullable(TEXT),
    "events": listed(words(EVENTS)),
    "status": words(STATES),
    "since": nullable(INSTANT),
    "created_at": INSTANT,
    "created_by": TEXT,
    "key_version": said(nullable(COUNT), "Of a webhook's signing key."),
    "both_keys_until": nullable(INSTANT),
}
RECORD = closed({"name": TEXT, "type": TEXT, "value": TEXT})
ONCE = {
    "secret": said(TEXT, "Of a webhook, after Standard Webhooks; told here alone."),
    "record": said(RECORD, "Of a domain: the TXT record that proves it."),
}


def _maybe(schema: Schema) -> Schema:
    """Null, or left out, is what stands."""
    return schema if isinstance(schema.get("type"), list) else nullable({name: one for name, one in schema.items() if name != "default"})


SCHEMAS: dict[str, Schema] = {
    "Cadence": CADENCE,
    "Schedule": SCHEDULE,
    "Schedules": closed({"schedules": listed(ref("Schedule"))}),
    "ScheduleRequest": closed(REQUIRED, {**OPTIONAL, **CUSTOMER}),
    "SchedulePatch": closed({}, {**{name: _maybe(one) for name, one in {**REQUIRED, **OPTIONAL}.items()}, **CUSTOMER}),
    "SchedulePreview": closed({"id": ID, "timezone": TEXT, "period": nullable(TEXT), "runs": listed(UPCOMING)}),
    "RunRequest": closed({}, {"occurrence": said(nullable(INSTANT), "A past run, once more; now by default."), **CUSTOMER}),
    "Run": RUN,
    "Runs": closed({"runs": listed(ref("Run")), "next_cursor": nullable(TEXT)}),
    "Delivery": DELIVERY,
    "Recipient": closed(RECIPIENT, ONCE),
    "RecipientNow": closed(
        {**RECIPIENT, "proofs": said(listed(ref("Delivery")), "Its tests and confirmations, the latest first.")}, {"record": ONCE["record"]}
    ),
    "Recipients": closed({"recipients": listed(ref("Recipient"))}),
    "RecipientRequest": closed(
        {"channel": words(CHANNELS), "address": {"type": "string", "minLength": 1, "examples": ["finance@example.com"]}},
        {
            "name": said({"type": "string", "maxLength": LONGEST_NAME}, "", default=""),
            "account": said(TEXT, "Of s3: whose the bucket is.", default=""),
            "events": EVENT_LIST,
            **CUSTOMER,
        },
    ),
    "RecipientPatch": closed(
        {}, {"name": nullable({"type": "string", "maxLength": LONGEST_NAME}), "events": nullable(listed(words(EVENTS))), **CUSTOMER}
    ),
}
