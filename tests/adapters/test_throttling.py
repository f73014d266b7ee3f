"""A third of all calls throttled: botocore's retries, the queue's repetitions and the next hour's plan leave the undisturbed table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse

from chalicelib import wiring
from chalicelib.domain.errors import AnalyticsError
from chalicelib.wiring import CONFIG
from ops import backfill
from tests.adapters.feeds import WORKED, Feeds
from tests.adapters.feeds import feeding as feeding_
from tests.e2e.embedded import _Raw

SHARE = 0.3
ROUNDS = 12


class Throttling:
    """A before-send hook of every client: while it is on, that share of all calls is answered with the service's way to say `later`."""

    def __init__(self) -> None:
        self._random: Random | None = None
        self.asked: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()

    @contextmanager
    def on(self, random: Random) -> Iterator[None]:
        self._random = random
        try:
            yield
        finally:
            self._random = None

    def __call__(self, request: AWSRequest, event_name: str, **_: Any) -> AWSResponse | None:
        if self._random is None:
            return None
        service = event_name.split(".")[1]
        self.asked[service] += 1
        if self._random.random() >= SHARE:
            return None
        self.throttled[service] += 1
        code = "ProvisionedThroughputExceededException" if service == "dynamodb" else "ThrottlingException"
        if service in ("sts", "s3"):
            error = f"<Error><Code>{code}</Code><Message>later</Message></Error>"
            body = error if service == "s3" else f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
        else:
            body = f'{{"__type": "com.amazonaws#{code}", "message": "later"}}'
        return AWSResponse(request.url, 400, {"x-amzn-ErrorType": code}, _Raw(body.encode()))


@pytest.fixture(scope="module")
def throttling() -> Throttling:
    return Throttling()


@pytest.fixture(scope="module")
def module_feeds(throttling: Throttling) -> Iterator[Feeds]:
    """With the very retries of the deployed service, but for their pauses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(time=time.time, sleep=lambda _: None))
        with feeding_() as made:
            session = boto3.Session()
            session.events.register("before-send", throttling)
            patch.setattr(boto3, "DEFAULT_SESSION", session)
            patch.setattr(wiring, "CONFIG", CONFIG)
            made.aws.services._clients.clear()  # those were made before with other retries
            made.aws.services.__dict__.pop("account_clients", None)
            yield made


@pytest.fixture
def feeds(module_feeds: Feeds) -> Feeds:
    module_feeds.empty()
    module_feeds.aws.forget_roles()  # so that roles are asked for
    return module_feeds


def until_done(feeds: Feeds) -> int:
    """The hour, planned and worked off until every source of every customer is read; how often it had to be planned."""
    for number in range(1, ROUNDS):
        succeeded(feeds.plan)
        feeds.work_off()
        while sum(feeds.waiting(queue, dead=True) for queue in WORKED):
            succeeded(lambda: backfill.redrive(feeds.aws.services))
            feeds.work_off()
        statuses = feeds.aws.services.metrics.statuses(customer.id for customer in feeds.aws.customers)
        states = [state.state for status in statuses.values() for state in status.sources.values()]
        if states == ["ok"] * 3 * len(feeds.aws.customers):
            return number
    raise AssertionError(f"never done: {states}")


def succeeded(call: Any) -> None:
    """Repeats a call as Lambda repeats an event."""
    for _ in range(ROUNDS):
        try:
            call()
        except AnalyticsError:
            continue
        return
    raise AssertionError("it never succeeded")


@pytest.fixture(scope="module")
def undisturbed(module_feeds: Feeds) -> list[dict[str, Any]]:
    module_feeds.empty()
    for customer in module_feeds.aws.customers:
        module_feeds.aws.services.customers.put(customer)
    assert until_done(module_feeds) == 1
    return module_feeds.aws.scan()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_of_ten_calls_throttled_leave_the_very_bytes_of_an_undisturbed_run(
    feeds: Feeds, throttling: Throttling, undisturbed: list[dict[str, Any]], seed: int
) -> None:
    throttling.asked.clear()
    throttling.throttled.clear()
    for customer in feeds.aws.customers:
        feeds.aws.services.customers.put(customer)
    random = Random(seed)
    feeds.around = lambda: throttling.on(random)
    until_done(feeds)
    assert feeds.aws.scan() == undisturbed
    assert {"dynamodb", "sts", "cloudwatch", "securityhub", "cost-explorer", "s3", "sqs"} <= throttling.asked.keys()
    assert 0.25 < throttling.throttled.total() / throttling.asked.total() < 0.35
