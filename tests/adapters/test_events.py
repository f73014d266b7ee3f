"""What comes in other than over HTTP: the schedule's event, also typed by hand, and S3's notifications."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chalicelib.routes import events


def test_an_event_typed_by_hand_gets_every_default() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    event = events.LenientEvent({"source": "aws.events"}, None)
    assert before <= datetime.fromisoformat(event.time) <= datetime.now(UTC)


def test_a_schedules_event_keeps_its_own_time() -> None:
    assert events.LenientEvent({"source": "aws.events", "time": "2026-11-23T20:05:00Z"}, None).time == "2026-11-23T20:05:00Z"


def s3(*keys: str) -> str:
    return json.dumps({"Records": [{"s3": {"object": {"key": key}}} for key in keys]})


def test_a_notification_becomes_one_job_per_key_that_is_a_customers_export() -> None:
    jobs = list(events.jobs_of(s3("focus/acme/my+bill%2B1.csv", "findings/other/a.json", "focus/acme/readme.txt", "elsewhere/x.csv")))
    assert jobs == [
        {"job": "drop", "kind": "focus", "customer_id": "acme", "key": "focus/acme/my bill+1.csv"},
        {"job": "drop", "kind": "findings", "customer_id": "other", "key": "findings/other/a.json"},
    ]


def test_a_manifest_of_the_payers_export_is_a_job_and_its_data_files_are_none() -> None:
    folder = "BILLING_PERIOD%3D2026-11"
    manifest = f"focus-export/bill/metadata/{folder}/bill-Manifest.json"
    others = (f"focus-export/bill/data/{folder}/bill-00001.csv.gz", "focus-export/x-Manifest.json", "focus-export//Manifest.json")
    jobs = list(events.jobs_of(s3(manifest, *others, "focus/focus-export/a.csv")))
    assert jobs == [
        {"job": "payer_export", "export": "bill", "key": "focus-export/bill/metadata/BILLING_PERIOD=2026-11/bill-Manifest.json"},
        {"job": "drop", "kind": "focus", "customer_id": "focus-export", "key": "focus/focus-export/a.csv"},
    ]


@pytest.mark.parametrize("body", ['{"Service": "Amazon S3", "Event": "s3:TestEvent"}', '{"Records": []}'])
def test_a_message_without_work_is_no_error(body: str) -> None:
    assert list(events.jobs_of(body)) == []


def test_our_own_job_is_taken_as_it_is() -> None:
    assert list(events.jobs_of('{"job": "costs", "end": "2026-11-23T20:00:00Z"}')) == [{"job": "costs", "end": "2026-11-23T20:00:00Z"}]
