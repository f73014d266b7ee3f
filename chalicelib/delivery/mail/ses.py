"""Mail through SES, and what became of each attempt."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import formataddr, parseaddr
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from chalicelib.delivery.mail.mime import mime_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, LOST, REFUSED, SENT, Attachment, Message, Outcome

_LATER = frozenset(
    (
        "TooManyRequestsException",
        "LimitExceededException",
        "SendingPausedException",
        "AccountSuspendedException",
        "ThrottlingException",
        "Throttling",
        "RequestThrottled",
        "RequestLimitExceeded",
        "ExpiredTokenException",
        "ExpiredToken",
        "AccessDeniedException",
        "AccessDenied",
        "NotFoundException",
        "MailFromDomainNotVerifiedException",
    )
)
"""Codes of what SES didn't take and may take another time; the last ones are for the deployer to mend."""
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
_NO_CREDENTIALS = (NoCredentialsError, CredentialRetrievalError)
_HANDED_OVER = (HTTPClientError, SSLError, ResponseParserError)
_TOO_MANY, _SERVERS = 429, 500
_CODE = re.compile("[A-Za-z0-9.]{1,64}")


class Mail:
    """`client` is a boto3 sesv2 client or gives one; `sender` may be "Name <a@b>".

    The client must not try again by itself (retries={"total_max_attempts": 1}): after a lost answer that would be a second mail.
    """

    def __init__(self, client: Any, sender: str, configuration_set: str) -> None:
        self._client: Callable[[], Any] = client if callable(client) else lambda: client
        self._sender, self._configuration_set = sender, configuration_set

    def send(
        self, delivery_id: str, customer_id: str, address: str, message: Message, unsubscribe_url: str, attachment: Attachment | None
    ) -> Outcome:
        """One attempt, which is recorded at SES under both ids; they hold letters, digits, - and _ only."""
        try:
            content = mime_of(self._sender, address, message, unsubscribe_url, attachment)
        except InvalidInput:
            return Outcome(REFUSED, "invalid_address")
        tags = [{"Name": "delivery", "Value": delivery_id}, {"Name": "customer", "Value": customer_id}]
        return self._send(
            FromEmailAddress=formataddr(parseaddr(self._sender)),  # in ASCII, whatever its name
            Destination={"ToAddresses": [address]},
            Content={"Raw": {"Data": content}},
            ConfigurationSetName=self._configuration_set,
            EmailTags=tags,
        )

    def _send(self, **request: object) -> Outcome:
        try:
            answer = self._client().send_email(**request)
        except ClientError as error:
            return _answered(error)
        except _NEVER_SENT as error:
            return Outcome(LATER, "timeout" if isinstance(error, ConnectTimeoutError) else "unreachable")
        except _NO_CREDENTIALS:
            return Outcome(LATER, "no_credentials")
        except _HANDED_OVER as error:
            return Outcome(LOST, "timeout" if isinstance(error, ReadTimeoutError) else "no_answer")
        message_id = answer.get("MessageId", "")  # none: not SES's answer, whoever gave it
        return Outcome(SENT, message_id=message_id) if message_id else Outcome(LOST, "no_answer")


def _answered(error: ClientError) -> Outcome:
    """By its code, never by its message, which holds addresses."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVERS)
    reason = code if _CODE.fullmatch(code) else str(status)
    if code in _LATER or status == _TOO_MANY:
        return Outcome(LATER, reason)
    return Outcome(LOST if status >= _SERVERS else REFUSED, reason)
