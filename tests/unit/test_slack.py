"""Slack messages: only to Slack, within its limits, and no foreign text means anything there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.delivery.outbound import Barred, NoAnswer, NotSent
from chalicelib.delivery.slack import MORE, Slack, blocks_of, check_slack_url, escaped
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.figures import units
from chalicelib.domain.message import Headline, Message, Outcome
from chalicelib.domain.report import KeyFigure
from tests.unit.outgoing import AT, DOCUMENT, MESSAGE, FakeOutbound

URL = "https://hooks.slack.com/services/T0/B0/x"
ATTACK = "<!here> <!channel> <@U012> <https://evil.example|your report> & <script>"
LIMITS = {"header": 150, "section": 3000, "fields": 2000, "button": 75, "context": 3000}


def sent(message: Message = MESSAGE) -> dict[str, Any]:
    outbound = FakeOutbound()
    assert Slack(outbound).send(URL, message) == Outcome("sent", "200")
    ((url, headers, body),) = outbound.sent
    assert (url, headers["content-type"]) == (URL, "application/json")
    found: dict[str, Any] = json.loads(body)
    return found


def texts(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where it stands, the text object) of every text in the blocks."""
    for block in blocks:
        if "text" in block:
            yield block["type"], block["text"]
        yield from (("fields", text) for text in block.get("fields", ()))
        for element in block.get("elements", ()):
            yield ("button", element["text"]) if block["type"] == "actions" else ("context", element)


def buttons(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["text"]["text"], one["url"]) for block in blocks if block["type"] == "actions" for one in block["elements"]]


@pytest.mark.parametrize("url", [URL, "https://hooks.slack-gov.com/services/T0/B0/x", "https://HOOKS.slack.com/services/T0"])
def test_slacks_own_webhooks_are_taken(url: str) -> None:
    assert check_slack_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/T0/B0/x",
        "https://hooks.slack.com.example.com/services/x",
        "https://evil.hooks.slack.com/services/x",
        "https://slack.com/services/x",
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com@example.com/x",
        "https://example.com/#hooks.slack.com",
    ],
)
def test_any_other_host_is_refused_and_never_called(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_slack_url(url)
    outbound = FakeOutbound()
    assert Slack(outbound).send(url, MESSAGE) == Outcome("refused", "invalid_url")
    assert outbound.sent == []


def test_a_message_shows_its_figures_facts_notices_and_buttons() -> None:
    blocks = sent()["blocks"]
    said = [text["text"] for _, text in texts(blocks)]
    assert blocks[0] == {"type": "header", "text": {"type": "plain_text", "text": "Your report is ready", "emoji": False}}
    for line in (
        "Total cost\n1,234.57 USD",
        "Score\n91.25 %",
        "Forecast\nn/a",
        "Data through\n2026-11-23 20:15:00 UTC",
        "Not a number\nn/a",
        "Schedule\nmonthly",
        "Period\n2026-10",
        "⚠ Two accounts failed",
        "acme-cost.pdf, 20,480 bytes, opens until 2026-11-23T20:15:00Z",
    ):
        assert line in said
    assert buttons(blocks) == [("Pause", "https://app.example.com/schedules/s-1"), ("Open acme-cost.pdf", DOCUMENT.url)]


def test_a_notification_says_title_and_text() -> None:
    assert sent()["text"] == "Your report is ready\nThe cost of October."


def hostile(text: str, many: int = 1) -> Message:
    """Every text of it is this one."""
    figure, fact = KeyFigure(text, text, "text", text), (text, text)
    document = replace(DOCUMENT, title=text, filename=text, facts=(fact,) * many, headline=Headline((figure,) * many, None, (text,) * many))
    return replace(MESSAGE, title=text, text=text, facts=(fact,) * many, documents=(document,) * many, action=(text, DOCUMENT.url))


def test_no_foreign_text_calls_a_channel_or_makes_a_link() -> None:
    body = sent(hostile(ATTACK))
    everything = [body["text"], *(text["text"] for _, text in texts(body["blocks"]))]
    assert len(everything) > 8
    for text in everything:
        assert not {"<", ">"} & set(text)
        assert "&lt;!here&gt;" in text


def test_texts_are_plain_so_that_asterisks_and_emoji_codes_stay_what_they_are() -> None:
    assert {(text["type"], text["emoji"]) for _, text in texts(sent(hostile("*bold* :skull:"))["blocks"])} == {("plain_text", False)}


@given(st.text(st.characters(), max_size=40), st.integers(1, 200), st.integers(1, 30))
def test_whatever_a_message_holds_it_stays_within_slacks_limits(text: str, times: int, many: int) -> None:
    body = sent(hostile(text * times, many))
    assert 1 <= len(body["blocks"]) <= 50
    assert 1 <= units(body["text"]) <= 3000
    for where, one in texts(body["blocks"]):
        assert one["text"].strip()
        assert units(one["text"]) <= LIMITS[where]
    for block in body["blocks"]:
        assert 1 <= len(block.get("fields", "-")) <= 10


@given(st.text(st.sampled_from("&<>a😀"), min_size=1), st.integers(5, 40))
def test_a_text_is_cut_between_characters_and_never_within_an_entity(text: str, longest: int) -> None:
    found = escaped(text, longest)
    plain = found.removesuffix("…").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text.startswith(plain)
    assert found.endswith("…") or plain == text
    assert units(found) <= longest


def test_more_blocks_than_slack_takes_end_with_a_note() -> None:
    blocks = blocks_of(replace(MESSAGE, documents=(DOCUMENT,) * 20))
    assert len(blocks) == 50
    assert blocks[-1]["elements"][0]["text"] == MORE


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://a.example/ b", "https://a.example/" + "a" * 3000])
def test_an_address_that_slack_would_refuse_makes_no_button(url: str) -> None:
    blocks = blocks_of(replace(MESSAGE, documents=(replace(DOCUMENT, url=url),), action=None))
    assert buttons(blocks) == []
    assert "acme-cost.pdf" in blocks[-1]["elements"][0]["text"]


def test_a_document_without_a_link_claims_no_time_until_which_it_opens() -> None:
    blocks = blocks_of(replace(MESSAGE, documents=(replace(DOCUMENT, url="", expires_at=AT),)))
    assert blocks[-1]["elements"][0]["text"] == "acme-cost.pdf, 20,480 bytes"


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (200, Outcome("sent", "200")),
        (302, Outcome("later", "302")),
        (400, Outcome("refused", "400")),
        (403, Outcome("refused", "403")),
        (404, Outcome("gone", "404")),
        (408, Outcome("later", "408")),
        (410, Outcome("gone", "410")),
        (429, Outcome("later", "429")),
        (500, Outcome("later", "500")),
        (Barred("private_address"), Outcome("refused", "private_address")),
        (NotSent("connect_timeout"), Outcome("later", "connect_timeout")),
        (NoAnswer(), Outcome("lost", "no_answer")),
    ],
)
def test_an_answer_says_whether_to_try_again(answer: int | Exception, outcome: Outcome) -> None:
    assert Slack(FakeOutbound(answer)).send(URL, MESSAGE) == outcome
