"""Where the DynamoDBs of the tests differ from the real one, as of the versions that are pinned; docs/testing.md has the same table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.backends import DYNAMODB_LOCAL, MINISTACK, MOTO

METRICS, REPORTS, CACHE = "securebase-dev-metrics", "securebase-dev-reports", "securebase-dev-cache"
INVALID, LET_THROUGH = "ValidationException", "let through"
Item = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """What is asked for, DynamoDB's answer by its documentation, the answers that differ from it today, and what our code does about it."""

    asked: str
    attempt: Callable[[Any], str | None]
    dynamodb: str
    ours: str
    moto: str | None = None
    ministack: str | None = None
    dynamodb_local: str | None = None

    def answer_of(self, backend: str) -> str:
        differing = {MOTO: self.moto, MINISTACK: self.ministack, DYNAMODB_LOCAL: self.dynamodb_local}
        return differing[backend] or self.dynamodb

    def row(self) -> str:
        """Its line in the documentation."""
        answers = [f"**{answer}**" if answer else "same" for answer in (self.moto, self.ministack, self.dynamodb_local)]
        return f"| {' | '.join([self.asked, self.dynamodb, *answers, self.ours])} |"


def item(customer: str = "a", key: str = "1", **more: dict[str, Any]) -> Item:
    return {"customer_id": {"S": customer}, "timestamp": {"S": key}, **more}


def put(item: Item) -> dict[str, Any]:
    return {"PutRequest": {"Item": item}}


def put_in_transaction(item: Item, **more: str) -> dict[str, Any]:
    return {"Put": {"TableName": METRICS, "Item": item, **more}}


def query(client: Any, condition: str = "customer_id = :a", table: str = METRICS, **more: Any) -> Any:
    values = {":a": {"S": "a"}} | more.pop("values", {})
    return client.query(TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)


NAMED = {"ExpressionAttributeNames": {"#key": "timestamp"}}


def two_puts_of_one_key(client: Any) -> None:
    client.batch_write_item(RequestItems={METRICS: [put(item(n={"N": "1"})), put(item(n={"N": "2"}))]})


def put_and_delete_of_one_key(client: Any) -> None:
    client.batch_write_item(RequestItems={METRICS: [put(item()), {"DeleteRequest": {"Key": item()}}]})


def batch_of_26(client: Any) -> None:
    client.batch_write_item(RequestItems={METRICS: [put(item(key=str(number))) for number in range(26)]})


def batch_read_of_101(client: Any) -> None:
    client.batch_get_item(RequestItems={METRICS: {"Keys": [item(key=str(number)) for number in range(101)]}})


def batch_read_of_one_key_twice(client: Any) -> None:
    client.batch_get_item(RequestItems={METRICS: {"Keys": [item(), item()]}})


def batch_read_over_16_mb(client: Any) -> str:
    keys = [item(key=f"{number:02}") for number in range(45)]
    for key in keys:
        client.put_item(TableName=METRICS, Item={**key, "data": {"B": b"x" * 400_000}})
    answer = client.batch_get_item(RequestItems={METRICS: {"Keys": keys}})
    left = answer["UnprocessedKeys"].get(METRICS, {}).get("Keys", [])
    assert len(answer["Responses"][METRICS]) + len(left) == len(keys)
    return "UnprocessedKeys" if left else "all at once"


def number_of_39_digits(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(n={"N": "1" * 39}))


def number_with_trailing_zeros(client: Any) -> str:
    client.put_item(TableName=METRICS, Item=item(n={"N": "1.500"}))
    return str(client.get_item(TableName=METRICS, Key=item())["Item"]["n"]["N"])


def item_over_400_kb(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(data={"B": b"x" * 409_600}))


def update_to_over_400_kb(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(data={"B": b"x" * 300_000}))
    client.update_item(
        TableName=METRICS, Key=item(), UpdateExpression="SET more = :more", ExpressionAttributeValues={":more": {"B": b"x" * 200_000}}
    )


def key_of_1025_bytes(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(key="x" * 1025))


def empty_key(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(key=""))


def empty_key_of_an_index(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(customer_service={"S": ""}))


def number_as_key_of_an_index(client: Any) -> None:
    client.put_item(TableName=METRICS, Item=item(customer_service={"N": "1"}))


def key_in_a_filter(client: Any) -> None:
    query(client, FilterExpression="#key > :a", **NAMED)


def between_backwards(client: Any) -> None:
    query(client, "customer_id = :a AND #key BETWEEN :last AND :first", values={":last": {"S": "2"}, ":first": {"S": "1"}}, **NAMED)


def number_where_a_key_is_a_string(client: Any) -> None:
    query(client, "customer_id = :a AND begins_with(#key, :n)", values={":n": {"N": "1"}}, **NAMED)


def reserved_word_in_a_query(client: Any) -> None:
    query(client, "customer_id = :a AND timestamp > :a")


def reserved_word_in_an_update(client: Any) -> None:
    client.update_item(TableName=METRICS, Key=item(), UpdateExpression="SET data = :a", ExpressionAttributeValues={":a": {"S": "a"}})


def value_that_no_expression_uses(client: Any) -> None:
    query(client, values={":b": {"S": "b"}})


def consistent_read_of_an_index(client: Any) -> None:
    query(client, table=REPORTS, IndexName="CreatedAtIndex", ConsistentRead=True)


def start_in_another_partition(client: Any) -> None:
    query(client, ExclusiveStartKey=item("b"))


def start_of_an_index_without_its_key(client: Any) -> None:
    client.put_item(TableName=REPORTS, Item={"customer_id": {"S": "a"}, "id": {"S": "1"}, "created_at": {"S": "1"}})
    query(client, table=REPORTS, IndexName="CreatedAtIndex", ExclusiveStartKey={"customer_id": {"S": "a"}, "id": {"S": "1"}})


def query_over_1_mb(client: Any) -> str:
    """How many items each page has; together they have all, in order, and each page ends where it says."""
    put_five_large(client)
    pages = [query(client)]
    while "LastEvaluatedKey" in pages[-1]:
        assert pages[-1]["LastEvaluatedKey"] == {name: pages[-1]["Items"][-1][name] for name in ("customer_id", "timestamp")}
        pages.append(query(client, ExclusiveStartKey=pages[-1]["LastEvaluatedKey"]))
    assert [found["timestamp"]["S"] for page in pages for found in page["Items"]] == list("12345")
    return " + ".join(str(len(page["Items"])) for page in pages)


def count_over_1_mb(client: Any) -> str:
    put_five_large(client)
    page = query(client, Select="COUNT")
    assert "Items" not in page
    assert page["Count"] == page["ScannedCount"]
    return f"{page['Count']}, {'and more' if 'LastEvaluatedKey' in page else 'no more'}"


def put_five_large(client: Any) -> None:
    for key in "12345":
        client.put_item(TableName=METRICS, Item=item(key=key, data={"B": b"x" * 300_000}))


def limit_of_just_what_is_there(client: Any) -> str:
    for key in "12":
        client.put_item(TableName=METRICS, Item=item(key=key))
    return "LastEvaluatedKey" if "LastEvaluatedKey" in query(client, Limit=2) else "no LastEvaluatedKey"


def page_of_an_index(client: Any) -> str:
    for number in "123":
        client.put_item(TableName=REPORTS, Item={"customer_id": {"S": "a"}, "id": {"S": number}, "created_at": {"S": "same"}})
    first = query(client, table=REPORTS, IndexName="CreatedAtIndex", Limit=2)
    rest = query(client, table=REPORTS, IndexName="CreatedAtIndex", ExclusiveStartKey=first["LastEvaluatedKey"])
    assert sorted(found["id"]["S"] for found in [*first["Items"], *rest["Items"]]) == list("123")
    return ", ".join(sorted(first["LastEvaluatedKey"]))


def one_key_twice_in_a_transaction(client: Any) -> None:
    client.transact_write_items(TransactItems=[put_in_transaction(item())] * 2)


def transaction_of_101(client: Any) -> None:
    client.transact_write_items(TransactItems=[put_in_transaction(item(key=str(number))) for number in range(101)])


def transaction_over_4_mb(client: Any) -> None:
    client.transact_write_items(TransactItems=[put_in_transaction(item(key=str(n), data={"B": b"x" * 380_000})) for n in range(12)])


def condition_that_fails(client: Any) -> None:
    for _ in range(2):
        client.put_item(TableName=METRICS, Item=item(), ConditionExpression="attribute_not_exists(customer_id)")


def condition_that_fails_in_a_transaction(client: Any) -> None:
    for _ in range(2):
        client.transact_write_items(TransactItems=[put_in_transaction(item(), ConditionExpression="attribute_not_exists(customer_id)")])


def table_that_is_not_there(client: Any) -> None:
    client.get_item(TableName="nowhere", Key=item())


def capacity_of_1500_bytes(client: Any) -> str:
    key = {"cache_key": {"S": "k"}}
    put = client.put_item(TableName=CACHE, Item={**key, "answer": {"B": b"x" * 1500}}, ReturnConsumedCapacity="TOTAL")
    reads = [client.get_item(TableName=CACHE, Key=key, ConsistentRead=kind, ReturnConsumedCapacity="TOTAL") for kind in (True, False)]
    return " / ".join(str(answer["ConsumedCapacity"]["CapacityUnits"]) for answer in (put, *reads))


def capacity_of_a_query_of_50_kb(client: Any) -> str:
    for key in "12345":
        client.put_item(TableName=METRICS, Item=item(key=key, data={"B": b"x" * 10_000}))
    answer = query(client, ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
    return str(answer["ConsumedCapacity"]["CapacityUnits"])


CASES = (
    Case("two puts of one key in BatchWriteItem", two_puts_of_one_key, INVALID, "`write_many` refuses them", moto=LET_THROUGH),
    Case("a put and a delete of one key in it", put_and_delete_of_one_key, INVALID, "`write_many` refuses them", moto=LET_THROUGH),
    Case("26 items in it", batch_of_26, INVALID, "`write_many` sends 25 at a time", moto=LET_THROUGH),
    Case("101 keys in BatchGetItem", batch_read_of_101, INVALID, "`statuses` asks for 100 at a time"),
    Case("one key twice in it", batch_read_of_one_key_twice, INVALID, "none: every one refuses it"),
    Case(
        "more than 16 MB in it",
        batch_read_over_16_mb,
        "UnprocessedKeys",
        "`get_many` asks for the rest",
        ministack="all at once",
    ),
    Case("a number of 39 digits", number_of_39_digits, INVALID, "amounts are text in a packed value", moto=LET_THROUGH),
    Case("the number 1.500 read back", number_with_trailing_zeros, "1.5", "amounts are text in a packed value", moto="1.500"),
    Case("an item over 400 KB", item_over_400_kb, INVALID, "`items.py` splits at 350 KB; the cache keeps none"),
    Case("an update to over 400 KB", update_to_over_400_kb, INVALID, "none: a state of a source is small"),
    Case("a range key of 1,025 bytes", key_of_1025_bytes, INVALID, "none: S3 keys of over 1,015 bytes would be too long"),
    Case("an empty key", empty_key, INVALID, "range keys begin with what they are"),
    Case("an empty key of an index", empty_key_of_an_index, INVALID, "none: every one refuses it"),
    Case("a number as a string key of an index", number_as_key_of_an_index, INVALID, "every key is written as a string", moto=LET_THROUGH),
    Case("a key in FilterExpression", key_in_a_filter, INVALID, "no store filters", moto=LET_THROUGH, ministack=LET_THROUGH),
    Case("BETWEEN backwards", between_backwards, INVALID, "none: windows end after they start", moto=LET_THROUGH),
    Case("begins_with of a number", number_where_a_key_is_a_string, INVALID, "`query` sends strings alone", moto=LET_THROUGH),
    Case(
        "a reserved word in KeyConditionExpression",
        reserved_word_in_a_query,
        INVALID,
        "`timestamp` is always `#range`",
        moto=LET_THROUGH,
        ministack=LET_THROUGH,
    ),
    Case("a reserved word in UpdateExpression", reserved_word_in_an_update, INVALID, "`update` numbers the names"),
    Case("a value that no expression uses", value_that_no_expression_uses, INVALID, "the stores' tests on MiniStack", moto=LET_THROUGH),
    Case("ConsistentRead of a global index", consistent_read_of_an_index, INVALID, "none: every one refuses it"),
    Case(
        "ExclusiveStartKey of another partition",
        start_in_another_partition,
        INVALID,
        "a page's start is made of the asking customer's id",
        moto=LET_THROUGH,
    ),
    Case(
        "ExclusiveStartKey without the index's key",
        start_of_an_index_without_its_key,
        INVALID,
        "`Reports.list` names all three keys",
        moto="TypeError",
    ),
    Case("Query of five items of 300 KB, in pages of 1 MB", query_over_1_mb, "3 + 2", "`query` reads on", dynamodb_local="4 + 1"),
    Case("Select=COUNT of the same", count_over_1_mb, "3, and more", "no store counts", dynamodb_local="4, and more"),
    Case(
        "Limit 2 where two are left",
        limit_of_just_what_is_there,
        "LastEvaluatedKey",
        "`query` stops at its limit",
        moto="no LastEvaluatedKey",
    ),
    Case("LastEvaluatedKey of an index", page_of_an_index, "created_at, customer_id, id", "`Reports.list` names all three keys"),
    Case("one key twice in TransactWriteItems", one_key_twice_in_a_transaction, INVALID, "parts are numbered"),
    Case("101 items in it", transaction_of_101, INVALID, "none: every one refuses it"),
    Case(
        "more than 4 MB in it",
        transaction_over_4_mb,
        INVALID,
        "none: some 100,000 findings in one file would be too many",
        moto=LET_THROUGH,
    ),
    Case("a condition that fails", condition_that_fails, "ConditionalCheckFailedException", "`put` answers False"),
    Case("one that fails in a transaction", condition_that_fails_in_a_transaction, "TransactionCanceledException", "no store asks for one"),
    Case("a table that isn't there", table_that_is_not_there, "ResourceNotFoundException", "`StoreUnavailable`"),
    Case(
        "ReturnConsumedCapacity: 1.5 KB put, read, read eventually",
        capacity_of_1500_bytes,
        "2.0 / 1.0 / 0.5",
        "nothing counts on it",
        moto="1.0 / 0.5 / 0.5",
    ),
    Case("the same of a query of 50 KB", capacity_of_a_query_of_50_kb, "13.0", "nothing counts on it", moto="1.0", ministack="1.0"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.attempt.__name__)
def test_every_dynamodb_answers_as_the_table_says(case: Case, backend: str, client: Any) -> None:
    try:
        answer = case.attempt(client) or LET_THROUGH
    except ClientError as refused:
        answer = refused.response["Error"]["Code"]
    except TypeError as broken:
        answer = type(broken).__name__
    assert answer == case.answer_of(backend)


def test_the_documentation_has_the_same_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
    table = text.split("| Asked |")[1].split("\n\n")[0]
    assert [row for row in table.splitlines()[2:] if row] == [case.row() for case in CASES]
