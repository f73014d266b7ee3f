"""What a page asks: the very functions that the routes and the reports ask, through the answers that are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.spend import currencies
from chalicelib.routes.answers import encode
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.costs import lines_of
from chalicelib.usecases.answers.kept import cached
from chalicelib.usecases.reports.documents.asked import Answer, Asked
from chalicelib.wiring import Services


@dataclass(frozen=True)
class AskedByPage(Asked):
    """Of the same question the API and the page keep one answer."""

    services: Services

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The keys that the customer allocates its costs by."""
        return choice_of(self.metrics, self.customer_id, CustomerSettings, self.status).allocation_tags

    @cached_property
    def currencies(self) -> list[str]:
        """All that the customer has costs in, where there are several."""
        found = sorted(self.status.prospects.of) if self.status.prospects else []
        return found if len(found) > 1 else []

    @property
    def first_currency(self) -> str:
        """Of those of the window the first that what was asked for has lines in, else the first."""
        found = currencies(self.cost_days)
        within = (one for one in found if any(lines_of(day, self.cost_question, one) for day in self.cost_days))
        return next(within, found[0])

    def answer(self, make: Callable[..., Answer], question: object) -> Answer:
        def compute(status: Any) -> Any:
            return make(self.metrics, self.customer_id, question, status, self.at)

        with_ = self.services
        body, _ = cached(with_.cache, self.customer_id, make.__name__, question, compute, encode, with_.turns)
        found: Mapping[str, Any] = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        return found
