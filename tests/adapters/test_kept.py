"""What was said on the laptop is there again at the next start."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from chalicelib.domain.cadence import Cadence
from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.customer import UNALLOCATED
from chalicelib.domain.rates import MARKUP, Plan, Rates
from chalicelib.domain.schedule import Run, Schedule
from chalicelib.domain.state import OK, SourceState
from chalicelib.usecases.billing.closing import Closings
from local.kept import Kept
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED


def test_choices_come_back_and_are_named_by_the_status(feeds: Feeds, tmp_path: Path) -> None:
    customer = feeds.aws.customers[0]
    feeds.aws.services.customers.put(customer)
    choices = feeds.aws.services.metrics.choices
    rates, tags = Rates((Plan(date(2026, 1, 1), MARKUP, Decimal("12.5")),)), CustomerSettings(("team",))
    choices.change(customer.id, Rates, lambda held: rates)
    choices.change(customer.id, CustomerSettings, lambda held: tags)
    choices.change(UNALLOCATED, Closings, lambda held: Closings({"2026-02": {}}))
    named = feeds.aws.services.metrics.status(customer.id).choices
    kept = Kept(tmp_path)
    kept.save()
    feeds.empty()
    assert choices.get(customer.id, Rates) is None
    Kept(tmp_path).restore()
    assert (choices.get(customer.id, Rates), choices.get(customer.id, CustomerSettings)) == (rates, tags)
    assert choices.get(UNALLOCATED, Closings) == Closings({"2026-02": {}})
    feeds.aws.services.metrics.put_state(customer.id, SourceState("cloudwatch", OK, CLOSED))
    assert feeds.aws.services.metrics.status(customer.id).choices == named
    assert choices.change(customer.id, CustomerSettings, lambda held: replace(held or tags, allocation_tags=("env",))) == CustomerSettings(
        ("env",)
    )


def test_nothing_is_written_while_nothing_new_is_said(feeds: Feeds, tmp_path: Path) -> None:
    customer = feeds.aws.customers[0]
    feeds.aws.services.customers.put(customer)
    kept = Kept(tmp_path)
    kept.save()
    assert not (tmp_path / "choices.json").exists()
    feeds.aws.services.metrics.choices.change(customer.id, CustomerSettings, lambda held: CustomerSettings(("team",)))
    kept.save()
    written = (tmp_path / "choices.json").stat().st_mtime_ns
    kept.save()
    assert (tmp_path / "choices.json").stat().st_mtime_ns == written


def test_schedules_and_what_they_have_still_to_do_come_back_without_what_is_done(feeds: Feeds, tmp_path: Path) -> None:
    customer, store = feeds.aws.customers[0], feeds.aws.services.schedules
    feeds.aws.services.customers.put(customer)
    report = {"type": ("costs",), "format": ("pdf",)}
    made = Schedule("a" * 32, "Daily", report, "yesterday", Cadence("daily", "UTC"), (), CLOSED, "key:x", CLOSED, next_run=CLOSED)
    waits = Run(made, CLOSED, "schedule", None, CLOSED, CLOSED, CLOSED)
    done = replace(waits, number="0" * 16, due_at=None)
    for value in (made, waits, done):
        store.add(customer.id, value)
    Kept(tmp_path).save()
    feeds.empty()
    Kept(tmp_path).restore()
    due = [found.value for shard in store.shards for found in store.due(shard, CLOSED)]
    assert sorted(due, key=lambda one: isinstance(one, Run)) == [made, waits]
    assert store.get(customer.id, Run, done.key) is None
