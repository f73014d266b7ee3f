"""What somebody else does at the same time: deliveries, digests, runs and parking come out once all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.delivery import WAITS, Delivery, Note
from chalicelib.domain.errors import Busy, NotFound, TooManyRunning
from chalicelib.domain.message import LATER, LOST, TEST, Outcome
from chalicelib.domain.recipient import EMAIL, WEBHOOK
from chalicelib.domain.schedule import Digest, Run, Schedule
from chalicelib.usecases.schedules import delivering, digests, mail_events, parking, reporter, running
from chalicelib.usecases.schedules import schedule as schedules
from chalicelib.usecases.schedules.mail_events import MailEvent
from chalicelib.usecases.schedules.request import SchedulePatch
from tests.fake_post import CUSTOMER, FakePost

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)


@pytest.fixture
def post() -> FakePost:
    return FakePost(NOW)


def a_test(post: FakePost, channel: str) -> Delivery:
    recipient = post.recipient(channel)
    delivery = Delivery("proof#1", recipient.id, channel, recipient.address, NOW, NOW, note=Note(TEST, "A test", "."))
    post.schedules.add(CUSTOMER, delivery)
    return delivery


def held(post: FakePost, delivery: Delivery) -> Delivery:
    found: Delivery = post.schedules.get(CUSTOMER, Delivery, delivery.key)
    return found


def ses_tells(post: FakePost, delivery: Delivery, kind: str) -> None:
    mail_events.hear(post.with_, MailEvent(CUSTOMER, delivery.key, kind, "", "ses-1", post.clock.now))


def started(post: FakePost, **more: Any) -> Run:
    """A run that was taken up at seven."""
    post.schedule(**more)
    post.clock.now = NOW + timedelta(minutes=32)
    reporter.take_up(post.with_, post.clock.now, lambda: 60.0, lambda due, error: None)
    (run,) = post.schedules.all(Run)
    assert isinstance(run, Run)
    return run


def ready(post: FakePost, **more: Any) -> Run:
    """A run whose report is ready, and nobody told."""
    run = started(post, **more)
    running.advance(post.with_, CUSTOMER, run.key)
    return run


def digested(post: FakePost) -> Digest:
    """A digest of one run, whose hour is over."""
    run = ready(post, digest=True)
    running.advance(post.with_, CUSTOMER, run.key)
    post.wait(hours=1, minutes=20)
    (digest,) = post.digests()
    return digest


# Deliveries


def test_what_ses_tells_before_its_answer_is_recorded_stays(post: FakePost) -> None:
    delivery = a_test(post, EMAIL)
    post.channels[EMAIL].sending = lambda: ses_tells(post, delivery, "Delivery")
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert (held(post, delivery).status, post.emitted) == ("delivered", ["DeliveriesSent"])


def test_a_mail_that_ses_refuses_before_its_answer_is_recorded_has_failed_once(post: FakePost) -> None:
    delivery = a_test(post, EMAIL)
    post.channels[EMAIL].sending = lambda: ses_tells(post, delivery, "Reject")
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert (held(post, delivery).status, post.emitted) == ("failed", ["DeliveriesFailed"])


def test_a_passing_bounce_before_its_answer_is_recorded_is_kept_beside_it(post: FakePost) -> None:
    delivery = a_test(post, EMAIL)
    post.channels[EMAIL].sending = lambda: ses_tells(post, delivery, "Bounce")
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert [one.status for one in held(post, delivery).receipts] == ["sending", "delayed", "sent"]
    assert (held(post, delivery).status, post.emitted) == ("sent", ["DeliveriesSent"])


def test_a_delivery_that_is_erased_while_it_is_sent_is_told_to_nobody_again(post: FakePost) -> None:
    delivery = a_test(post, WEBHOOK)
    post.channels[WEBHOOK].sending = post.schedules.found.clear
    with pytest.raises(Busy, match="gone"):
        delivering.deliver(post.with_, CUSTOMER, delivery.key)
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert (len(post.channels[WEBHOOK].sent), post.schedules.found) == (1, {})


def test_a_delivery_that_another_worker_gave_up_is_counted_once(post: FakePost) -> None:
    delivery = a_test(post, WEBHOOK)
    dead = replace(delivery, attempts=len(WAITS) + 1, due_at=NOW)
    post.schedules.swap(CUSTOMER, delivery, dead)
    post.schedules.meanwhile(lambda: delivering.deliver(post.with_, CUSTOMER, delivery.key))
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert (held(post, delivery).status, post.emitted) == ("failed", ["DeliveriesFailed"])


@pytest.mark.parametrize("outcome", [Outcome(LATER, "503"), Outcome(LOST, "no_answer")])
def test_what_is_tried_again_counts_as_neither_sent_nor_failed(post: FakePost, outcome: Outcome) -> None:
    delivery = a_test(post, WEBHOOK)
    post.channels[WEBHOOK].outcomes = [outcome]
    delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert (held(post, delivery).status, post.emitted) == ("pending", [])


# Digests


def test_a_run_that_joins_its_digest_twice_is_in_it_once(post: FakePost) -> None:
    post.recipient(EMAIL)
    run = ready(post, digest=True)
    owners = {digests.join(post.with_, CUSTOMER, run, post.clock.now) for _ in range(3)}
    (digest,) = post.digests()
    assert (owners, digest.runs) == ({digest.owner}, (run.key,))


def test_a_digest_that_a_run_joins_while_it_is_closed_is_closed_at_the_next_look(post: FakePost) -> None:
    mail = post.recipient(EMAIL)
    digest = digested(post)
    post.schedules.meanwhile(lambda: post.schedules.swap(CUSTOMER, digest, replace(digest, runs=(*digest.runs, "late"))))
    with pytest.raises(Busy):
        digests.close(post.with_, CUSTOMER, digest.key)
    assert post.schedules.all(Delivery) == []
    digests.close(post.with_, CUSTOMER, digest.key)
    assert [one.recipient_id for one in post.schedules.all(Delivery)] == [mail.id]


def test_a_digest_is_told_to_nobody_whose_report_is_not_in_it(post: FakePost) -> None:
    mail = post.recipient(EMAIL)
    digest = digested(post)
    post.recipient(EMAIL, address="other@x.example")
    digests.close(post.with_, CUSTOMER, digest.key)
    assert [one.recipient_id for one in post.schedules.all(Delivery)] == [mail.id]


def test_of_two_that_close_a_digest_one_has_its_mail_sent(post: FakePost) -> None:
    post.recipient(EMAIL)
    digest = digested(post)
    post.queue.sent.clear()
    real = post.schedules.add

    def overtaken(customer_id: str, value: Any) -> bool:
        post.schedules.add = real  # type: ignore[method-assign]
        post.wait(minutes=6)  # it stood still, and the other one has come by
        digests.close(post.with_, CUSTOMER, digest.key)
        return real(customer_id, value)

    post.schedules.add = overtaken  # type: ignore[method-assign]
    digests.close(post.with_, CUSTOMER, digest.key)
    assert [job["job"] for job in post.queue.sent] == ["delivery"]
    assert len(post.schedules.all(Delivery)) == 1


# Runs


def test_of_two_that_hand_a_report_over_one_hurries_its_deliveries(post: FakePost) -> None:
    post.recipient(WEBHOOK)
    run = ready(post)
    post.queue.sent.clear()
    post.schedules.meanwhile(lambda: running.advance(post.with_, CUSTOMER, run.key))
    running.advance(post.with_, CUSTOMER, run.key)
    assert [job["job"] for job in post.queue.sent] == ["delivery"]
    assert len(post.schedules.all(Delivery)) == 1


def test_of_two_that_tell_of_a_failure_one_hurries_it(post: FakePost) -> None:
    post.recipient(WEBHOOK)
    post.reports.status, post.reports.reason = "failed", "report_too_large"
    run = ready(post)
    post.queue.sent.clear()
    post.schedules.meanwhile(lambda: running.advance(post.with_, CUSTOMER, run.key))
    running.advance(post.with_, CUSTOMER, run.key)
    assert [job["job"] for job in post.queue.sent] == ["delivery"]


def test_of_two_that_find_no_room_one_comes_again(post: FakePost) -> None:
    run = started(post)
    post.queue.sent.clear()
    post.reports.refusing = [TooManyRunning("five reports are under way") for _ in range(2)]
    post.schedules.meanwhile(lambda: running.advance(post.with_, CUSTOMER, run.key))
    running.advance(post.with_, CUSTOMER, run.key)
    assert [job.get("delay") for job in post.queue.sent] == ["60"]


def test_a_queue_that_does_not_answer_costs_time_and_nothing_else(post: FakePost) -> None:
    post.recipient(WEBHOOK)
    run = ready(post)
    post.queue.broken = True
    running.advance(post.with_, CUSTOMER, run.key)
    (delivery,) = post.schedules.all(Delivery)
    assert post.schedules.get(CUSTOMER, Run, run.key).status == "delivering"
    assert delivery.due_at is not None


# Parking


def test_a_schedule_that_is_deleted_meanwhile_is_parked_and_told_by_nobody(post: FakePost) -> None:
    post.recipient(EMAIL)
    schedule = post.schedule()
    schedules.delete(post.with_, CUSTOMER, schedule.id)
    parking.park(post.with_, CUSTOMER, schedule, "its template is gone")
    assert (post.schedules.found, post.emitted) == ({}, [])


def test_one_that_is_parked_already_is_told_and_counted_once(post: FakePost) -> None:
    post.recipient(EMAIL)
    schedule = post.schedule()
    for _ in range(3):
        parking.park(post.with_, CUSTOMER, schedule, "its template is gone")
    assert (len(post.schedules.all(Delivery)), post.emitted) == (1, ["SchedulesParked"])


def test_a_schedule_that_is_not_there_is_not_changed(post: FakePost) -> None:
    with pytest.raises(NotFound):
        schedules.change(post.with_, CUSTOMER, "f" * 32, SchedulePatch(name="Other"), "key:x")
    assert post.schedules.all(Schedule) == []
