"""What every AWS source does alike: name a failure, and follow pages to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import SourceUnavailable

Item = TypeVar("Item")
REPEATED = "RepeatedPageToken"


@contextmanager
def named(source: str, scope: str = "") -> Iterator[None]:
    """Turns an AWS failure into SourceUnavailable with AWS's own code; nothing of its message, which may quote the request."""
    try:
        yield
    except ClientError as error:
        raise SourceUnavailable(source, error.response.get("Error", {}).get("Code", "ClientError"), scope) from error
    except BotoCoreError as error:
        raise SourceUnavailable(source, type(error).__name__, scope) from error


def pages(source: str, call: Callable[..., dict[str, Any]], token: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Every page of a call that carries `token` from answer to request; SourceUnavailable when a token comes twice."""
    seen: set[str] = set()
    while True:
        page = call(**request)
        yield page
        following = page.get(token)
        if not following:
            return
        if following in seen:
            raise SourceUnavailable(source, REPEATED)
        seen.add(following)
        request[token] = following


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
