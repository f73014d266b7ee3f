"""Webhooks after Standard Webhooks: signed, exact, and the same one at every attempt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.delivery.outbound import Barred, NoAnswer, NotSent
from chalicelib.delivery.webhook import Webhooks, body_of
from chalicelib.domain.message import Outcome
from tests.unit.outgoing import AT, MESSAGE, FakeOutbound

OLD, NEW = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8
URL = "https://hooks.example.com/in"


def sent(secrets: tuple[str, ...] = (OLD,), now: datetime | None = None, delivery_id: str = "msg_1") -> tuple[dict[str, str], bytes]:
    outbound = FakeOutbound()
    assert Webhooks(outbound).send(delivery_id, URL, secrets, MESSAGE, now or datetime.now(UTC)) == Outcome("sent", "200")
    ((url, headers, body),) = outbound.sent
    assert url == URL
    return headers, body


def read(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body, parse_float=Decimal, parse_constant=pytest.fail)
    return found


def test_the_signature_is_verified_with_its_secret_and_with_no_other() -> None:
    headers, body = sent()
    assert Webhook(OLD).verify(body, headers)["type"] == "report.ready"
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(body.replace(b"acme", b"evil"), headers)


def test_during_a_rotation_each_of_both_secrets_verifies_it() -> None:
    headers, body = sent((OLD, NEW))
    assert [part[:3] for part in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
    assert Webhook(OLD).verify(body, headers) == Webhook(NEW).verify(body, headers)


def test_a_clock_of_another_zone_signs_the_same_instant() -> None:
    headers, body = sent(now=datetime.now(timezone(timedelta(hours=9))))
    assert Webhook(OLD).verify(body, headers)


def test_every_attempt_carries_the_same_id_and_its_own_time() -> None:
    (first, body), (second, again) = sent(now=AT), sent(now=AT + timedelta(minutes=5))
    assert first["webhook-id"] == second["webhook-id"] == "msg_1"
    assert body == again
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300
    assert first["webhook-signature"] != second["webhook-signature"]


def test_a_webhook_is_never_sent_unsigned() -> None:
    outbound = FakeOutbound()
    with pytest.raises(ValueError, match="unsigned"):
        Webhooks(outbound).send("msg_1", URL, (), MESSAGE, AT)
    assert outbound.sent == []


def test_the_body_says_everything_with_exact_numbers() -> None:
    headers, body = sent()
    assert headers["content-type"] == "application/json"
    found = read(body)
    (document,) = found["data"].pop("documents")
    assert found == {
        "type": "report.ready",
        "timestamp": "2026-11-23T20:15:00Z",
        "data": {
            "customer_id": "acme",
            "title": "Your report is ready",
            "text": "The cost of October.",
            "facts": [{"label": "Schedule", "text": "monthly"}],
            "schedule_id": "s-1",
            "limit": Decimal("0.10"),
            "action": {"label": "Pause", "url": "https://app.example.com/schedules/s-1"},
        },
    }
    assert [(figure["name"], figure["value"], figure["unit"]) for figure in document["figures"]] == [
        ("Total cost", Decimal("1234.5678901234"), "USD"),
        ("Score", Decimal("91.25"), "%"),
        ("Forecast", None, "USD"),
        ("Data through", "2026-11-23T20:15:00Z", "UTC"),
        ("Not a number", None, "GB"),
    ]
    assert b'"value":1234.5678901234' in body
    assert (document["report_id"], document["size_bytes"], document["expires_at"]) == ("r-1", 20_480, "2026-11-23T20:15:00Z")
    assert (document["url"], document["filename"]) == (MESSAGE.documents[0].url, "acme-cost.pdf")
    assert document["notices"] == ["Two accounts failed"]


def test_what_a_message_carries_for_machines_cannot_pose_as_another_customers() -> None:
    body = body_of(replace(MESSAGE, data={"customer_id": "evil", "documents": []}, action=None))
    assert read(body)["data"]["customer_id"] == "acme"
    assert len(read(body)["data"]["documents"]) == 1
    assert read(body)["data"]["action"] is None


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(st.characters())
    | st.datetimes(timezones=st.just(UTC))
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(st.characters()), anything)
def test_any_content_is_valid_json_with_its_numbers_unchanged(text: str, value: object) -> None:
    found = read(body_of(replace(MESSAGE, title=text, data={"value": value})))
    if isinstance(value, Decimal):
        assert found["data"]["value"] == (value if value.is_finite() else None)
    if text.isprintable():
        assert found["data"]["title"] == text


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (200, Outcome("sent", "200")),
        (204, Outcome("sent", "204")),
        (301, Outcome("later", "301")),
        (307, Outcome("later", "307")),
        (400, Outcome("later", "400")),
        (401, Outcome("later", "401")),
        (404, Outcome("later", "404")),
        (408, Outcome("later", "408")),
        (410, Outcome("gone", "410")),
        (429, Outcome("later", "429")),
        (500, Outcome("later", "500")),
        (503, Outcome("later", "503")),
        (Barred("private_address"), Outcome("refused", "private_address")),
        (NotSent("name_not_found"), Outcome("later", "name_not_found")),
        (NotSent("connection_refused"), Outcome("later", "connection_refused")),
        (NotSent("tls_failed"), Outcome("later", "tls_failed")),
        (NoAnswer(), Outcome("lost", "no_answer")),
    ],
)
def test_only_gone_and_private_end_it_for_good(answer: int | Exception, outcome: Outcome) -> None:
    assert Webhooks(FakeOutbound(answer)).send("msg_1", URL, (OLD,), MESSAGE, AT) == outcome
