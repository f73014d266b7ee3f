"""CloudWatch clients inside customers' accounts, each through the account's reader role with the customer's ExternalId."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from cachetools import TTLCache

from chalicelib.domain.customer import Account

ROLE_SECONDS = 1800
CLIENTS_KEPT, ROLES_KEPT = 64, 1024
"""A client takes nearly a megabyte, and a container rarely sees a customer again soon."""


class AccountClients:
    """A role is assumed once for all regions of its account."""

    def __init__(self, sts: Callable[[], Any], config: Config) -> None:
        self._sts, self._config, self._lock = sts, config, threading.Lock()
        self.clients: TTLCache[tuple[str, str, str], Any] = TTLCache(CLIENTS_KEPT, ROLE_SECONDS)
        self._granted: TTLCache[tuple[str, str], dict[str, str]] = TTLCache(ROLES_KEPT, ROLE_SECONDS)

    def __call__(self, account: Account, external_id: str, region: str) -> Any:
        key = (account.id, external_id, region)
        if key not in self.clients:
            granted = self._role(account, external_id)
            with self._lock:
                self.clients[key] = boto3.client(
                    "cloudwatch",
                    region_name=region,
                    config=self._config,
                    aws_access_key_id=granted["AccessKeyId"],
                    aws_secret_access_key=granted["SecretAccessKey"],
                    aws_session_token=granted["SessionToken"],
                )
        return self.clients[key]

    def _role(self, account: Account, external_id: str) -> dict[str, str]:
        key = (account.id, external_id)
        if key not in self._granted:
            request = {"RoleArn": account.role_arn, "RoleSessionName": "securebase-analytics", "ExternalId": external_id}
            self._granted[key] = self._sts().assume_role(**request, DurationSeconds=3600)["Credentials"]
        return self._granted[key]
