"""What a report reads it reads once, however many of its sections ask for it: they agree, and cost no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.usecases.ports.metrics import MetricStore

if TYPE_CHECKING:
    from chalicelib.domain.compliance import ComplianceDay


class Remembering:
    """All that `of` is, but what these methods answered to the same arguments is known. Nobody changes an answer."""

    def __init__(self, of: Any, *methods: str) -> None:
        self._of = of
        for name in methods:
            setattr(self, name, cache(getattr(of, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


class ReadOnce:
    """A store for one report."""

    def __init__(self, store: MetricStore) -> None:
        self._store = store

    @cached_property
    def latest_compliance_day(self) -> Callable[[str, date], ComplianceDay | None]:
        return cache(self._store.latest_compliance_day)

    @cached_property
    def costs(self) -> Remembering:
        return Remembering(self._store.costs, "read")

    @cached_property
    def usage(self) -> Remembering:
        return Remembering(self._store.usage, "read")

    @cached_property
    def hub(self) -> Remembering:
        return Remembering(self._store.hub, "findings")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
