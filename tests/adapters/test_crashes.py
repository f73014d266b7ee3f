"""A worker that dies at any call to AWS, before it is sent or before its answer comes, and runs again: nothing lost, nothing doubled."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from chalicelib.domain.customer import Customer
from chalicelib.stores import tables
from local.aws import ACCOUNT, REGION
from tests.e2e.embedded import Embedded

FEWEST_KILL_POINTS = 60
MOMENTS = ("before-call", "after-call")
SERVICES = ("dynamodb", "s3", "ce", "securityhub", "sts")


@pytest.fixture(scope="module")
def aws(module_aws: Embedded) -> Embedded:
    module_aws.reset()
    return module_aws


class Killed(BaseException):
    """The container is gone: nothing of the code may take it for an error of AWS."""


class Killer:
    """Counts the calls of all clients and dies at one of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.at: int | None = None
        self.moment = ""

    def hook(self, aws: Embedded) -> None:
        """Hears of every call of the clients that the container has made, the ones for customers' accounts among them."""
        for client in [*map(aws.services.client, SERVICES), *aws.services.account_clients.clients.values()]:
            for moment in MOMENTS:
                client.meta.events.register(f"{moment}.*.*", partial(self._heard, moment), unique_id=f"killer-{id(self)}-{moment}")

    def _heard(self, moment: str, model: Any, **_: Any) -> None:
        if moment != self.moment:
            return
        self.calls.append(model.name)
        if len(self.calls) - 1 == self.at:
            raise Killed


def empty(aws: Embedded) -> None:
    """Empties the tables without the second that a whole new AWS takes."""
    for table in dynamodb_backends[ACCOUNT][REGION].tables.values():
        table.items.clear()


def run(aws: Embedded, customer: Customer, killer: Killer, moment: str = "", at: int | None = None) -> int:
    """An hour's jobs, the costs among them, in a new container; how many calls there were up to the one that killed it."""
    aws.renew()
    killer.calls, killer.at, killer.moment = [], at, moment
    try:
        aws.aggregate(customer)
    except Killed:
        assert at is not None
    return len(killer.calls)


@pytest.mark.parametrize("moment", MOMENTS)
def test_dying_at_any_call_and_running_again_leaves_the_very_bytes_of_a_run_that_did_not_die(aws: Embedded, moment: str) -> None:
    customer, killer = aws.customers[2], Killer()
    aws.aggregate(customer)  # makes all clients
    killer.hook(aws)
    empty(aws)
    count = run(aws, customer, killer, MOMENTS[0])
    names, whole = list(killer.calls), aws.scan(tables.METRICS)
    assert whole
    assert count >= FEWEST_KILL_POINTS
    for at in range(count if moment == MOMENTS[1] else 1):  # before any later call everything is as it was after the one before it
        empty(aws)
        assert run(aws, customer, killer, moment, at) == at + 1, "it died there"
        run(aws, customer, killer)
        assert aws.scan(tables.METRICS) == whole, f"{moment} {names[at]}, call {at} of {count}"
