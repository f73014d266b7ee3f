"""A browser for the tests of pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import Visit, browsing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's, not the session's: pytest ends it before another module's tests, which may asyncio.run()."""
    with browsing() as started:
        yield started


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """visit(base_url, **options): nothing may have gone wrong on any of them when the test ends, but for what it expects."""
    visits: list[Visit] = []

    def begin(base_url: str, **options: Any) -> Visit:
        visits.append(Visit(browser, base_url, **options))
        return visits[-1]

    yield begin
    wrong = [line for one in visits for line in one.end()]
    assert wrong == []
