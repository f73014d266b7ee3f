"""What goes along with a message: documents into a bucket, one with a mail, links for everybody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.message import LARGEST_MAIL
from chalicelib.domain.recipient import EMAIL, S3, WEBHOOK
from chalicelib.domain.schedule import Run
from chalicelib.usecases.schedules import delivering, reporter, running
from tests.fake_post import CUSTOMER, FakePost

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)


@pytest.fixture
def post() -> FakePost:
    return FakePost(NOW)


def sent(post: FakePost, channel: str, attach: bool = False, lost: bool = False) -> Delivery:
    """The one delivery of a run whose report is ready, attempted; its document is there unless it is lost."""
    post.recipient(channel)
    post.schedule(attach=attach)
    post.wait(minutes=32)
    reporter.take_up(post.with_, post.clock.now, lambda: 60.0, lambda due, error: None)
    (run,) = post.schedules.all(Run)
    for _ in range(2):
        running.advance(post.with_, CUSTOMER, run.key)
    (record,) = post.reports.found.values()
    post.files.kept = {} if lost else {record.id: b"0123456789"}
    (delivery,) = post.schedules.all(Delivery)
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    held: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    return held


def test_a_bucket_gets_the_document_itself_and_no_link(post: FakePost) -> None:
    assert sent(post, S3).status == "delivered"
    (attached,) = post.channels[S3].attached
    assert (attached.content, attached.content_type, attached.size_bytes) == (b"0123456789", "text/plain", 10)
    ((_, _, message),) = post.channels[S3].sent
    assert (message.documents[0].url, post.links.found) == ("", {})


def test_a_mail_has_the_document_with_it_only_where_its_schedule_says_so(post: FakePost) -> None:
    sent(post, EMAIL)
    assert post.channels[EMAIL].attached == []
    attaching = FakePost(NOW)
    sent(attaching, EMAIL, attach=True)
    assert [one.content for one in attaching.channels[EMAIL].attached] == [b"0123456789"]


def test_a_document_too_large_for_a_mail_is_named_with_its_size_and_linked(post: FakePost) -> None:
    post.reports.size_bytes = LARGEST_MAIL + 1
    sent(post, EMAIL, attach=True)
    (attached,) = post.channels[EMAIL].attached
    ((_, _, message),) = post.channels[EMAIL].sent
    assert (attached.content, attached.size_bytes) == (None, LARGEST_MAIL + 1)
    assert message.documents[0].url.startswith("https://x.example/downloads/")


def test_a_report_whose_document_is_gone_is_told_to_nobody(post: FakePost) -> None:
    held = sent(post, S3, lost=True)
    assert (held.status, held.receipts[-1].reason, post.channels[S3].sent) == ("cancelled", "report_deleted", [])


def test_where_it_is_not_known_how_the_api_is_reached_there_is_no_link(post: FakePost) -> None:
    post.with_ = replace(post.with_, base_url="")
    sent(post, WEBHOOK)
    ((_, _, message),) = post.channels[WEBHOOK].sent
    assert (message.documents[0].url, message.documents[0].expires_at, post.links.found) == ("", None, {})


def test_another_attempt_has_the_link_of_the_first(post: FakePost) -> None:
    delivery = sent(post, WEBHOOK)
    made = dict(post.links.found)
    post.schedules.swap(CUSTOMER, delivery, replace(delivery, status="pending", due_at=post.clock.now))
    post.wait(hours=1)
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    first, second = (message.documents[0] for _, _, message in post.channels[WEBHOOK].sent)
    assert (first.url, first.expires_at) == (second.url, second.expires_at)
    assert post.links.found == made
    assert [link.created_at for link in made.values()] == [NOW + timedelta(minutes=32)]
