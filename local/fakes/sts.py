"""AssumeRole that asks the role's trust policy; moto gives anybody any role."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend

_assume_in_moto = STSBackend.assume_role


def install_sts_check() -> Callable[[], None]:
    """AccessDenied unless the role exists in its account and its trust asks for the ExternalId given; what it returns undoes that."""

    def assume_role(backend: Any, **request: Any) -> Any:
        if not _trusts(request["role_arn"], request.get("external_id")):
            raise AccessDeniedError(backend.account_id, f"sts:AssumeRole on resource: {request['role_arn']}")
        return _assume_in_moto(backend, **request)

    installed = patch.object(STSBackend, "assume_role", assume_role)
    installed.start()
    return installed.stop


def _trusts(role_arn: str, external_id: str | None) -> bool:
    account = role_arn.split(":")[4]
    roles = iam_backends[account]["aws"].roles.values()
    policies = [json.loads(role.assume_role_policy_document) for role in roles if role.arn == role_arn]
    return any(_asks_for(statement, external_id) for policy in policies for statement in policy["Statement"])


def _asks_for(statement: dict[str, Any], external_id: str | None) -> bool:
    asked = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId", [])
    accepted = [asked] if isinstance(asked, str) else asked
    return statement["Effect"] == "Allow" and external_id in accepted
