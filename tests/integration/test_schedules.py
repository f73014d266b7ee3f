"""Schedules as their user sees them, on the running stack: run, mailed, signed, confirmed, unsubscribed, bounced."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.stack import Client, Stack, eventually

SCHEDULES, RECIPIENTS = "/analytics/schedules", "/analytics/recipients"
DAILY: dict[str, Any] = {"name": "Daily", "report": {"type": "costs", "format": "csv"}, "cadence": {"kind": "daily", "at": "05:00"}}
OVER = ("delivered", "partly_delivered", "undelivered", "failed")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HOSTILE = (
    "http://example.com/x",
    "https://localhost/",
    "https://localhost.localdomain./",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://intranet/",
    "https://user:password@example.com/",
    "https://example.com:22/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/#@127.0.0.1",
    "https://ex ample.com/",
    "https://exämple.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/",
    "",
)


class Mailbox:
    """The laptop's inbox, read."""

    def __init__(self, stack: Stack) -> None:
        self._at = Client(stack.environment["INBOX_URL"])

    def get(self, path: str) -> bytes:
        return self._at.get(path).content

    def to(self, address: str) -> list[Any]:
        return [one for one in json.loads(self.get("/messages.json")) if one["to"] == address]

    def wait(self, address: str, count: int = 1) -> list[Any]:
        return eventually(lambda: found if len(found := self.to(address)) >= count else None)

    def html(self, message: Any) -> str:
        return self.get(f"/mails/{message['number']}").decode()


@pytest.fixture
def mailbox(own_stack: Stack) -> Mailbox:
    return Mailbox(own_stack)


@pytest.fixture(scope="module")
def client(own_stack: Stack) -> Client:
    """Of a customer of this module's own, with the costs that the third demo customer has."""
    return own_stack.client(own_stack.customers[2])


@pytest.fixture
def place() -> str:
    return f"{uuid4().hex[:12]}.example"


def added(client: Client, channel: str, address: str, **more: Any) -> Any:
    answer = client.post(RECIPIENTS, {"channel": channel, "address": address, **more})
    assert answer.status == 201, answer.text
    return answer.json


def status_of(client: Client, recipient: Any) -> str:
    return str(client.answer(f"{RECIPIENTS}/{recipient['id']}")["status"])


def confirmed(client: Client, mailbox: Mailbox, address: str, **more: Any) -> Any:
    """A mail recipient whose reader has pressed the button."""
    recipient = added(client, "email", address, **more)
    (asked,) = mailbox.wait(address)
    press(client, link_in(mailbox.html(asked), "confirm this address"))
    assert status_of(client, recipient) == "verified"
    return recipient


def proven(client: Client, place: str) -> Any:
    recipient = added(client, "webhook", f"https://{place}/in")
    assert client.post(f"{RECIPIENTS}/{recipient['id']}/test", {}).status == 202
    eventually(lambda: status_of(client, recipient) == "verified")
    return recipient


def link_in(html: str, label: str) -> str:
    links = re.findall(r'<a[^>]*href="([^"]+)"[^>]*>(.*?)</a>', html, re.DOTALL)
    return next(href for href, text in links if label in re.sub(r"<[^>]+>", "", text).strip().lower())


def press(client: Client, url: str) -> None:
    """What a browser sends for the one button of the page behind a link."""
    anybody, path = Client(client.base_url), urlsplit(url).path
    page = anybody.get(path)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post">' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    said = anybody.request("POST", path, b"", FORM)
    assert (said.status, "<form" in said.text) == (200, False)


def ran(client: Client, schedule: Any) -> Any:
    """A run by hand, once it is over."""
    asked = client.post(f"{SCHEDULES}/{schedule['id']}/run", {})
    assert asked.status == 202, asked.text

    def over() -> Any:
        runs = client.answer(f"{SCHEDULES}/{schedule['id']}/runs", limit=50)["runs"]
        run = next(one for one in runs if one["id"] == asked.json["id"])
        return run if run["status"] in OVER and all(one["status"] != "sent" for one in run["deliveries"]) else None

    return eventually(over)


@pytest.fixture
def scheduled(client: Client) -> Iterator[Callable[..., Any]]:
    """Makes schedules that are gone after the test."""
    made: list[Any] = []

    def make(*recipients: Any, **more: Any) -> Any:
        answer = client.post(SCHEDULES, {**DAILY, "recipients": [one["id"] for one in recipients], **more})
        assert answer.status == 201, answer.text
        made.append(answer.json)
        return answer.json

    yield make
    for one in made:
        client.request("DELETE", f"{SCHEDULES}/{one['id']}")


def test_a_run_arrives_as_a_mail_and_as_a_signed_webhook_with_links_that_open_the_report(
    client: Client, mailbox: Mailbox, place: str, scheduled: Callable[..., Any]
) -> None:
    mail, hook = confirmed(client, mailbox, f"finance@{place}"), proven(client, place)
    schedule = scheduled(mail, hook)
    run = ran(client, schedule)
    assert (run["status"], run["trigger"]) == ("delivered", "now")
    assert {one["channel"]: one["status"] for one in run["deliveries"]} == {"email": "delivered", "webhook": "delivered"}
    assert [one["status"] for one in run["deliveries"][0]["receipts"]][-1] == "delivered"
    told = mailbox.wait(f"https://{place}/in", 2)[-1]
    data = Webhook(hook["secret"]).verify(told["body"], told["headers"])["data"]
    (document,) = data["documents"]
    assert (document["report_id"], data["customer_id"]) == (run["report_id"], "cobalt-games")
    record = client.answer(f"/analytics/reports/{run['report_id']}")
    assert (record["schedule_id"], record["parameters"]["start"][0]) == (schedule["id"], run["window"]["start"][:10])
    assert document["filename"] == record["filename"]
    anybody = Client(client.base_url)
    located = anybody.get(urlsplit(document["url"]).path).headers["Location"]
    assert anybody.request("GET", located).content == client.download(run["report_id"])
    html = mailbox.html(mailbox.to(f"finance@{place}")[-1])
    opened = urlsplit(link_in(html, "download")).path
    assert anybody.get(opened).status == 303
    assert opened != urlsplit(document["url"]).path  # each recipient has a link of its own
    said = json.loads(told["body"], parse_float=Decimal)["data"]["documents"][0]["figures"]
    costs = client.answer("/analytics/costs", start=run["window"]["start"], end=run["window"]["end"])
    assert next(one["value"] for one in said if one["name"] == "Billed cost") == costs["total"]


def test_a_signature_of_another_secret_or_body_is_none(client: Client, mailbox: Mailbox, place: str) -> None:
    hook = proven(client, place)
    (told,) = mailbox.wait(f"https://{place}/in")
    assert Webhook(hook["secret"]).verify(told["body"], told["headers"])["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(told["body"] + " ", told["headers"])
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(told["body"], told["headers"])


def test_during_a_rotation_both_secrets_verify(client: Client, mailbox: Mailbox, place: str) -> None:
    old = proven(client, place)
    rotated = client.post(f"{RECIPIENTS}/{old['id']}/rotate", {})
    assert rotated.status == 200, rotated.text
    assert rotated.json["secret"] != old["secret"]
    client.post(f"{RECIPIENTS}/{old['id']}/test", {})
    told = mailbox.wait(f"https://{place}/in", 2)[-1]
    for secret in (old["secret"], rotated.json["secret"]):
        assert Webhook(secret).verify(told["body"], told["headers"])["type"] == "test"
    assert "secret" not in client.answer(f"{RECIPIENTS}/{old['id']}")


def test_nothing_is_sent_to_an_address_before_its_reader_says_so(
    client: Client, mailbox: Mailbox, place: str, scheduled: Callable[..., Any]
) -> None:
    address = f"somebody@{place}"
    recipient = added(client, "email", address)
    schedule = scheduled(recipient)
    run = ran(client, schedule)
    assert [(one["status"], one["receipts"][-1]["reason"]) for one in run["deliveries"]] == [("cancelled", "unverified")]
    assert len(mailbox.to(address)) == 1  # the question alone
    (asked,) = mailbox.to(address)
    page = Client(client.base_url).get(urlsplit(link_in(mailbox.html(asked), "confirm this address")).path)
    assert page.status == 200
    assert status_of(client, recipient) == "unverified"  # looking isn't saying yes: scanners look at every link


def test_one_click_ends_mail_to_an_address_and_nothing_else(
    client: Client, mailbox: Mailbox, place: str, scheduled: Callable[..., Any]
) -> None:
    leaving, staying = (confirmed(client, mailbox, f"{name}@{place}") for name in ("leaving", "staying"))
    schedule = scheduled(leaving, staying)
    ran(client, schedule)
    header = mailbox.to(f"leaving@{place}")[-1]["headers"]["List-Unsubscribe"]
    path = urlsplit(header.strip("<>")).path
    one_click = Client(client.base_url).request("POST", path, b"List-Unsubscribe=One-Click", FORM)
    assert one_click.status == 200
    assert (status_of(client, leaving), status_of(client, staying)) == ("unsubscribed", "verified")
    statuses = {one["to"]: one["status"] for one in ran(client, schedule)["deliveries"]}
    assert statuses == {f"leaving@{place}": "cancelled", f"staying@{place}": "delivered"}


def test_a_bounce_and_a_complaint_end_mail_to_the_address(
    client: Client, mailbox: Mailbox, place: str, scheduled: Callable[..., Any]
) -> None:
    bouncing = added(client, "email", f"bounce@{place}")
    eventually(lambda: status_of(client, bouncing) == "bounced")
    complaining = added(client, "email", f"complaint@{place}")
    eventually(lambda: status_of(client, complaining) == "complained")
    schedule = scheduled(bouncing, complaining)
    assert {one["status"] for one in ran(client, schedule)["deliveries"]} == {"cancelled"}


def test_a_run_that_is_asked_for_again_under_its_key_is_one(client: Client, scheduled: Callable[..., Any]) -> None:
    schedule, key = scheduled(), uuid4().hex
    answers = []
    for _ in range(2):
        answers.append(client.post(f"{SCHEDULES}/{schedule['id']}/run", {}, Idempotency_Key=key))
        time.sleep(1.2)  # a later second is no other run
    past = f"{datetime.fromisoformat(schedule['next_run_at']) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    replay = client.post(f"{SCHEDULES}/{schedule['id']}/run", {"occurrence": past})
    assert (replay.status, replay.json["trigger"]) == (202, "replay")
    runs = client.answer(f"{SCHEDULES}/{schedule['id']}/runs", limit=50)["runs"]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == len([one for one in runs if one["trigger"] == "now"]) == 1


@pytest.mark.parametrize("url", HOSTILE)
def test_a_webhook_that_leads_inside_is_refused_and_nothing_is_called(client: Client, mailbox: Mailbox, url: str) -> None:
    answer = client.post(RECIPIENTS, {"channel": "webhook", "address": url})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "address")
    assert mailbox.to(url) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**DAILY, "name": 1}, "name"),
        ({**DAILY, "cadence": {"kind": "daily", "at": "25:00"}}, "cadence.at"),
        ({**DAILY, "cadence": {"kind": "daily", "often": "yes"}}, "cadence.often"),
        ({**DAILY, "cadence": {"kind": "cron", "cron": "*/5 * * * *"}}, "cadence.cron"),
        ({**DAILY, "timezone": "Europe/Atlantis"}, "timezone"),
        ({**DAILY, "report": {"type": "costs", "format": "doc"}}, "report.format"),
        ({**DAILY, "report": {"type": "costs", "format": "csv", "start": "2026-01-01"}}, "report.start"),
        ({**DAILY, "recipients": ["0" * 32]}, "recipients[0]"),
        ({**DAILY, "surprise": True}, "surprise"),
        ({"name": "x"}, "report"),
    ],
)
def test_a_wrong_body_is_named_and_nothing_is_made(client: Client, body: dict[str, Any], field: str) -> None:
    before = client.answer(SCHEDULES)
    answer = client.post(SCHEDULES, body)
    assert answer.status == 400
    assert field in [problem["field"] for problem in answer.json["errors"]]
    assert client.answer(SCHEDULES) == before


def test_the_first_demo_customer_has_a_schedule_every_quarter_of_an_hour(own_stack: Stack) -> None:
    client = own_stack.client()
    shown = {one["name"]: one for one in client.answer(SCHEDULES)["schedules"]}
    quarter = shown["Costs of yesterday"]
    assert (quarter["cadence"]["cron"], quarter["status"], len(quarter["recipients"])) == ("*/15 * * * *", "active", 2)
    runs = client.answer(f"{SCHEDULES}/{quarter['id']}/preview")["runs"]
    assert len(runs) == 10
    assert all(one["at"][14:16] in ("00", "15", "30", "45") for one in runs)


def test_the_inbox_shows_what_arrived_and_runs_nothing_of_it(client: Client, mailbox: Mailbox, place: str) -> None:
    added(client, "email", f"look@{place}", name="<script>alert(1)</script>")
    (asked,) = mailbox.wait(f"look@{place}")
    page = mailbox.get("/").decode()
    assert f"look@{place}" in page
    assert "<script" not in page + mailbox.html(asked)


def test_a_mail_is_whole_mime_with_what_mail_clients_ask_for(
    client: Client, mailbox: Mailbox, place: str, scheduled: Callable[..., Any]
) -> None:
    schedule = scheduled(confirmed(client, mailbox, f"whole@{place}"), attach=True)
    run = ran(client, schedule)
    mail = message_from_bytes(mailbox.get(f"/mails/{mailbox.to(f'whole@{place}')[-1]['number']}.eml"), policy=policy.default)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (attached,) = mail.iter_attachments()
    assert attached.get_payload(decode=True) == client.download(run["report_id"])
    text = mail.get_body(("plain",))
    assert text is not None
    assert run["window"]["start"][:10] in text.get_content()
