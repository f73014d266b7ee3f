"""What a customer says of its controls, as answers hold it."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.exceptions import Declaration, Exceptions
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.ports.metrics import MetricStore


def declarations_of(store: MetricStore, customer_id: str, status: CustomerStatus) -> tuple[Declaration, ...]:
    """All that the customer has said; without a read where it has said nothing."""
    held = store.choices.get(customer_id, Exceptions) if Exceptions.NAME in status.choices else None
    return held.declarations if held else ()


def shown_declaration(declaration: Declaration, now: datetime) -> Answer:
    return {
        "id": declaration.id,
        "kind": declaration.kind,
        "control_id": declaration.control_id,
        "resource": declaration.resource,
        "status": declaration.status(now),
        "reason": declaration.reason,
        "approver": declaration.approver,
        "created_at": text_of(declaration.created_at),
        "created_by": declaration.created_by,
        "expires_at": text_of(declaration.expires_at),
        "revoked_at": text_of(declaration.revoked_at),
        "revoked_by": declaration.revoked_by,
    }
