"""Buckets, topics and domains: what each attempt says became of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.delivery.buckets import Buckets, check_place
from chalicelib.delivery.domains import Domains, check_domain
from chalicelib.delivery.topics import LARGEST, Topics, check_topic
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, LOST, REFUSED, SENT, Attachment
from tests.unit.outgoing import DOCUMENT, MESSAGE

OWN = "111111111111"
TOPIC = f"arn:aws:sns:eu-west-1:{OWN}:reports"


class Client:
    """Notes what it is asked, and answers or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error = error

    def put_object(self, **request: Any) -> dict[str, Any]:
        return self._answer(request)

    def publish(self, **request: Any) -> dict[str, Any]:
        return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        if self.error:
            raise self.error
        return {"MessageId": "m-1"}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "a secret"}}, "Operation")


def test_a_report_lies_under_its_id_and_name_and_whose_the_bucket_is_is_said() -> None:
    client = Client()
    message = replace(MESSAGE, documents=(DOCUMENT,))
    outcome = Buckets(client).send(
        "msg_1", "s3://their-bucket/in/here/", OWN, message, (Attachment(DOCUMENT.filename, "text/csv", b"1,2", 3),)
    )
    assert outcome.state == SENT
    (asked,) = client.asked
    assert asked == {
        "Bucket": "their-bucket",
        "Key": f"in/here/{DOCUMENT.report_id}/{DOCUMENT.filename}",
        "Body": b"1,2",
        "ContentType": "text/csv",
        "ExpectedBucketOwner": OWN,
    }


def test_what_is_no_report_lies_there_as_json() -> None:
    client = Client()
    Buckets(client).send("msg_1", "s3://their-bucket/", OWN, replace(MESSAGE, documents=()), ())
    assert client.asked[0]["Key"] == "events/msg_1.json"
    assert json.loads(client.asked[0]["Body"])["type"] == MESSAGE.kind


@pytest.mark.parametrize("error", [refusal("AccessDenied"), refusal("NoSuchBucket"), EndpointConnectionError(endpoint_url="x")])
def test_a_bucket_that_lets_nobody_in_is_tried_again_and_its_words_stay_here(error: Exception) -> None:
    outcome = Buckets(Client(error)).send("msg_1", "s3://their-bucket/", OWN, replace(MESSAGE, documents=()), ())
    assert outcome.state == LATER
    assert "secret" not in outcome.reason


@pytest.mark.parametrize(
    "place", ["s3://bucket", "s3://bucket/x", "bucket/x/", "s3://B/x/", "s3://bucket/../", "s3://bucket/a b/", "s3://" + "b" * 70 + "/"]
)
def test_a_place_is_a_bucket_and_a_prefix(place: str) -> None:
    with pytest.raises(InvalidInput, match="s3://bucket/prefix/"):
        check_place(place)


@pytest.mark.parametrize("place", ["s3://bucket/", "s3://my.bucket-1/a/b_c/d=e/"])
def test_a_bucket_with_or_without_a_prefix_is_taken(place: str) -> None:
    assert check_place(place) == place


def test_a_topic_gets_the_json_of_webhooks_under_the_deliverys_name() -> None:
    client, regions = Client(), []

    def of(region: str) -> Client:
        regions.append(region)
        return client

    outcome = Topics(of).send("msg_1", TOPIC, MESSAGE)
    assert (outcome, regions) == (outcome._replace(state=SENT, message_id="m-1"), ["eu-west-1"])
    (asked,) = client.asked
    assert json.loads(asked["Message"])["data"]["title"] == MESSAGE.title
    assert asked["MessageAttributes"]["delivery_id"]["StringValue"] == "msg_1"
    assert "MessageDeduplicationId" not in asked


def test_a_fifo_topic_takes_a_repeated_message_once() -> None:
    client = Client()
    Topics(lambda region: client).send("msg_1", f"{TOPIC}.fifo", MESSAGE)
    assert (client.asked[0]["MessageGroupId"], client.asked[0]["MessageDeduplicationId"]) == (MESSAGE.customer_id, "msg_1")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (refusal("AuthorizationError"), LATER),
        (ConnectTimeoutError(endpoint_url="x"), LATER),
        (EndpointConnectionError(endpoint_url="x"), LATER),
        (ReadTimeoutError(endpoint_url="x"), LOST),
    ],
)
def test_what_a_topic_may_have_taken_is_told_from_what_it_hasnt(error: Exception, state: str) -> None:
    outcome = Topics(lambda region: Client(error)).send("msg_1", TOPIC, MESSAGE)
    assert outcome.state == state
    assert "secret" not in outcome.reason


def test_a_message_that_no_topic_takes_is_refused() -> None:
    outcome = Topics(lambda region: Client()).send("msg_1", TOPIC, replace(MESSAGE, text="x" * LARGEST))
    assert (outcome.state, outcome.reason) == (REFUSED, "too_large")


def test_a_topic_is_named_by_a_whole_arn() -> None:
    assert check_topic(TOPIC) == TOPIC
    for text in ("reports", TOPIC.replace("sns", "sqs"), TOPIC + "/x", f"arn:aws:sns:eu-west-1:{OWN[:-1]}:x"):
        with pytest.raises(InvalidInput):
            check_topic(text)


def test_a_domain_is_proven_by_the_record_that_was_asked_for() -> None:
    asked = []

    def texts(name: str) -> list[str]:
        asked.append(name)
        return ["v=spf1 -all", "securebase-verification=abc"]

    assert Domains(texts).send("x.example", "abc").state == SENT
    assert Domains(texts).send("x.example", "abd") == (REFUSED, "record_not_found", "")
    assert asked == ["_securebase.x.example"] * 2


def test_dns_that_does_not_answer_is_asked_again() -> None:
    def away(name: str) -> list[str]:
        raise OSError("timeout")

    assert Domains(away).send("x.example", "abc") == (LATER, "dns_unreachable", "")


@given(st.text(max_size=80))
def test_a_domain_is_a_plain_name(text: str) -> None:
    try:
        taken = check_domain(text)
    except InvalidInput:
        return
    assert taken == text.lower()
    assert "." in taken
    assert not set(taken) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
