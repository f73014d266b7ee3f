"""What a customer says of its controls, as answers hold it."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.exceptions import Declaration
from chalicelib.usecases.answers.values import Answer, text_of


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
