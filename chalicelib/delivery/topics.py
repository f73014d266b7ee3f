"""Messages published to a customer's own SNS topic, as the JSON that webhooks get."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from chalicelib.delivery.webhook import body_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, LOST, SENT, Message, Outcome

_REGION = r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}"
_TOPIC = re.compile(rf"arn:aws[a-z-]{{0,10}}:sns:({_REGION}):([0-9]{{12}}):[A-Za-z0-9_-]{{1,251}}(\.fifo)?", re.ASCII)
LARGEST = 256 * 1024


def check_topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise InvalidInput(("address", "must be a topic's ARN like arn:aws:sns:us-east-1:123456789012:reports"))
    return text


class Topics:
    """`client` gives a client of a region that doesn't try again by itself; a FIFO topic takes a repeated message once, another one may
    have it twice where an answer was lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, delivery_id: str, topic: str, message: Message) -> Outcome:
        match = _TOPIC.fullmatch(topic)
        assert match is not None
        once = {"MessageGroupId": message.customer_id, "MessageDeduplicationId": delivery_id} if match[3] else {}
        named = {"kind": message.kind, "delivery_id": delivery_id}
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in named.items()}
        body = body_of(message)
        if len(body) > LARGEST:
            return Outcome("refused", "too_large")
        try:
            answer = self._client(match[1]).publish(TopicArn=topic, Message=body.decode(), MessageAttributes=attributes, **once)
        except ClientError as error:
            return Outcome(LATER, str(error.response.get("Error", {}).get("Code", "refused")))
        except (EndpointConnectionError, ConnectTimeoutError):
            return Outcome(LATER, "unreachable")
        except HTTPClientError:
            return Outcome(LOST, "no_answer")
        except BotoCoreError as error:  # nothing was sent: no credentials, no such region
            return Outcome(LATER, type(error).__name__)
        return Outcome(SENT, message_id=str(answer["MessageId"]))
