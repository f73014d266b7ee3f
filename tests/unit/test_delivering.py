"""Deliveries: one message to one recipient, what became of each attempt, and what SES tells later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.delivery import WAITS, Delivery, Note, Receipt, wait
from chalicelib.domain.errors import Busy, StoreUnavailable
from chalicelib.domain.message import CONFIRM, GONE, LATER, LOST, REFUSED, SENT, TEST, Outcome
from chalicelib.domain.recipient import (
    BOUNCED,
    COMPLAINED,
    DOMAIN,
    EMAIL,
    S3,
    SLACK,
    SNS,
    UNSUBSCRIBED,
    UNVERIFIED,
    VERIFIED,
    WEBHOOK,
    Recipient,
)
from chalicelib.usecases.schedules import delivering, mail_events, reporter, running
from chalicelib.usecases.schedules.mail_events import MailEvent
from tests.fake_post import CUSTOMER, FakeChannel, FakePost

NOW = datetime(2026, 11, 26, 7, 2, tzinfo=UTC)


@pytest.fixture
def post() -> FakePost:
    return FakePost(NOW)


def given_to(post: FakePost, recipient: Recipient, note: Note | None = None, owner: str = "run#1") -> Delivery:
    """A delivery of a ready report, or of the note."""
    reports: tuple[str, ...] = ()
    if note is None:
        schedule = post.schedule()
        post.clock.now = NOW + timedelta(days=1)
        reporter.take_up(post.with_, post.clock.now, lambda: 60.0, lambda due, error: None)
        run = post.schedules.runs(CUSTOMER, schedule.id, 1, None)[0][0]
        running.advance(post.with_, CUSTOMER, run.key)
        reports = tuple(post.reports.found)
        post.clock.now = NOW
    delivery = Delivery(owner, recipient.id, recipient.channel, recipient.address, NOW, NOW, reports, note=note)
    post.schedules.add(CUSTOMER, delivery)
    return delivery


def deliver(post: FakePost, delivery: Delivery) -> Delivery:
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    held: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    return held


def told(post: FakePost, delivery: Delivery, kind: str, detail: str = "", **later: float) -> Delivery:
    event = MailEvent(CUSTOMER, delivery.key, kind, detail, "ses-1", post.clock.now + timedelta(**later))
    mail_events.hear(post.with_, event)
    held: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    return held


def status_of(post: FakePost, recipient: Recipient) -> str:
    held = post.with_.recipients(CUSTOMER).get(recipient.id)
    assert held is not None
    return held.status


# What became of an attempt


def attempt(channel: str = WEBHOOK, attempts: int = 0) -> Delivery:
    return Delivery("run#1", "r", channel, "x", NOW, NOW, attempts=attempts).begun(NOW)


def test_what_is_begun_is_looked_at_again_when_its_sender_must_be_dead() -> None:
    begun = attempt()
    assert (begun.status, begun.attempts, begun.due_at) == ("sending", 1, NOW + timedelta(minutes=3))
    assert begun.receipts == (Receipt(1, NOW, "sending"),)


LATER_ON = NOW + timedelta(seconds=5)


@pytest.mark.parametrize(("channel", "status"), [(EMAIL, "sent"), (WEBHOOK, "delivered"), (S3, "delivered")])
def test_what_was_sent_has_a_receipt_with_its_id_and_nothing_left_to_do(channel: str, status: str) -> None:
    came = attempt(channel).came_to(Outcome(SENT, "200", "id-1"), LATER_ON)
    assert (came.status, came.due_at, came.receipts[-1]) == (status, None, Receipt(1, LATER_ON, status, "200", "id-1"))


@pytest.mark.parametrize("state", [REFUSED, GONE])
def test_what_was_refused_for_good_failed_and_says_why(state: str) -> None:
    came = attempt().came_to(Outcome(state, "410"), LATER_ON)
    assert (came.status, came.due_at, came.receipts[-1]) == ("failed", None, Receipt(1, LATER_ON, "failed", "410"))


def test_a_mail_whose_answer_was_lost_is_left_to_ses_to_tell_of() -> None:
    came = attempt(EMAIL).came_to(Outcome(LOST, "timeout"), LATER_ON)
    assert (came.status, came.due_at) == ("sending", LATER_ON + timedelta(minutes=30))
    assert came.receipts[-1] == Receipt(1, LATER_ON, LOST, "timeout")


@pytest.mark.parametrize("state", [LOST, LATER])
def test_anything_else_is_pending_until_its_next_attempt(state: str) -> None:
    begun = attempt()
    came = begun.came_to(Outcome(state, "503"), LATER_ON)
    assert (came.status, came.due_at) == ("pending", LATER_ON + wait(begun))
    assert came.receipts[-1] == Receipt(1, LATER_ON, state, "503")


def test_after_the_last_attempt_nothing_is_due() -> None:
    came = attempt(attempts=len(WAITS)).came_to(Outcome(LATER, "503"), LATER_ON)
    assert (came.status, came.due_at) == ("failed", None)


def test_the_same_told_again_is_no_second_receipt_and_another_id_is() -> None:
    sent = attempt(EMAIL).came_to(Outcome(SENT, "", "id-1"), NOW)
    assert sent.heard(LATER_ON, "sent", "", "id-1") == sent
    assert len(sent.heard(LATER_ON, "sent", "", "id-2").receipts) == len(sent.receipts) + 1
    assert len(sent.heard(LATER_ON, "delivered", "", "id-1").receipts) == len(sent.receipts) + 1


def test_waits_of_many_deliveries_are_spread_over_all_of_the_fifth() -> None:
    waits = {wait(Delivery(f"run#{number}", "r", WEBHOOK, "x", NOW, NOW, attempts=1)) for number in range(2_000)}
    assert waits == {WAITS[0] * percent / 100 for percent in range(80, 121)}


# One attempt


@pytest.mark.parametrize("channel", [WEBHOOK, SLACK, S3, SNS])
def test_what_was_taken_is_delivered_and_never_sent_again(post: FakePost, channel: str) -> None:
    delivery = given_to(post, post.recipient(channel), Note(TEST, "A test", "."))
    for _ in range(3):
        held = deliver(post, delivery)
        post.wait(days=1)
    assert (held.status, held.attempts, len(post.channels[channel].sent)) == ("delivered", 1, 1)
    assert [(one.attempt, one.status) for one in held.receipts] == [(1, "sending"), (1, "delivered")]


def test_a_message_names_its_report_and_has_a_link_of_the_recipients_own(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK))
    deliver(post, delivery)
    ((_, _, message),) = post.channels[WEBHOOK].sent
    (record,) = post.reports.found.values()
    (document,) = message.documents
    assert (message.kind, document.report_id, message.customer_name) == ("report.ready", record.id, "Acme")
    assert document.url == f"https://x.example/downloads/token of {delivery.key}#{record.id}"
    (link,) = post.links.found.values()
    assert (link.report_id, link.created_by) == (record.id, f"recipient:{delivery.recipient_id}")
    assert link.expires_at == NOW + timedelta(days=14)


def test_what_was_not_taken_is_tried_again_until_there_is_no_further_attempt(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    post.channels[WEBHOOK].outcomes = [Outcome(LATER, "503")] * 20
    held, tries = delivery, 0
    while not held.finished:
        held, tries = deliver(post, delivery), tries + 1
        assert deliver(post, delivery) == held  # not before it is due
        post.clock.now = held.due_at or post.clock.now
    assert (held.status, held.attempts, tries) == ("failed", len(WAITS) + 1, len(WAITS) + 1)
    assert timedelta(hours=17) < post.clock.now - NOW < timedelta(hours=28)
    assert {one.reason for one in held.receipts} == {"", "503"}
    assert "DeliveriesFailed" in post.emitted


@given(st.text("abcdef0123456789#", min_size=8), st.integers(1, 12))
def test_waits_are_a_fifth_more_or_less_and_the_same_for_the_same_attempt(owner: str, attempts: int) -> None:
    delivery = Delivery(owner, "r", WEBHOOK, "x", NOW, NOW, attempts=attempts)
    usual = WAITS[min(attempts, len(WAITS)) - 1]
    assert usual * 4 / 5 <= wait(delivery) <= usual * 6 / 5
    assert wait(delivery) == wait(delivery)


def test_only_what_failed_is_tried_again(post: FakePost) -> None:
    good, bad = (given_to(post, post.recipient(channel), Note(TEST, "A test", ".")) for channel in (WEBHOOK, SLACK))
    post.channels[SLACK].outcomes = [Outcome(LATER, "503")]
    for _ in range(3):
        deliver(post, good)
        deliver(post, bad)
        post.wait(minutes=2)
    assert (len(post.channels[WEBHOOK].sent), len(post.channels[SLACK].sent)) == (1, 2)


def test_what_is_refused_has_failed_with_its_reason(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    post.channels[WEBHOOK].outcomes = [Outcome(REFUSED, "private_address")]
    held = deliver(post, delivery)
    assert (held.status, held.receipts[-1].reason, held.due_at) == ("failed", "private_address", None)


def test_who_wants_no_more_gets_no_more(post: FakePost) -> None:
    recipient = post.recipient(WEBHOOK)
    post.channels[WEBHOOK].outcomes = [Outcome(GONE, "410")]
    deliver(post, given_to(post, recipient, Note(TEST, "A test", ".")))
    assert status_of(post, recipient) == "gone"
    later = deliver(post, given_to(post, recipient, owner="run#2"))
    assert (later.status, later.receipts[-1].reason) == ("cancelled", "gone")
    assert len(post.channels[WEBHOOK].sent) == 1


# Whose answer was lost


def test_a_webhook_whose_answer_was_lost_is_sent_again_under_the_same_name(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    post.channels[WEBHOOK].outcomes = [Outcome(LOST, "no_answer")]
    deliver(post, delivery)
    post.wait(minutes=2)
    held = deliver(post, delivery)
    assert held.status == "delivered"
    assert len({given.key for _, given, _ in post.channels[WEBHOOK].sent}) == 1


def test_a_mail_whose_answer_was_lost_is_not_sent_again_where_ses_tells_of_it(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL), Note(TEST, "A test", "."))
    post.channels[EMAIL].outcomes = [Outcome(LOST, "no_answer")]
    assert deliver(post, delivery).status == "sending"
    assert told(post, delivery, "Send", minutes=1).status == "sent"
    post.wait(hours=2)
    assert deliver(post, delivery).status == "sent"
    assert len(post.channels[EMAIL].sent) == 1


def test_a_mail_of_which_ses_tells_nothing_was_not_sent_and_is_sent_again(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL), Note(TEST, "A test", "."))
    post.channels[EMAIL].outcomes = [Outcome(LOST, "no_answer")]
    deliver(post, delivery)
    for minutes in (5, 10, 16, 9):
        post.wait(minutes=minutes)
        assert deliver(post, delivery).attempts == 1
    post.wait(minutes=2)
    held = deliver(post, delivery)
    assert (held.attempts, held.status) == (2, "sent")


def test_what_ses_told_while_we_stood_still_is_heard_before_a_mail_is_sent_again(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL), Note(TEST, "A test", "."))
    post.schedules.swap(CUSTOMER, delivery, delivery.begun(NOW))  # and died, after SES had taken it
    post.wait(minutes=45)
    assert deliver(post, delivery).status == "sending"
    assert told(post, delivery, "Send").status == "sent"
    post.wait(hours=1)
    assert deliver(post, delivery).attempts == 1


def test_a_delivery_whose_worker_dies_every_time_is_given_up(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    held = delivery
    for _ in range(len(WAITS) + 1):
        held = post.schedules.swap(CUSTOMER, held, held.begun(post.clock.now))
        post.wait(minutes=5)
    held = deliver(post, delivery)
    assert (held.status, held.receipts[-1].reason, held.attempts) == ("failed", "gave_up", len(WAITS) + 1)
    assert post.channels[WEBHOOK].sent == []


def test_a_channels_defect_counts_as_an_attempt(post: FakePost) -> None:
    class Broken(FakeChannel):
        def __call__(self, *given: Any) -> Outcome:
            raise KeyError("oh")

    post.channels[WEBHOOK] = Broken()
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    with pytest.raises(KeyError):
        deliver(post, delivery)
    held: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    assert (held.status, held.receipts[-1].status, held.receipts[-1].reason) == ("pending", "lost", "internal_error")


def test_whoever_died_while_sending_is_taken_over_from_after_its_lease(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    post.schedules.swap(CUSTOMER, delivery, delivery.begun(NOW))
    assert deliver(post, delivery).attempts == 1
    post.wait(minutes=4)
    assert deliver(post, delivery).attempts == 2


def test_of_two_workers_one_sends(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(WEBHOOK), Note(TEST, "A test", "."))
    real = post.schedules.get

    def stale(customer_id: str, kind: type, key: str) -> object:
        held = real(customer_id, kind, key)
        post.schedules.get = real  # type: ignore[method-assign]
        deliver(post, delivery)
        return held

    post.schedules.get = stale  # type: ignore[method-assign]
    with pytest.raises(Busy):
        deliver(post, delivery)
    assert len(post.channels[WEBHOOK].sent) == 1


# Whom nothing is sent to


@pytest.mark.parametrize("status", [UNVERIFIED, BOUNCED, COMPLAINED, UNSUBSCRIBED])
def test_nothing_but_a_proof_goes_to_who_is_not_proven(post: FakePost, status: str) -> None:
    held = deliver(post, given_to(post, post.recipient(EMAIL, status)))
    assert (held.status, held.receipts[-1].reason, post.channels[EMAIL].sent) == ("cancelled", status, [])


def test_a_proof_goes_to_who_is_not_proven_yet_but_not_to_who_said_no(post: FakePost) -> None:
    asked, refused = post.recipient(EMAIL, UNVERIFIED), post.recipient(EMAIL, UNSUBSCRIBED, address="b@x.example")
    assert deliver(post, given_to(post, asked, Note(CONFIRM, "Confirm", "."))).status == "sent"
    assert deliver(post, given_to(post, refused, Note(CONFIRM, "Confirm", "."))).status == "cancelled"
    ((_, _, message),) = post.channels[EMAIL].sent
    assert message.action == ("Confirm this address", f"https://x.example/subscriptions/confirm-{asked.id}")


def test_a_mails_being_taken_proves_nothing_a_webhooks_answer_does(post: FakePost) -> None:
    mail, hook = post.recipient(EMAIL, UNVERIFIED), post.recipient(WEBHOOK, UNVERIFIED)
    deliver(post, given_to(post, mail, Note(CONFIRM, "Confirm", ".")))
    deliver(post, given_to(post, hook, Note(TEST, "A test", ".")))
    assert (status_of(post, mail), status_of(post, hook)) == (UNVERIFIED, VERIFIED)


def test_an_address_in_a_proven_domain_is_proven(post: FakePost) -> None:
    post.recipient(DOMAIN, VERIFIED, address="x.example")
    mail, other = post.recipient(EMAIL, UNVERIFIED), post.recipient(EMAIL, UNVERIFIED, address="a@sub.x.example")
    recipients = post.with_.recipients(CUSTOMER)
    assert (recipients.verified(mail), recipients.verified(other)) == (True, False)


def test_a_disabled_customers_messages_are_not_sent(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL))
    post.customers.customer = None
    assert (deliver(post, delivery).receipts[-1].reason, post.channels[EMAIL].sent) == ("customer_disabled", [])


def test_a_report_that_was_deleted_is_told_to_nobody(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL))
    post.reports.found.clear()
    assert (deliver(post, delivery).receipts[-1].reason, post.channels[EMAIL].sent) == ("report_deleted", [])


# What SES tells


def sent(post: FakePost) -> tuple[Recipient, Delivery]:
    recipient = post.recipient(EMAIL)
    delivery = given_to(post, recipient, Note(TEST, "A test", "."))
    post.channels[EMAIL].outcomes = [Outcome(SENT, message_id="ses-1")]
    deliver(post, delivery)
    return recipient, delivery


def test_a_mail_is_sent_then_delivered(post: FakePost) -> None:
    _, delivery = sent(post)
    for _ in range(3):
        held = told(post, delivery, "Delivery", seconds=2)
    assert [one.status for one in held.receipts] == ["sending", "sent", "delivered"]
    assert told(post, delivery, "Send").status == "delivered"  # what comes late takes nothing back


def test_a_bounce_for_good_ends_mail_to_the_address_and_a_passing_one_doesnt(post: FakePost) -> None:
    recipient, delivery = sent(post)
    assert (told(post, delivery, "Bounce", "Transient").status, status_of(post, recipient)) == ("sent", VERIFIED)
    assert (told(post, delivery, "Bounce", "Permanent").status, status_of(post, recipient)) == ("bounced", BOUNCED)
    assert post.emitted.count("DeliveriesFailed") == 1


@pytest.mark.parametrize("kind, detail", [("Bounce", "Permanent"), ("Complaint", "abuse"), ("Reject", ""), ("Rendering Failure", "")])
def test_what_is_told_twice_counts_once(post: FakePost, kind: str, detail: str) -> None:
    _, delivery = sent(post)
    for _ in range(3):
        told(post, delivery, kind, detail)
    assert [name for name in post.emitted if name.startswith("Deliveries")] == ["DeliveriesSent", "DeliveriesFailed"]


def test_a_passing_bounce_is_no_failure(post: FakePost) -> None:
    _, delivery = sent(post)
    told(post, delivery, "Bounce", "Transient")
    assert "DeliveriesFailed" not in post.emitted


def test_a_complaint_ends_mail_to_the_address_after_it_was_delivered(post: FakePost) -> None:
    recipient, delivery = sent(post)
    told(post, delivery, "Delivery")
    assert (told(post, delivery, "Complaint", "abuse").status, status_of(post, recipient)) == ("complained", COMPLAINED)


def test_what_ses_tells_of_nothing_of_ours_is_none_of_ours(post: FakePost) -> None:
    for kind in ("Delivery", "Open"):
        mail_events.hear(post.with_, MailEvent("nobody", "x#y", kind, "", "ses-9", NOW))
    assert post.schedules.found == {}


def test_an_outage_while_a_message_is_made_is_no_lost_answer(post: FakePost) -> None:
    delivery = given_to(post, post.recipient(EMAIL))
    real = post.reports.get

    def away(customer_id: str, report_id: str) -> None:
        post.reports.get = real  # type: ignore[method-assign]
        raise StoreUnavailable("DynamoDB is away")

    post.reports.get = away  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnavailable):
        deliver(post, delivery)
    held: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    assert (held.status, held.receipts[-1].reason) == ("pending", "store_unavailable")
    post.wait(minutes=2)
    assert deliver(post, delivery).status == "sent"
