"""The port of what a customer has said itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from chalicelib.domain.choice import Choice

Chosen = TypeVar("Chosen", bound=Choice)


class Choices(Protocol):
    """A value per kind; `status.choices` names the kinds that there are."""

    def get(self, customer_id: str, kind: type[Chosen]) -> Chosen | None: ...
    def change(self, customer_id: str, kind: type[Chosen], to: Callable[[Chosen | None], Chosen]) -> Chosen:
        """Puts what `to` makes of what is there and returns it; `to` is called again when somebody else was faster."""
        ...
