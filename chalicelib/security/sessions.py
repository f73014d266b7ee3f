"""Credentials for one customer's request alone: a session of a role, narrowed by a policy to that customer's keys and objects.

With them even a defect of a store can't reach another customer's rows: DynamoDB looks at each request's partition key itself.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cachetools import TTLCache

SECONDS = 3600
"""How long a session is good: an hour is the longest for a role that a role takes."""
KEPT_SECONDS, KEPT = SECONDS - 600, 64
LONGEST_POLICY = 2048
"""What STS takes, in characters."""
ITEMS = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
CACHED = ("BatchGetItem", "PutItem")


def policy(customer_id: str, keyed: Iterable[str], cache: str, bucket: str, prefix: str) -> str:
    """Of the role's own rights only these: items of the customer's partition in the tables that are `keyed` by customer (and in their
    indexes), its answers in the cache, and its objects. A customer's id holds nothing that IAM takes for a pattern."""
    objects = f"arn:aws:s3:::{bucket}"
    statements = [
        _on_tables(ITEMS, [arn for table in keyed for arn in (_table(table), f"{_table(table)}/index/*")], "StringEquals", customer_id),
        _on_tables(CACHED, [_table(cache)], "StringLike", f"{customer_id}#*"),
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObjectVersion"], "Resource": f"{objects}/{prefix}*"},
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": objects,
            "Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:*:*:table/{name}"


def _on_tables(actions: Iterable[str], tables: list[str], operator: str, key: str) -> dict[str, Any]:
    condition = {f"ForAllValues:{operator}": {"dynamodb:LeadingKeys": [key]}}  # no Scan is among the actions: it has no leading keys
    return {"Effect": "Allow", "Action": [f"dynamodb:{action}" for action in actions], "Resource": tables, "Condition": condition}


@dataclass
class Sessions:
    """`policy_of` makes a customer's policy; `make` what is kept of its credentials, as long as they are good."""

    sts: Callable[[], Any]
    role_arn: str
    policy_of: Callable[[str], str]
    make: Callable[[dict[str, str]], Any]
    _kept: TTLCache[str, Any] = field(default_factory=lambda: TTLCache(KEPT, KEPT_SECONDS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, customer_id: str) -> Any:
        with self._lock:
            found = self._kept.get(customer_id)
        if found is None:
            request = {"RoleArn": self.role_arn, "RoleSessionName": f"customer-{customer_id}"[:64], "DurationSeconds": SECONDS}
            found = self.make(self.sts().assume_role(**request, Policy=self.policy_of(customer_id))["Credentials"])
            with self._lock:
                self._kept[customer_id] = found
        return found
