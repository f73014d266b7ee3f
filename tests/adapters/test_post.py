"""From the hour's aggregation, or an hour of schedules, to what lies in the recipients' inboxes: with the real stores and channels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib import wiring
from chalicelib.channels import tag_of
from chalicelib.domain.breakdown import Selection
from chalicelib.domain.budget import Budget, Budgets, Threshold
from chalicelib.domain.recipient import EMAIL, S3, SLACK, SNS, WEBHOOK, Recipients
from chalicelib.routes.events import jobs_of, mail_event_of
from chalicelib.routes.schedules import scheduling
from chalicelib.usecases.schedules.recipients import prove
from chalicelib.usecases.schedules.request import CadenceBody
from tests.adapters.posting import BUCKET, Post, posting
from tests.e2e.embedded import NOW


@pytest.fixture(scope="module")
def made() -> Iterator[Post]:
    with posting() as found:
        yield found


@pytest.fixture
def post(made: Post) -> Post:
    made.anew(NOW)
    return made


def hour_of(post: Post) -> None:
    """Every few minutes the reporter, for an hour and a half."""
    for _ in range(18):
        post.aws.now += timedelta(minutes=5)
        post.turn()


def test_schedules_of_the_same_hour_are_one_mail_and_a_webhook_each(post: Post) -> None:
    post.recipients(EMAIL, WEBHOOK)
    schedules = [
        post.schedule(f"{number}" * 32, CadenceBody("daily", at=at), digest=True, name=f"Number {number}")
        for number, at in enumerate(("15:00", "15:20", "15:40"))
    ]
    post.aws.now = NOW.replace(hour=14, minute=58)
    hour_of(post)
    (mail,) = post.arrived("mail")
    assert len(post.arrived("webhook")) == 3
    assert mail.title == "3 reports for Cobalt Games"
    assert mail.html.count("Download ") == 3
    for schedule in schedules:
        (run,) = post.runs(schedule)
        assert post.statuses(run) == {"email": "delivered"}


def test_a_run_goes_by_every_channel(post: Post) -> None:
    post.recipients(EMAIL, WEBHOOK, SLACK, S3, SNS)
    schedule = post.schedule()
    post.aws.now = NOW.replace(hour=15, minute=1)
    post.turn()
    (run,) = post.runs(schedule)
    assert post.statuses(run) == dict.fromkeys((EMAIL, WEBHOOK, SLACK, S3, SNS), "delivered")
    (report_id,) = (one.id for one in post.services.reports.list(post.customer.id, 10, None)[0])
    (slack,), (published,) = post.arrived("slack"), post.published()
    assert slack.to == post.address(SLACK)
    assert "Cost report" in slack.title
    assert json.loads(published["Message"])["data"]["documents"][0]["report_id"] == report_id
    assert [key.split("/")[1] for key in post.in_bucket()] == [report_id]


def test_a_budget_that_is_crossed_is_told_by_mail_webhook_and_in_the_bucket_once(post: Post) -> None:
    told_of = tuple(replace(one, events=("budget",)) for one in post.recipients(EMAIL, WEBHOOK, S3))
    choices = post.services.metrics.choices
    choices.change(post.customer.id, Recipients, lambda held: Recipients(told_of))
    budget = Budget("b" * 32, "Games", Decimal(1), "USD", "billed", Selection(), (Threshold(Decimal(80)),), NOW, "key:x")
    choices.change(post.customer.id, Budgets, lambda held: Budgets((budget,)))
    for _ in range(2):
        post.aws.aggregate(post.customer)
        wiring.use(post.services)
        post.turn()
    (mail,), (hook,), (stored,) = post.arrived("mail"), post.arrived("webhook"), post.in_bucket()
    assert mail.title == "Budget Games: 80 % in 2026-03"
    told = json.loads(hook.content)
    assert (told["type"], told["data"]["budget"], told["data"]["budgeted"]) == ("budget.crossed", "Games", 1)
    kept = json.loads(post.s3.get_object(Bucket=BUCKET, Key=stored)["Body"].read())
    assert kept["data"]["amount"] == told["data"]["amount"]
    choices.change(post.customer.id, Budgets, lambda held: Budgets())


def test_a_bucket_is_proven_by_a_test_that_names_whose_it_has_to_be(post: Post) -> None:
    (bucket,) = post.recipients(S3, status="unverified")
    asked: list[dict] = []
    events = post.services.client("s3").meta.events
    events.register("provide-client-params.s3.PutObject", lambda params, **_: asked.append(params), unique_id="asked")
    prove(scheduling(), post.customer.id, bucket.id)
    post.drain()
    events.unregister("provide-client-params.s3.PutObject", unique_id="asked")
    assert scheduling().recipients(post.customer.id).all[0].status == "verified"
    assert [name.rpartition("/")[0] for name in post.in_bucket()] == ["reports/events"]
    assert [one["ExpectedBucketOwner"] for one in asked] == [bucket.account]  # which moto doesn't look at


def test_what_ses_greets_a_new_topic_with_is_no_job() -> None:
    assert list(jobs_of("Successfully validated SNS topic for Amazon SES event publishing.")) == []


@pytest.mark.parametrize(
    ("told", "kind", "detail"),
    [
        ({"eventType": "Send", "send": {}}, "Send", ""),
        ({"eventType": "Delivery", "delivery": {"timestamp": "2026-11-26T07:00:09.000Z", "recipients": ["a@x.example"]}}, "Delivery", ""),
        (
            {
                "eventType": "Bounce",
                "bounce": {"timestamp": "2026-11-26T07:00:09.000Z", "bounceType": "Permanent", "bounceSubType": "General"},
            },
            "Bounce",
            "Permanent",
        ),
        (
            {"eventType": "Complaint", "complaint": {"timestamp": "2026-11-26T07:00:09.000Z", "complaintFeedbackType": "abuse"}},
            "Complaint",
            "abuse",
        ),
        ({"eventType": "Complaint", "complaint": {"timestamp": "2026-11-26T07:00:09.000Z"}}, "Complaint", ""),
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}}, "Reject", "Bad content"),
        ({"eventType": "Rendering Failure", "failure": {"errorMessage": "x"}}, "Rendering Failure", ""),
    ],
)
def test_what_ses_publishes_is_read_by_its_own_tags(told: dict, kind: str, detail: str) -> None:
    key = f"{'a' * 32}#20261126T070000Z-{'0' * 16}#{'b' * 32}"
    tags = {"ses:configuration-set": ["securebase-dev-analytics-mail"], "delivery": [tag_of(key)], "customer": ["acme-retail"]}
    event = mail_event_of({**told, "mail": {"timestamp": "2026-11-26T07:00:01.000Z", "messageId": "m-1", "tags": tags}})
    assert (event.customer_id, event.delivery, event.kind, event.detail, event.message_id) == ("acme-retail", key, kind, detail, "m-1")
    untagged = mail_event_of({**told, "mail": {"timestamp": "2026-11-26T07:00:01.000Z", "messageId": "m-1"}})
    assert (untagged.customer_id, untagged.delivery) == ("", "")
