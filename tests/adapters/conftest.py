"""A DynamoDB with empty tables, once per implementation that is here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.metrics import Metrics
from tests import backends
from tests.adapters.feeds import Feeds, feeding
from tests.e2e.embedded import Embedded, started
from tests.fakes import Clock

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backends.MiniStack]:
    """One for all tests, started when the first of them needs it."""
    if not backends.INSTALLED.exists():
        pytest.skip(backends.NOT_INSTALLED)
    started = backends.MiniStack(tmp_path_factory.mktemp("ministack"))
    yield started
    started.stop()


@pytest.fixture(params=backends.BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A low-level client of every backend in turn, with the empty tables of the stage `dev`."""
    urls = {
        backends.MINISTACK: lambda: request.getfixturevalue("ministack").url,
        backends.DYNAMODB_LOCAL: lambda: os.environ[backends.DYNAMODB_LOCAL_URL],
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    if backend in urls:
        yield backends.at(urls[backend]())
        return
    with backends.on_moto() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def metrics(client: Any, clock: Clock) -> Metrics:
    return Metrics(Dynamo(client), "securebase-dev-metrics", clock, timedelta(days=14))


@pytest.fixture(scope="module")
def module_feeds() -> Iterator[Feeds]:
    """One embedded AWS for a module."""
    with feeding() as made:
        yield made


@pytest.fixture
def feeds(module_feeds: Feeds) -> Feeds:
    module_feeds.empty()
    return module_feeds


@pytest.fixture(scope="module")
def module_aws() -> Iterator[Embedded]:
    """The laptop's AWS for a module, as its tests leave it."""
    with started() as made:
        yield made


@pytest.fixture
def aws(module_aws: Embedded) -> Embedded:
    """The same with nothing but its customers."""
    module_aws.reset()
    return module_aws
