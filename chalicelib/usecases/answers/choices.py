"""What a customer has said itself, or what stands where it has said nothing."""

from __future__ import annotations

from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.ports.choices import Chosen
from chalicelib.usecases.ports.metrics import MetricStore


def choice_of(store: MetricStore, customer_id: str, kind: type[Chosen], status: CustomerStatus | None = None) -> Chosen:
    """The kind's own default where there is none, which, with the customer's status, costs no read."""
    said = status is None or kind.NAME in status.choices
    return (store.choices.get(customer_id, kind) if said else None) or kind()
