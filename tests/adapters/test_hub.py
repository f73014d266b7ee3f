"""An account's findings on every DynamoDB there is: whoever changes them at once, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.compliance import SECURITY_HUB, Finding
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.hub import Hub
from chalicelib.stores.metrics import Metrics
from tests import backends

ACCOUNT = "330000000001"
NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def hub(client: Any) -> Hub:
    return Metrics(Dynamo(client), "securebase-dev-metrics", lambda: NOW, timedelta(days=90)).hub


def one(number: int) -> Finding:
    return Finding(f"{number:02}", SECURITY_HUB, "S3.1", "S3.1", "HIGH", "PASSED", False, NOW, ACCOUNT, "us-east-1", (), ())


def with_(number: int) -> Callable[[tuple[Finding, ...]], tuple[Finding, ...]]:
    return lambda held: (*held, one(number))


@pytest.mark.parametrize("held", [0, 1])
def test_of_two_changes_at_once_the_later_one_sees_the_earlier_ones(hub: Hub, held: int) -> None:
    for number in range(held):
        hub.change("acme", ACCOUNT, with_(90 + number))
    between = iter([1, 2, 3])

    def slow(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Others write while this one has read and hasn't written."""
        other = next(between, None)
        if other is not None:
            assert hub.change("acme", ACCOUNT, with_(other))
        return with_(0)(found)

    assert hub.change("acme", ACCOUNT, slow)
    wanted = [*(one(90 + number) for number in range(held)), one(1), one(2), one(3), one(0)]
    assert hub.findings("acme") == {ACCOUNT: tuple(wanted)}


def test_a_change_to_what_is_there_writes_nothing(hub: Hub, client: Any) -> None:
    hub.change("acme", ACCOUNT, with_(1))
    before = client.scan(TableName="securebase-dev-metrics")["Items"]
    assert hub.change("acme", ACCOUNT, lambda held: held) is False
    assert client.scan(TableName="securebase-dev-metrics")["Items"] == before


def test_workers_that_change_one_accounts_findings_at_once_lose_none(hub: Hub, backend: str) -> None:
    with ThreadPoolExecutor(backends.workers(backend, 3)) as pool:
        assert all(pool.map(lambda number: hub.change("acme", ACCOUNT, with_(number)), range(24)))
    assert sorted(hub.findings("acme")[ACCOUNT], key=lambda finding: finding.id) == sorted(
        map(one, range(24)), key=lambda finding: finding.id
    )
