"""A message in a Slack channel: blocks by an incoming webhook, every foreign text escaped and cut to what Slack takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import Any

import msgspec

from chalicelib.delivery.addresses import check_url, parsed
from chalicelib.delivery.outbound import INVALID, Poster, attempt
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.figures import instant, known, printable, shown, unit_of, units
from chalicelib.domain.message import GONE, LATER, REFUSED, SENT, Document, Message, Outcome
from chalicelib.domain.report import KeyFigure

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
BLOCKS, HEADER, TEXT, FIELD, FIELDS, BUTTON, URL = 50, 150, 3000, 2000, 10, 75, 3000
"""Slack's limits: of a message, then characters of a block's texts, fields of a section, characters of a button and of its address."""
MORE = "There is more than fits here."
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
Block = dict[str, Any]


def check_slack_url(text: str) -> str:
    """The URL as it was, or InvalidInput where it isn't an incoming webhook of Slack's."""
    if parsed(check_url(text)).name not in HOSTS:
        raise InvalidInput(("url", f"is not at {' or '.join(HOSTS)}"))
    return text


class Slack:
    def __init__(self, outbound: Poster) -> None:
        self._outbound = outbound

    def send(self, url: str, message: Message) -> Outcome:
        try:
            check_slack_url(url)
        except InvalidInput:
            return Outcome(REFUSED, INVALID)
        body = msgspec.json.encode({"text": _fallback(message), "blocks": blocks_of(message)})
        return attempt(self._outbound, url, {"content-type": "application/json"}, body, judged)


def judged(status: int) -> Outcome:
    """Slack answers 404 or 410 where the webhook or its channel is no more, and 429 or 5xx where it may pass."""
    if 200 <= status < 300:
        return Outcome(SENT, str(status))
    if status in (404, 410):
        return Outcome(GONE, str(status))
    return Outcome(REFUSED if 400 <= status < 500 and status not in (408, 429) else LATER, str(status))


def escaped(text: str, longest: int = TEXT) -> str:
    """The text without a meaning to Slack (`<!here>`, `<@U1>`, `<url|name>`), never empty, cut between characters with an ellipsis."""
    plain = printable(text.strip()[: longest + 1] or "-")
    whole = plain.translate(_ENTITIES)
    if units(whole) <= longest:
        return whole
    ends = accumulate(units(character.translate(_ENTITIES)) for character in plain)
    fitting = sum(end < longest for end in ends)  # the ellipsis takes one
    return plain[:fitting].translate(_ENTITIES) + "…"


def blocks_of(message: Message) -> list[Block]:
    """At most 50; where there are more, the last one says so."""
    every = chain(_opening(message), *map(_of_document, message.documents))
    blocks = list(islice(every, BLOCKS + 1))
    return blocks if len(blocks) <= BLOCKS else [*blocks[: BLOCKS - 1], _context(MORE)]


def _opening(message: Message) -> Iterator[Block]:
    yield {"type": "header", "text": _text(message.title, HEADER)}
    if message.text.strip():
        yield {"type": "section", "text": _text(message.text)}
    yield from _pairs(message.facts)
    if message.action:
        yield from _button(*message.action)


def _of_document(document: Document) -> Iterator[Block]:
    yield {"type": "divider"}
    yield {"type": "section", "text": _text(document.title)}
    for notice in document.headline.notices:
        yield {"type": "section", "text": _text(f"⚠ {notice}")}
    yield from _pairs([(figure.name, _shown(figure)) for figure in document.headline.figures])
    yield from _pairs(document.facts)
    yield from _button(f"Open {document.filename}", document.url)
    until = f", opens until {instant(document.expires_at)}" if document.url and document.expires_at else ""
    yield _context(f"{document.filename}, {document.size_bytes:,} bytes{until}")


def _shown(figure: KeyFigure) -> str:
    unit = unit_of(figure) if known(figure.value) is not None else ""
    return f"{shown(figure.value, figure.kind)} {unit}".rstrip()


def _pairs(pairs: Sequence[tuple[str, str]]) -> Iterator[Block]:
    fields = [_text(f"{label}\n{text}", FIELD) for label, text in pairs]
    for start in range(0, len(fields), FIELDS):
        yield {"type": "section", "fields": fields[start : start + FIELDS]}


def _button(label: str, url: str) -> Iterator[Block]:
    """None without an address that Slack takes: it would refuse the whole message."""
    if url.startswith(("https://", "http://")) and len(url) <= URL and url == printable(url) and not any(map(str.isspace, url)):
        yield {"type": "actions", "elements": [{"type": "button", "text": _text(label, BUTTON), "url": url}]}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_text(text)]}


def _text(text: str, longest: int = TEXT) -> Block:
    """Plain, so that asterisks, emoji codes and bare addresses in it stay what they are."""
    return {"type": "plain_text", "text": escaped(text, longest), "emoji": False}


def _fallback(message: Message) -> str:
    """What notifications and screen readers say."""
    return escaped(f"{message.title}\n{message.text}")
