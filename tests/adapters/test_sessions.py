"""A customer's own session: its policy, evaluated as IAM would, lets everything pass that the API asks for that customer, and nothing else.

moto holds nobody to a policy, so the evaluation is ours: actions, resources and conditions by IAM's documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from chalice.test import Client

from chalicelib import wiring
from chalicelib.domain.customer import Customer
from chalicelib.security.sessions import LONGEST_POLICY, Sessions, policy
from chalicelib.stores.cache import cache_key
from chalicelib.stores.items import Item
from ops.keys import issue
from tests.adapters.feeds import Feeds, feeding
from tests.e2e.embedded import NOW
from tests.recorder.aws_calls import needed

KEYED = tuple(f"securebase-production-{name}" for name in ("metrics", "reports", "schedules", "audit"))
BUCKET = "securebase-production-reports-123456789012"
LONGEST_ID = "c" * 63


def made(customer_id: str) -> Any:
    return json.loads(policy(customer_id, KEYED, "securebase-production-cache", BUCKET, f"reports/{customer_id}/"))


def allows(document: Any, action: str, resource: str, context: dict[str, list[str]]) -> bool:
    """IAM's answer: whether any statement's action, resource and conditions hold. A key that isn't in the context holds for ForAllValues
    and IfExists alone."""
    statements = [one for one in document["Statement"] if one["Effect"] == "Allow" and action in _many(one["Action"])]
    named = [one for one in statements if any(fnmatchcase(resource, pattern) for pattern in _many(one["Resource"]))]
    return any(all(_condition(*each, context) for each in one.get("Condition", {}).items()) for one in named)


def _condition(operator: str, of: dict[str, Any], context: dict[str, list[str]]) -> bool:
    return all(_holds(operator, _many(wanted), context.get(key)) for key, wanted in of.items())


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _holds(operator: str, wanted: list[str], found: list[str] | None) -> bool:
    if found is None:
        return operator.startswith("ForAllValues:") or operator.endswith("IfExists")
    like = "StringLike" in operator
    return all(any(fnmatchcase(value, one) if like else value == one for one in wanted) for value in found)


def on_item(action: str, table: str, *leading: str) -> tuple[str, str, dict[str, list[str]]]:
    return f"dynamodb:{action}", f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}", {"dynamodb:LeadingKeys": list(leading)}


@pytest.mark.parametrize("table", [*KEYED, f"{KEYED[1]}/index/CreatedAtIndex"])
@pytest.mark.parametrize("action", ["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem"])
def test_only_the_customers_own_partition_is_reached(table: str, action: str) -> None:
    document = made("acme")
    assert allows(document, *on_item(action, table, "acme"))
    for other in ("borealis", "acme-2", "acm", "", "(unallocated)", "acme#x"):
        assert not allows(document, *on_item(action, table, other)), other
    assert not allows(document, *on_item(action, table, "acme", "borealis")), "one of many is enough to refuse"


def test_nothing_is_scanned_written_in_batches_or_asked_of_other_tables() -> None:
    document = made("acme")
    for action in ("Scan", "BatchWriteItem", "DeleteTable"):
        assert not allows(document, *on_item(action, KEYED[0], "acme"))
    assert not allows(document, *on_item("GetItem", "securebase-production-api-keys", "acme"))
    assert not allows(document, "dynamodb:Scan", f"arn:aws:dynamodb:us-east-1:1:table/{KEYED[0]}", {})
    assert not allows(document, *on_item("GetItem", "securebase-dev-metrics", "acme")), "another stage's"


def test_only_its_own_answers_in_the_cache() -> None:
    document, table = made("acme"), "securebase-production-cache"
    assert allows(document, *on_item("PutItem", table, cache_key("acme", "costs")))
    for other in (cache_key("borealis", "costs"), cache_key("acme-2", "costs"), "acme"):
        assert not allows(document, *on_item("BatchGetItem", table, other))


def test_only_objects_below_its_own_prefix() -> None:
    document, objects = made("acme"), f"arn:aws:s3:::{BUCKET}"
    assert allows(document, "s3:GetObject", f"{objects}/reports/acme/r/1/a.pdf", {})
    assert allows(document, "s3:ListBucketVersions", objects, {"s3:prefix": ["reports/acme/r/"]})
    for key in ("reports/acme-2/r/1/a.pdf", "reports/borealis/r/1/a.pdf", "focus/acme/x.csv"):
        assert not allows(document, "s3:GetObject", f"{objects}/{key}", {})
    for action in ("s3:ListBucket", "s3:ListBucketVersions"):
        assert not allows(document, action, objects, {}), "without a prefix"
    for prefix in ("", "reports/", "reports/acme-2/"):
        assert not allows(document, "s3:ListBucketVersions", objects, {"s3:prefix": [prefix]})
    assert not allows(document, "s3:PutObject", f"{objects}/reports/acme/r/1/a.pdf", {})


def test_it_is_short_enough_for_sts() -> None:
    assert len(policy(LONGEST_ID, KEYED, "securebase-production-cache", BUCKET, f"reports/{LONGEST_ID}/")) < LONGEST_POLICY


class Sts:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def assume_role(self, **request: Any) -> Any:
        self.asked.append(request)
        return {"Credentials": {"for": request["RoleSessionName"]}}


def test_a_session_is_made_once_per_customer_and_names_it() -> None:
    sts = Sts()
    sessions = Sessions(lambda: sts, "arn:aws:iam::1:role/r", lambda customer: f"policy of {customer}", dict)
    assert sessions.of("acme") is sessions.of("acme")
    assert sessions.of("acme") != sessions.of("borealis")
    assert [(one["RoleSessionName"], one["Policy"]) for one in sts.asked] == [
        ("customer-acme", "policy of acme"),
        ("customer-borealis", "policy of borealis"),
    ]


# The whole API with it


class Watched:
    """Every call of a narrowed client, held against the policy of the customer whose session it is."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.seen = 0

    def watch(self, client: Any, document: Any) -> None:
        def hear(params: dict[str, Any], model: Any, **_: Any) -> None:
            service = model.service_model.service_name
            for action, resource in needed(service, model.name, params):
                if (model.name, action) == ("GetObject", "s3:ListBucket"):
                    continue  # narrowed, what isn't there may be 403
                self.seen += 1
                context = {"s3:prefix": [params["Prefix"]]} if "Prefix" in params else {}
                arn = resource
                if service == "dynamodb":
                    context = {"dynamodb:LeadingKeys": sorted(leading(params, resource))}
                elif "/" in resource:
                    arn = f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
                if not allows(document, action, arn, context):
                    self.refused.append(f"{action} {arn} {context}")

        client.meta.events.register("provide-client-params", hear)


def leading(params: dict[str, Any], resource: str) -> set[str]:
    """The partition keys of a request, of the table that the ARN is of."""
    table = resource.rpartition("table/")[2].partition("/")[0]
    name = "cache_key" if table.endswith("-cache") else "customer_id"
    if "RequestItems" in params:
        return {key[name]["S"] for key in params["RequestItems"][table]["Keys"]}
    if "TransactItems" in params:
        parts = [part for item in params["TransactItems"] for part in item.values() if part["TableName"] == table]
        return {_key(part)[name]["S"] for part in parts}
    if "KeyConditionExpression" in params:
        hash_value = params["KeyConditionExpression"].partition("=")[2].split()[0]
        return {params["ExpressionAttributeValues"][hash_value]["S"]}
    return {_key(params)[name]["S"]}


def _key(params: dict[str, Any]) -> Item:
    found: Item = params.get("Key") or params["Item"]
    return found


ROLE = "securebase-local-customer-session"


@pytest.fixture(scope="module")
def feeds() -> Iterator[Feeds]:
    with feeding() as running:
        running.empty()
        yield running


@pytest.fixture(scope="module")
def customer(feeds: Feeds) -> Customer:
    chosen = feeds.aws.customers[2]
    feeds.aws.services.customers.create(chosen)
    feeds.hour(NOW)
    return chosen


@pytest.fixture(scope="module")
def watched(feeds: Feeds, customer: Customer) -> Watched:
    """The container with a role for its customers, whose sessions are watched."""
    anybody = {"StringEquals": {"sts:ExternalId": [None]}}  # the laptop's STS asks for that
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": anybody}
    boto3.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    feeds.use(customer_role=f"arn:aws:iam::{feeds.aws.services.account}:role/{ROLE}")
    found, with_ = Watched(), feeds.aws.services
    sessions = with_._sessions
    plain = sessions.make

    def make(granted: dict[str, str]) -> Any:
        scoped = plain(granted)
        for name in ("dynamodb", "s3"):
            found.watch(scoped.client(name), json.loads(sessions.policy_of(customer.id)))
        return scoped

    sessions.make = make
    wiring.use(with_)
    return found


def test_the_api_asks_nothing_that_its_customers_session_refuses(feeds: Feeds, customer: Customer, watched: Watched) -> None:
    key, _ = issue(feeds.aws.services, customer.id, ("read", "report", "admin"))
    http = Client(feeds._app.app).http

    def ask(method: str, path: str, body: Any = None) -> Any:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        answer = http.request(method, path, headers=headers, body=json.dumps(body).encode() if body is not None else b"")
        assert answer.status_code < 400, f"{method} {path}: {answer.body[:300]!r}"
        return json.loads(answer.body) if answer.body else None

    for path in (
        "usage",
        "costs",
        "costs/anomalies",
        "costs/unit",
        "budgets",
        "settings",
        "statements",
        "statements/2026-02",
        "compliance",
    ):
        ask("GET", f"/analytics/{path}")
    for path in ("controls", "changes", "spend-at-risk", "exceptions"):
        ask("GET", f"/analytics/compliance/{path}")
    ask("POST", "/analytics/budgets", {"name": "all", "amount": 5})
    ask("PUT", "/analytics/settings", {"allocation_tags": ["team"]})
    ask("PUT", "/analytics/branding", {"name": "Mine"})
    made_report = ask("POST", "/analytics/reports", {"type": "costs", "format": "csv", "period": "7d"})
    path = f"/analytics/reports/{made_report['id']}"
    ask("GET", "/analytics/reports")
    ask("GET", path)
    ask("POST", f"{path}/links", {}) if ask("GET", path)["status"] == "ready" else None
    ask("GET", f"{path}/links")
    ask("PUT", "/analytics/templates/board", {"title": "Board", "sections": [{"section": "summary"}]})
    ask("POST", "/analytics/templates/preview", {"title": "Board", "sections": [{"section": "summary"}]})
    recipient = ask("POST", "/analytics/recipients", {"channel": "webhook", "address": "https://hooks.example.com/in"})
    ask("PATCH", f"/analytics/recipients/{recipient['id']}", {"name": "other"})
    ask("DELETE", f"/analytics/recipients/{recipient['id']}")
    until = f"{NOW:%Y}-12-31"
    said = {"kind": "exception", "control_id": "IAM.9", "reason": "x", "approver": "Ada", "expires_at": until}
    said = ask("POST", "/analytics/compliance/exceptions", said)
    ask("DELETE", f"/analytics/compliance/exceptions/{said['id']}")
    made_key = ask("POST", "/analytics/keys", {})
    ask("POST", f"/analytics/keys/{made_key['id']}/rotate", {})
    ask("DELETE", f"/analytics/keys/{made_key['id']}")
    ask("DELETE", path)
    schedule = ask(
        "POST", "/analytics/schedules", {"name": "x", "report": {"type": "costs", "format": "csv"}, "cadence": {"kind": "daily"}}
    )
    ask("GET", f"/analytics/schedules/{schedule['id']}/runs")
    ask("POST", f"/analytics/schedules/{schedule['id']}/run", {})
    ask("DELETE", f"/analytics/schedules/{schedule['id']}")
    ask("GET", "/analytics/templates")
    ask("GET", "/analytics/keys")
    ask("GET", "/analytics/audit")
    ask("GET", "/health")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    cookie = http.request("POST", "/session", headers=form, body=f"credential={key}".encode()).headers["Set-Cookie"].partition(";")[0]
    page = http.request("GET", "/", headers={"Cookie": cookie})
    csrf = re.findall(rb'name="csrf" value="(\w+)"', page.body)[0]
    assert http.request("POST", "/session/end", headers={**form, "Cookie": cookie}, body=b"csrf=" + csrf).status_code == 303
    assert watched.refused == []
    assert watched.seen > 60, "it was asked by the session, not by the function's own credentials"
