"""Where somebody else is always faster, or DynamoDB never does all of it, a store ends in a named failure, having waited in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.domain.allowance import Allowance
from chalicelib.domain.audit import Deed
from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.customer import ApiKey
from chalicelib.domain.errors import Conflict, StoreUnavailable
from chalicelib.domain.reporting import ReportRecord
from chalicelib.domain.schedule import Digest
from chalicelib.domain.template import BUILT_IN
from chalicelib.stores.audit import Audit
from chalicelib.stores.choices import Choices
from chalicelib.stores.customers import ApiKeys
from chalicelib.stores.dynamo import ATTEMPTS, Dynamo
from chalicelib.stores.hub import Hub
from chalicelib.stores.items import Rewritten, from_items, joined, split
from chalicelib.stores.queues import Queue
from chalicelib.stores.reports import Reports
from chalicelib.stores.schedules import Schedules
from chalicelib.stores.token_buckets import TokenBuckets
from chalicelib.stores.values import Values, read_whole
from tests.unit.findings import finding

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def refusal(code: str, *reasons: str) -> ClientError:
    told: Any = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(told, "PutItem")


class Overtaken:
    """A client of an empty table to which nobody gets to write on a condition; `code` is what it says then."""

    def __init__(self, code: str = "ConditionalCheckFailedException", *reasons: str) -> None:
        self.refusal, self.asked, self.item = refusal(code, *reasons), list[str](), None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append(name)
            if name in ("put_item", "update_item", "transact_write_items"):
                raise self.refusal
            return {"Items": [], **({"Item": self.item} if self.item else {})}

        return call


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def over(client: Any) -> tuple[Dynamo, Pauses]:
    pauses = Pauses()
    return Dynamo(client, pauses), pauses


def key_item() -> Any:
    """A key as it lies in its table."""
    held: list[Any] = []
    client = SimpleNamespace(update_item=lambda **request: held.append(request["ExpressionAttributeValues"]))
    ApiKeys(Dynamo(client), "keys").put(ApiKey("k1", "acme", "digest", ("read",), NOW))
    values = list(held[0].values())
    data = next(value for value in values if "B" in value)
    return {"id": {"S": "k1"}, "data": data, "v": {"N": "2"}}


CHANGES: dict[str, Callable[[Dynamo], Any]] = {
    "a token bucket": lambda dynamo: TokenBuckets(dynamo, "ledger").settle("acme", Allowance("queries", 60), 0.0, 1, 1.0),
    "an account's findings": lambda dynamo: Hub(dynamo, "metrics", Values(dynamo, "metrics", lambda: NOW)).change(
        "acme", "1", lambda held: (finding("A.1"),)
    ),
    "what a customer chose": lambda dynamo: Choices(
        dynamo, "metrics", Values(dynamo, "metrics", lambda: NOW), lambda customer_id: {"customer_id": customer_id, "timestamp": "status"}
    ).change("acme", CustomerSettings, lambda held: CustomerSettings(("team",))),
    "a schedule": lambda dynamo: Schedules(dynamo, "schedules", lambda: NOW).change("acme", Digest, "k", lambda held: Digest(NOW, NOW)),
    "others kept adding to the audit": lambda dynamo: Audit(dynamo, "audit").append(
        "acme", Deed(NOW, "key:x", "create", "/analytics/keys", "", 201, "r1")
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_somebody_else_always_changes_first_is_left_to_the_next_try(what: str) -> None:
    dynamo, pauses = over(Overtaken())
    with pytest.raises(StoreUnavailable, match=what):
        CHANGES[what](dynamo)
    assert len(pauses) >= 3
    assert all(pause > 0 for pause in pauses)


def test_a_key_that_somebody_else_always_changes_first_is_left_to_the_next_try() -> None:
    client = Overtaken()
    client.item = key_item()
    dynamo, pauses = over(client)
    with pytest.raises(StoreUnavailable, match="a key kept changing"):
        ApiKeys(dynamo, "keys").change("k1", lambda held: held)
    assert len(pauses) >= 3


def test_reports_that_others_always_ask_for_first_are_left_to_the_next_try() -> None:
    record = ReportRecord("a" * 32, "usage", BUILT_IN["usage"], "csv", {}, NOW, 13, "usage.csv")
    dynamo, pauses = over(Overtaken("TransactionCanceledException", "TransactionConflict", "None"))
    with pytest.raises(StoreUnavailable, match="reports kept changing"):
        Reports(dynamo, "reports", lambda: NOW).create("acme", record, None)
    assert len(pauses) >= 3


# What fails for another reason is no matter of who was first

WRITES: dict[str, Callable[[Dynamo], Any]] = {
    "put": lambda dynamo: dynamo.put("t", {}, "attribute_not_exists(k)"),
    "update": lambda dynamo: dynamo.update("t", {"k": "1"}, {"a": {"S": "x"}}),
    "update_if": lambda dynamo: dynamo.update_if("t", {"k": "1"}, {"a": {"S": "x"}}, ("a", {"S": "y"})),
    "add": lambda dynamo: dynamo.add("t", {"k": "1"}, "n", 1, 9, {}),
    "put_together": lambda dynamo: dynamo.put_together("t", [{}, {}], ("a", None)),
    "together": lambda dynamo: dynamo.together([{"Put": {}}]),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_is_throttled_is_an_outage_and_not_somebody_elses(write: str) -> None:
    dynamo, _ = over(Overtaken("ProvisionedThroughputExceededException"))
    with pytest.raises(StoreUnavailable, match="ProvisionedThroughputExceededException"):
        WRITES[write](dynamo)


def test_an_update_waits_out_a_transaction_that_is_at_its_item_and_not_for_ever() -> None:
    client = Overtaken("TransactionConflictException")
    dynamo, pauses = over(client)
    with pytest.raises(StoreUnavailable, match="TransactionConflictException"):
        dynamo.update("t", {"k": "1"}, {"a": {"S": "x"}})
    assert (len(pauses), len(client.asked)) == (ATTEMPTS - 1, ATTEMPTS)


def test_a_store_that_cannot_be_reached_is_named_without_its_address() -> None:
    def unreachable(**request: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://secret.example")

    dynamo, _ = over(SimpleNamespace(delete_item=unreachable))
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError") as refused:
        dynamo.delete("t", {"k": "1"})
    assert "secret" not in str(refused.value)


# What DynamoDB leaves undone


def test_keys_that_are_never_read_and_items_that_are_never_written_end_in_a_failure() -> None:
    left = {"t": {"Keys": [{"k": {"S": "1"}}]}}
    client = SimpleNamespace(
        batch_get_item=lambda RequestItems: {"Responses": {}, "UnprocessedKeys": left},
        batch_write_item=lambda RequestItems: {"UnprocessedItems": RequestItems},
    )
    dynamo, pauses = over(client)
    with pytest.raises(StoreUnavailable, match="keys unread"):
        dynamo.get_many({"t": [{"k": "1"}]})
    with pytest.raises(StoreUnavailable, match="items unwritten"):
        dynamo.write_many("t", ("k",), [{"k": {"S": "1"}}])
    assert len(pauses) == 2 * ATTEMPTS


def test_a_job_that_sqs_refuses_is_not_taken_for_sent() -> None:
    client = SimpleNamespace(send_message_batch=lambda **request: {"Failed": [{"Id": "0"}]})
    with pytest.raises(StoreUnavailable, match="refused a job"):
        Queue(client, "url").send([{"job": "report"}])


# Values of several items


def parts(data: bytes) -> list[Any]:
    return split({"c": {"S": "acme"}, "r": {"S": "k"}}, "r", data, NOW + timedelta(days=1))


LONG, OTHER = b"x" * 800_000, b"y" * 800_000


def test_parts_that_do_not_fit_together_are_no_value() -> None:
    first, second, third = parts(LONG)
    assert [data for _, data in joined([first, second, third])] == [LONG]
    for torn in ([first, second], [first, third, second], [first, parts(OTHER)[1], third], [first, *parts(b"z")]):
        with pytest.raises(Rewritten):
            list(joined(torn))
    with pytest.raises(Rewritten):
        list(from_items([first, second, parts(OTHER)[2]], "r", bytes, NOW))


def test_parts_of_an_older_longer_version_are_nobodys() -> None:
    short = parts(b"z")
    assert [data for _, data in joined([*short, *parts(LONG)[1:]])] == [b"z"]


def test_what_was_being_rewritten_is_read_a_second_time_consistently() -> None:
    looks: list[bool] = []

    def read(consistent: bool) -> str:
        looks.append(consistent)
        if len(looks) == 1:
            raise Rewritten
        return "whole"

    assert (read_whole(read, False), looks) == ("whole", [False, True])


def test_a_change_that_is_refused_writes_nothing() -> None:
    client = Overtaken()
    dynamo, _ = over(client)

    def refuse(held: Digest | None) -> Digest:
        raise Conflict("the digest has closed")

    with pytest.raises(Conflict):
        Schedules(dynamo, "schedules", lambda: NOW).change("acme", Digest, "k", refuse)
    assert client.asked == ["get_item"]
