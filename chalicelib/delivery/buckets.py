"""Reports put into a customer's own bucket; what isn't a report goes there as JSON."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.delivery.webhook import body_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, SENT, Attachment, Message, Outcome

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/((?:[A-Za-z0-9!_.*'()=-]+/)*)", re.ASCII)
LONGEST = 500


def check_place(text: str) -> str:
    """s3://bucket/prefix/; the prefix may be empty and else ends in /."""
    match = _PLACE.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or ".." in text:
        raise InvalidInput(("address", "must be like s3://bucket/prefix/"))
    return text


class Buckets:
    """Whose the bucket is is said with every call, so that nothing is written into somebody else's."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, delivery_id: str, address: str, account: str, message: Message, documents: tuple[Attachment, ...]) -> Outcome:
        """The same keys at every attempt, so that a repeated one changes nothing."""
        match = _PLACE.fullmatch(address)
        assert match is not None
        bucket, prefix = match[1], match[2]
        named = zip(message.documents, documents, strict=True)
        files = [(f"{prefix}{of.report_id}/{file.filename}", file.content_type, file.content) for of, file in named]
        files = files or [(f"{prefix}events/{delivery_id}.json", "application/json", body_of(message))]
        try:
            for key, content_type, content in files:
                self._client.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, ExpectedBucketOwner=account)
        except ClientError as error:
            return Outcome(LATER, str(error.response.get("Error", {}).get("Code", "refused")))
        except BotoCoreError as error:
            return Outcome(LATER, type(error).__name__)
        return Outcome(SENT)
