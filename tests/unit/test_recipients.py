"""Recipients: the customer's own places, added, proven, changed; and what is told beside reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.budget import Budget, BudgetEvent, Budgets, Threshold
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, TooOften
from chalicelib.domain.recipient import (
    COMPLAINED,
    EMAIL,
    MOST,
    S3,
    SNS,
    UNSUBSCRIBED,
    UNVERIFIED,
    VERIFIED,
    WEBHOOK,
    Asked,
    Recipient,
    Recipients,
)
from chalicelib.domain.schedule import Schedule
from chalicelib.routes.recipients import checks
from chalicelib.security import subscriptions
from chalicelib.usecases.aggregation.noticing import notice
from chalicelib.usecases.schedules import recipients as use
from chalicelib.usecases.schedules.recipients import RecipientBody, RecipientPatch, recipient_of
from tests.fake_post import CUSTOMER, FakePost
from tests.fakes import FakeCosts
from tests.unit.test_query_anomalies import EC2, ago, day_of
from tests.unit.test_query_anomalies import NOW as UNUSUAL_NOW

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
OWN, OTHERS = "111111111111", "999999999999"


@pytest.fixture
def post() -> FakePost:
    return FakePost(NOW)


def asked(post: FakePost, channel: str, address: str, number: int = 1, **more: Any) -> Any:
    body = RecipientBody(channel, address, **more)
    return use.add(post.with_, CUSTOMER, recipient_of(body, f"{number:032x}", (OWN,), checks(), "key:x", NOW))


def proofs(post: FakePost) -> list[Delivery]:
    return post.schedules.all(Delivery)


@pytest.mark.parametrize(
    ("channel", "address", "more", "field"),
    [
        ("pigeon", "a@x.example", {}, "channel"),
        ("email", "a", {}, "address"),
        ("email", "Ada <a@x.example>", {}, "address"),
        ("webhook", "http://x.example", {}, "address"),
        ("webhook", "https://169.254.169.254/latest", {}, "address"),
        ("slack", "https://x.example/services/T/B/x", {}, "address"),
        ("s3", "s3://Bucket/", {"account": OWN}, "address"),
        ("s3", "s3://bucket/../x/", {"account": OWN}, "address"),
        ("s3", "s3://bucket/", {"account": OTHERS}, "account"),
        ("s3", "s3://bucket/", {}, "account"),
        ("sns", f"arn:aws:sns:us-east-1:{OTHERS}:reports", {}, "address"),
        ("sns", "reports", {}, "address"),
        ("domain", "https://x.example", {}, "address"),
        ("domain", "x.example", {"events": ["budget"]}, "events"),
        ("email", "a@x.example", {"account": OWN}, "account"),
        ("email", "a@x.example", {"events": ["weather"]}, "events"),
        ("email", "a@x.example", {"name": "x" * 101}, "name"),
    ],
)
def test_what_is_wrong_is_named(post: FakePost, channel: str, address: str, more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(post, channel, address, **more)
    assert field in [name for name, _ in refused.value.problems]
    assert post.with_.recipients(CUSTOMER).all == ()


def test_buckets_and_topics_of_the_customers_own_accounts_are_taken(post: FakePost) -> None:
    bucket = asked(post, S3, "s3://bucket/in/here/", account=OWN)
    topic = (
        asked(post, SNS, f"arn:aws:sns:eu-west-1:{OWN}:reports.fifo", 2) if False else asked(post, SNS, f"arn:aws:sns:eu-west-1:{OWN}:r", 2)
    )
    assert (bucket.account, topic.account) == (OWN, OWN)
    assert proofs(post) == []  # they are proven by a test, when it is asked for


def test_a_mail_address_is_asked_to_confirm_once_for_each_time_it_is_added(post: FakePost) -> None:
    made = asked(post, EMAIL, "ada@x.example")
    with pytest.raises(Conflict, match="already"):
        asked(post, EMAIL, "ada@x.example", 2)
    (proof,) = proofs(post)
    assert (proof.recipient_id, proof.note.kind if proof.note else "", made.status) == (made.id, "confirm", UNVERIFIED)


def test_there_are_at_most_fifty(post: FakePost) -> None:
    for number in range(MOST):
        asked(post, WEBHOOK, f"https://x.example/{number}", number)
    with pytest.raises(Conflict, match="50"):
        asked(post, WEBHOOK, "https://x.example/more", MOST)


def test_nobody_is_asked_over_and_over(post: FakePost) -> None:
    for number in range(5):
        made = asked(post, EMAIL, "ada@x.example", number)
        use.remove(post.with_, CUSTOMER, made.id)
    with pytest.raises(TooOften):
        asked(post, EMAIL, "Ada@x.example", 6)
    assert post.with_.recipients(CUSTOMER).all == ()
    other = asked(post, EMAIL, "bob@x.example", 7)
    for _ in range(4):
        post.wait(seconds=1)
        use.prove(post.with_, CUSTOMER, other.id)
    with pytest.raises(TooOften):
        use.prove(post.with_, CUSTOMER, other.id)
    post.wait(days=1)
    use.prove(post.with_, CUSTOMER, other.id)


def test_who_said_no_is_not_written_to_by_adding_the_address_anew(post: FakePost) -> None:
    post.recipient("domain", address="x.example")
    for number, status in enumerate((UNSUBSCRIBED, COMPLAINED), 1):
        recipient = post.recipient(EMAIL, status, address=f"ada{number}@x.example")
        use.remove(post.with_, CUSTOMER, recipient.id)
    again = asked(post, EMAIL, "Ada1@x.example", 8)
    assert not post.with_.recipients(CUSTOMER).verified(again)  # though its domain is proven
    assert [one.note.kind for one in proofs(post) if one.note] == ["confirm"]
    use.subscribe(post.with_, CUSTOMER, again.id, "confirm")
    assert use.fetch_recipient(post.with_, CUSTOMER, again.id).status == VERIFIED
    with pytest.raises(Conflict, match="complained"):
        asked(post, EMAIL, "ada2@x.example", 9)


def test_what_its_reader_says_counts_and_no_stays_no(post: FakePost) -> None:
    made = asked(post, EMAIL, "ada@x.example")

    def said(purpose: str) -> str:
        use.subscribe(post.with_, CUSTOMER, made.id, purpose)
        return use.fetch_recipient(post.with_, CUSTOMER, made.id).status

    assert [said(purpose) for purpose in ("confirm", "confirm", "unsubscribe", "unsubscribe", "confirm")] == [
        VERIFIED,
        VERIFIED,
        UNSUBSCRIBED,
        UNSUBSCRIBED,
        UNSUBSCRIBED,
    ]
    with pytest.raises(Conflict, match="unsubscribed"):
        use.prove(post.with_, CUSTOMER, made.id)


def test_one_that_is_deleted_is_out_of_its_schedules(post: FakePost) -> None:
    first, second = post.recipient(EMAIL), post.recipient(WEBHOOK)
    schedule = post.schedule()
    use.remove(post.with_, CUSTOMER, first.id)
    assert post.schedules.get(CUSTOMER, Schedule, schedule.id).recipients == (second.id,)
    assert [one.id for one in post.with_.recipients(CUSTOMER).all] == [second.id]
    with pytest.raises(NotFound):
        use.remove(post.with_, CUSTOMER, first.id)


def test_a_new_signing_key_signs_beside_the_old_one_for_a_day(post: FakePost) -> None:
    hook, mail = post.recipient(WEBHOOK), post.recipient(EMAIL)
    rotated = use.rotate(post.with_, CUSTOMER, hook.id)
    versions = [rotated.key_versions(NOW + timedelta(hours=hours)) for hours in (0, 23, 24)]
    assert versions == [(2, 1), (2, 1), (2,)]
    for other in (mail, hook):
        with pytest.raises(Conflict):
            use.rotate(post.with_, CUSTOMER, other.id)
    post.wait(days=1)
    assert use.rotate(post.with_, CUSTOMER, hook.id).key_version == 3


def test_of_an_address_that_may_be_its_own_password_only_the_host_is_shown(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK, address="https://discord.example/api/webhooks/1/token?wait=1")
    bare = post.recipient(WEBHOOK, address="https://x.example")
    assert (hook.shown_address, bare.shown_address) == ("https://discord.example/...", "https://x.example")


def test_only_name_and_events_change(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK, events=("budget",))
    assert use.patch(post.with_, CUSTOMER, hook.id, RecipientPatch(name="Ops")) == replace(hook, name="Ops")
    assert use.patch(post.with_, CUSTOMER, hook.id, RecipientPatch(events=[])).events == ()
    with pytest.raises(InvalidInput, match="events"):
        use.patch(post.with_, CUSTOMER, hook.id, RecipientPatch(events=["weather"]))


def test_nothing_is_told_to_a_domain(post: FakePost) -> None:
    domain = post.recipient("domain", address="x.example")
    with pytest.raises(InvalidInput, match="events"):
        use.patch(post.with_, CUSTOMER, domain.id, RecipientPatch(events=["budget"]))


def deleted_meanwhile(post: FakePost) -> None:
    """Before the next change of recipients is made."""
    real = post.books.change

    def late(customer_id: str, kind: Any, to: Any) -> Any:
        post.books.change = real  # type: ignore[method-assign]
        real(customer_id, kind, lambda held: replace(held, all=()))
        return real(customer_id, kind, to)

    post.books.change = late  # type: ignore[method-assign]


@pytest.mark.parametrize("doing", [lambda *given: use.patch(*given, RecipientPatch(name="Ops")), use.rotate])
def test_one_that_is_deleted_meanwhile_is_not_there(post: FakePost, doing: Any) -> None:
    hook = post.recipient(WEBHOOK)
    deleted_meanwhile(post)
    with pytest.raises(NotFound):
        doing(post.with_, CUSTOMER, hook.id)
    assert post.with_.recipients(CUSTOMER).all == ()


def test_one_that_a_schedule_does_not_name_is_deleted_without_touching_it(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK)
    schedule = post.schedule(recipients=[])
    use.remove(post.with_, CUSTOMER, hook.id)
    assert post.schedules.get(CUSTOMER, Schedule, schedule.id) is schedule


def test_a_schedule_that_is_deleted_while_its_recipient_is_has_it_deleted_again(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK)
    schedule = post.schedule()
    listed = post.schedules.schedules(CUSTOMER)
    post.schedules.schedules = lambda customer_id: listed  # type: ignore[method-assign]
    post.schedules.delete(CUSTOMER, schedule.id)
    with pytest.raises(NotFound):
        use.remove(post.with_, CUSTOMER, hook.id)
    listed.clear()
    use.remove(post.with_, CUSTOMER, hook.id)
    assert post.with_.recipients(CUSTOMER).all == ()


def test_what_became_of_its_proofs_is_shown_the_latest_first(post: FakePost) -> None:
    made = asked(post, EMAIL, "ada@x.example")
    post.wait(seconds=30)
    use.prove(post.with_, CUSTOMER, made.id)
    told = use.proofs(post.with_, CUSTOMER, made.id)
    assert [one["status"] for one in told] == ["pending", "pending"]
    assert [one["next_attempt_at"] for one in told] == ["2026-11-26T07:00:30Z", "2026-11-26T07:00:00Z"]


def test_what_is_shown_of_a_recipient_says_whether_it_is_proven_and_by_which_key_it_signs(post: FakePost) -> None:
    post.recipient("domain", address="x.example")
    mail, hook = post.recipient(EMAIL, UNVERIFIED), post.recipient(WEBHOOK)
    shown = [use.shown_recipient(post.with_.recipients(CUSTOMER), one) for one in (mail, use.rotate(post.with_, CUSTOMER, hook.id))]
    assert [(one["status"], one["key_version"], one["both_keys_until"]) for one in shown] == [
        (VERIFIED, None, None),
        (VERIFIED, 2, "2026-11-27T07:00:00Z"),
    ]


# The links in mails


def test_a_token_says_what_it_was_made_for_and_nothing_else() -> None:
    key = b"k" * 32
    text = subscriptions.token(key, "confirm", "acme", "a" * 32)
    assert subscriptions.read(key, text) == ("confirm", "acme", "a" * 32)
    forged = [text[:-1], text + "x", subscriptions.token(b"l" * 32, "confirm", "acme", "a" * 32), "", "x" * 5000, "\ud800"]
    assert [subscriptions.read(key, one) for one in forged] == [None] * len(forged)


# Events


def noticing(post: FakePost, now: datetime) -> list[str]:
    """The titles of what is told."""
    with_: Any = SimpleNamespace(metrics=post.books, deliveries=post.schedules, clock=lambda: now)
    notice(with_, CUSTOMER, now)
    return sorted({one.note.title for one in post.schedules.all(Delivery) if one.note})


def test_a_budgets_event_is_told_once_to_each_who_asked_for_it(post: FakePost) -> None:
    post.recipient(EMAIL, events=("budget",))
    post.recipient(WEBHOOK, events=("budget", "anomaly"))
    post.recipient(EMAIL, address="other@x.example")
    post.recipient(EMAIL, UNVERIFIED, ("budget",), "new@x.example")
    budget = Budget("b1", "Cloud <b>", Decimal(100), "USD", "billed", Selection(), (Threshold(Decimal(80)),), NOW, "key:x")
    events = tuple(
        BudgetEvent(
            "b1", NOW.date().replace(day=1), Threshold(Decimal(of)), Decimal("81.5"), NOW - timedelta(days=days), Decimal(100), "USD"
        )
        for of, days in ((80, 1), (50, 3))
    )
    replaced = replace(budget, amount=Decimal(2000), currency="EUR")  # what was told is told as it was
    post.books.change(CUSTOMER, Budgets, lambda held: Budgets((replaced,), events))
    for _ in range(3):
        assert noticing(post, NOW) == ["Budget Cloud <b>: 80 % in 2026-11"]
    told = post.schedules.all(Delivery)
    assert [one.channel for one in told] == [EMAIL, WEBHOOK]
    assert told[0].note.text == "The budget 'Cloud <b>' has reached 80 % of 100.00 USD in 2026-11: it stands at 81.50 USD."
    assert dict(told[0].note.facts)["Amount"] == "81.50 USD"
    assert told[0].note.amounts == {"amount": Decimal("81.5"), "budgeted": Decimal(100), "percent": Decimal(80)}


def test_an_unusual_day_is_told_once_to_who_asked_for_it() -> None:
    post = FakePost(UNUSUAL_NOW)
    post.recipient(EMAIL, events=("anomaly",))
    post.recipient(EMAIL, events=("budget",), address="other@x.example")
    days = [day_of(ago(back)) for back in range(70, 0, -1)]
    days[-4] = day_of(ago(4), **{EC2: 260})
    post.books.put(CUSTOMER, days)
    for _ in range(2):
        assert noticing(post, UNUSUAL_NOW) == [f"Unusual costs on {ago(4)}: {EC2}"]
    (told,) = post.schedules.all(Delivery)
    assert told.note.text == f"{EC2} cost 260.00 USD on {ago(4)}, where 100.00 USD was expected."


def test_who_asked_for_nothing_costs_nothing(post: FakePost) -> None:
    post.books.costs = FakeCosts()
    assert noticing(post, NOW) == []
    post.books.change(CUSTOMER, Recipients, lambda held: Recipients())
    assert noticing(post, NOW) == []


MADE, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC)


def one(number: int, channel: str = EMAIL, address: str = "ada@x.example", **more: Any) -> Recipient:
    return Recipient(str(number), channel, address, MADE, "key:1", **more)


def test_a_recipients_state_has_the_time_from_which_it_is_so() -> None:
    changed = one(1).now(VERIFIED, MADE)
    assert (changed.status, changed.since) == (VERIFIED, MADE)
    assert changed.now(VERIFIED, LATER) == changed
    assert changed.now(COMPLAINED, LATER).since == LATER


def test_capitals_make_no_other_mail_address_but_another_url() -> None:
    held = Recipients((one(1, EMAIL, "Ada@X.example"), one(2, WEBHOOK, "https://x.example/Hook")))
    assert held.at(EMAIL, "ada@x.EXAMPLE") == held.all[0]
    assert held.at(WEBHOOK, "https://x.example/Hook") == held.all[1]
    assert held.at(WEBHOOK, "https://x.example/hook") is held.at(S3, "Ada@X.example") is None


def test_of_those_that_are_deleted_the_mail_addresses_that_said_no_are_remembered_since_when() -> None:
    held = Recipients(
        (
            one(1, address="Ada@x.example", status=UNSUBSCRIBED, since=LATER),
            one(2, address="bob@x.example", status=COMPLAINED),
            one(3, address="eve@x.example", status=VERIFIED),
            one(4, WEBHOOK, "https://x.example", status=UNSUBSCRIBED),
            one(5, address="joe@x.example", status=COMPLAINED),
        )
    )
    left = held.without("1234")
    assert [recipient.id for recipient in left.all] == ["5"]
    assert left.refusing == (Asked("ada@x.example", LATER, UNSUBSCRIBED), Asked("bob@x.example", MADE, COMPLAINED))
    assert [left.refused(address) for address in ("ADA@x.example", "eve@x.example")] == [UNSUBSCRIBED, ""]
