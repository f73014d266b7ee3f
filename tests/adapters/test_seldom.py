"""What functions do seldom, through their own handlers: what they ask of AWS then is in their policies, too (tests/grants.py)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.budget import Budget, Budgets, Threshold
from chalicelib.domain.customer import Customer
from chalicelib.domain.recipient import VERIFIED, WEBHOOK, Recipient, Recipients
from chalicelib.domain.signals import REPORT_ENGINE
from chalicelib.routes.reports import reporting
from chalicelib.stores import tables
from chalicelib.usecases import rendering, report
from local.seed import associations, findings
from tests.adapters.feeds import Feeds, feeding
from tests.adapters.posting import Post, posting
from tests.e2e.embedded import NOW
from tests.recorder.aws_calls import doing


@pytest.fixture(scope="module")
def running() -> Iterator[Feeds]:
    with feeding() as made:
        yield made


@pytest.fixture
def feeds(running: Feeds) -> Feeds:
    running.empty()
    return running


@pytest.fixture
def customer(feeds: Feeds) -> Customer:
    chosen = feeds.aws.customers[2]
    feeds.aws.services.customers.create(chosen)
    return chosen


def test_the_providers_forecast_is_asked_by_the_worker(feeds: Feeds, customer: Customer) -> None:
    feeds.use(paid_forecasts=True)
    before = feeds.aws.aws.costs.calls.count("GetCostForecast")
    feeds.hour(NOW)
    assert feeds.aws.aws.costs.calls.count("GetCostForecast") == before + 1
    prospects = feeds.aws.services.metrics.status(customer.id).prospects
    assert prospects is not None
    assert prospects.of["USD"]["billed"].next_month.method == "cost-explorer"


def test_a_control_without_findings_any_more_is_asked_for(feeds: Feeds, customer: Customer) -> None:
    feeds.hour(NOW)
    known = feeds.aws.services.metrics.latest_compliance_day(customer.id, NOW.date())
    assert known is not None
    feeds.aws.aws.hub.load([], associations(feeds.aws.seeded))
    feeds.hour(NOW + timedelta(hours=27))
    feeds.aws.aws.hub.load(findings(feeds.aws.seeded), associations(feeds.aws.seeded))
    later = feeds.aws.services.metrics.latest_compliance_day(customer.id, NOW.date() + timedelta(days=1))
    assert later is not None
    assert later != known


def test_a_budget_that_is_crossed_is_told_by_the_worker_once(feeds: Feeds, customer: Customer) -> None:
    choices = feeds.aws.services.metrics.choices
    told = Recipient("0" * 32, WEBHOOK, "https://hooks.example/in", NOW, "test", events=("budget",), status=VERIFIED)
    choices.change(customer.id, Recipients, lambda held: Recipients((told,)))
    budget = Budget("b" * 32, "tiny", Decimal(1), "USD", "billed", Selection(), (Threshold(Decimal(50)),), NOW, "test")
    choices.change(customer.id, Budgets, lambda held: Budgets((budget,)))
    for hours in (0, 6):
        feeds.hour(NOW + timedelta(hours=hours))
    sent = [item for item in feeds.aws.scan(tables.SCHEDULES) if item["schedule_id"]["S"].startswith("sent#event#")]
    assert len(sent) == 1


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with posting() as made:
        yield made


def test_a_report_that_was_deleted_while_its_job_waited_leaves_no_document(post: Post) -> None:
    body = {"type": ["costs"], "format": ["csv"], "period": ["7d"]}
    report.request(reporting(), post.customer.id, body, "c" * 32, None)
    with doing(REPORT_ENGINE.name):
        rendering.run(reporting(), post.customer.id, "c" * 32)
    kept = reporting().files
    record = report.fetch(reporting(), post.customer.id, "c" * 32)
    post.services.reports.delete(post.customer.id, "c" * 32)
    with doing(REPORT_ENGINE.name):
        rendering.run(reporting(), post.customer.id, "c" * 32)
    assert kept.open(post.customer.id, record) is None
