"""The laptop's way out: requests to webhooks and to Slack go into one local inbox, whatever address they name."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from urllib.error import HTTPError, URLError

from chalicelib.delivery.addresses import is_public, literal, parsed
from chalicelib.delivery.outbound import INVALID, LIMIT, PRIVATE, Answer, Barred, NotSent
from chalicelib.domain.errors import InvalidInput

SENT_TO = "x-sent-to"


class Inbox:
    def __init__(self, url: str) -> None:
        self._url = url

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """As Outbound.post: what that bars for its text is barred here, too."""
        try:
            target = parsed(url)
        except InvalidInput as error:
            raise Barred(INVALID) from error
        if literal(target.name) and not is_public(target.name):
            raise Barred(PRIVATE)
        request = urllib.request.Request(f"{self._url}/requests", body, {**headers, SENT_TO: url}, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:  # noqa: S310  the laptop's own inbox  # nosec B310
                return Answer(answer.status)
        except HTTPError as error:
            return Answer(error.code)
        except URLError as error:
            raise NotSent("inbox_closed") from error
