"""Mails: what they say, twice and alike; what their readers can press; and that nothing from outside becomes more than text in them."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.delivery.mail import text as mail_text
from chalicelib.delivery.mail.address import check_address
from chalicelib.delivery.mail.look import look_of
from chalicelib.delivery.mail.mime import mime_of
from chalicelib.delivery.mail.view import MOST_BARS
from chalicelib.domain.branding import Branding
from chalicelib.domain.colour import BLACK, LEGIBLE, OURS, WHITE, contrast
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import CONFIRM, REPORT, Attachment, Document, Headline, Message
from chalicelib.domain.report import Change, Chart, KeyFigure, Series
from chalicelib.web.charts import bar_widths

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
ADDRESS, UNSUBSCRIBE = "cfo@acme.example", "https://app.example/u/" + "t" * 200
LINK, ACTION = "https://reports.example/r/k?a=1&b=2", "https://app.example/reports"
LOGO = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 360, 40) + b"rest"
ATTACHMENT = Attachment("costs.csv", "text/csv; charset=utf-8", b"a;b\r\n", 5)
BARS = (("EC2", Decimal("200.5")), ("S3", Decimal("50")), ("Credits", Decimal("-100.25")), ("Tax", None), ("Lambda", Decimal("0.01")))


def figures(word: str = "Spend", against: str = "October") -> tuple[KeyFigure, ...]:
    return (
        KeyFigure(f"{word} in all", Decimal("48211.374"), "money", "USD", Change(Decimal("-4.218"), "%", against, "down")),
        KeyFigure(f"{word} to come", Decimal("51900"), "money", "USD", Change(Decimal("2310.5"), "USD", against, "down")),
        KeyFigure(f"{word} saved", None, "money", "USD", Change(None, "%", against, "up")),
        KeyFigure(f"{word} rose", Decimal("12.5"), "percent", "", Change(Decimal("3"), "%", "", "up")),
        KeyFigure(f"{word} accounts", 14, "integer", "", Change(0, "", against)),
        KeyFigure(f"{word} most", word, "text"),
    )


def document(word: str = "Costs", filename: str = "costs.pdf") -> Document:
    bars = tuple((f"{word} {name}", value) for name, value in BARS)
    chart = Chart(f"{word} by service", "bar", (Series(word, bars),), "USD", note=f"net {word}")
    headline = Headline(figures(word, f"x{word}"), chart, (f"{word} is estimated",))
    return Document("a" * 32, word, filename, 1_234_567, ((word, word),), headline, LINK, datetime(2026, 12, 7, 6, tzinfo=UTC))


def message(word: str = "Costs") -> Message:
    brand = Branding(f"Acme {word}", "#f2a900", LOGO)
    documents = (document(word, f"{word}.pdf"), replace(document(word), url=""))
    return Message(REPORT, f"The {word}", word, "acme", word, NOW, ((word, word),), documents, {}, (word, ACTION), brand)


def parsed(of: Message, unsubscribe_url: str = UNSUBSCRIBE, attachment: Attachment | None = None) -> EmailMessage:
    mail = message_from_bytes(mime_of("Acme Reports <a@sender.example>", ADDRESS, of, unsubscribe_url, attachment), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Page(HTMLParser):
    """What a mail client sees: the tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.others: list[str] = []
        self._text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attributes)))

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [dict(attributes) for name, attributes in self.tags if name == tag]

    @property
    def links(self) -> list[str | None]:
        return [link["href"] for link in self.all("a")]


def page(mail: EmailMessage) -> Page:
    return Page(body(mail, "html"))


def plain(mail: EmailMessage) -> str:
    return body(mail, "plain")


def shape(mail: EmailMessage) -> list[tuple[str, list[str]]]:
    """Of every part: its type and the names of its headers."""
    return [(part.get_content_type(), part.keys()) for part in mail.walk()]


# What a mail is made of


def test_text_and_html_are_alternatives_the_logo_is_within_and_the_document_beside() -> None:
    mail = parsed(message(), attachment=ATTACHMENT)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/csv",
    ]
    attached = next(iter(mail.iter_attachments()))
    assert isinstance(attached, EmailMessage)
    assert (attached.get_filename(), attached.get_param("charset")) == ("costs.csv", "utf-8")
    assert attached.get_payload(decode=True) == ATTACHMENT.content
    assert "Attached: costs.csv (5 B)" in plain(mail)
    assert "Attached: costs.csv (5 B)" in page(mail).text


def test_the_logo_is_shown_from_within_the_mail_and_fits_its_box() -> None:
    mail = parsed(message())
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert image.get_payload(decode=True) == LOGO
    assert image.get_content_disposition() == "inline"
    [shown] = page(mail).all("img")
    assert (shown["src"], shown["width"], shown["height"]) == (f"cid:{image['Content-ID'].strip('<>')}", "180", "20")


@pytest.mark.parametrize("logo", [b"", b"GIF89a" + LOGO, LOGO[:18], LOGO[:16] + bytes(8)])
def test_what_is_no_png_is_no_logo(logo: bytes) -> None:
    mail = parsed(replace(message(), brand=Branding("Acme", "", logo)))
    assert page(mail).all("img") == []
    assert "image/png" not in [part.get_content_type() for part in mail.walk()]


def test_headers_say_from_whom_to_whom_and_that_no_human_wrote() -> None:
    mail = parsed(message())
    assert (mail["From"], mail["To"]) == ("Acme Reports <a@sender.example>", ADDRESS)
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("The Costs", "auto-generated")


def test_one_click_unsubscribes_however_long_the_address_is() -> None:
    raw = mime_of("a@b.example", ADDRESS, message(), UNSUBSCRIBE, None)
    assert f"\r\nList-Unsubscribe: <{UNSUBSCRIBE}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode() in raw
    mail = parsed(message())
    assert UNSUBSCRIBE in page(mail).links
    assert f"Unsubscribe: {UNSUBSCRIBE}" in plain(mail)


@pytest.mark.parametrize("url", ["", "http://evil.example/u", "https://x.example/u>\r\nBcc: b@evil.example"])
def test_without_a_proper_address_there_is_nothing_to_unsubscribe(url: str) -> None:
    mail = parsed(replace(message(), kind=CONFIRM), url)
    assert [name for name in mail if "Unsubscribe" in name or name == "Bcc"] == []
    for said in (plain(mail), page(mail).text):
        assert "Unsubscribe" not in said
        assert f"{ADDRESS} was entered for Costs" in said


# What it says


def test_text_and_html_name_every_figure_every_document_and_every_fact() -> None:
    second = replace(document("Usage", "usage.xlsx"), size_bytes=48_211)
    mail = parsed(replace(message(), documents=(document(), second), facts=(("Schedule", "monthly"),)))
    expected = ["The Costs", "Acme Costs", "Schedule", "monthly", "until 2026-12-07 06:00 UTC", "costs.pdf (1.2 MB)", "usage.xlsx (48 KB)"]
    for word in ("Costs", "Usage"):
        expected += [f"{word} is estimated", f"{word} by service", f"net {word}", *(f"{word} {name}" for name, _ in BARS)]
        expected += [figure.name for figure in figures(word)]
    expected += ["48,211.37 USD", "51,900.00 USD", "12.50 %", "14", "n/a", "200.50 USD", "-100.25 USD", "0.01 USD"]
    for said in (plain(mail), page(mail).text):
        assert [what for what in expected if what not in said] == []


def test_a_change_says_in_words_where_it_went_and_whether_that_is_good() -> None:
    mail = parsed(replace(message(), documents=(Document("a", "D", "d.pdf", 1, (), Headline(figures())),)))
    for said in (plain(mail), page(mail).text):
        assert "▼ -4.22 %, better than October" in said
        assert "▲ +2,310.50 USD, worse than October" in said
        assert "n/a against October" in said
        assert "▲ +3.00 %, better" in said
        assert "unchanged against October" in said
    html = body(mail, "html")
    assert html.index("#0b6b3a") < html.index("▼ -4.22 %") < html.index("#b42318") < html.index("▲ +2,310.50 USD")


def test_what_did_not_change_is_neither_better_nor_worse() -> None:
    same = KeyFigure("Spend", Decimal(5), "money", "USD", Change(Decimal("0.00"), "%", "October", "down"))
    html = body(parsed(replace(message(), documents=(Document("a", "D", "d.pdf", 1, (), Headline((same,))),))), "html")
    assert "unchanged against October" in html
    assert not re.search("#0b6b3a|#b42318", html)


def test_an_unknown_figure_is_never_a_number_or_given_a_unit() -> None:
    unknown = KeyFigure("Saved", None, "money", "USD"), KeyFigure("Rate", Decimal("NaN"), "percent")
    mail = parsed(replace(message(), documents=(Document("a", "D", "d.pdf", 1, (), Headline(unknown)),)))
    assert "  * Saved: n/a" in plain(mail).splitlines()
    assert "Rate n/a" in page(mail).text
    assert "USD" not in page(mail).text


def test_a_document_without_a_link_is_in_the_account() -> None:
    mail = parsed(replace(message(), documents=(replace(document(), url=""),)))
    assert page(mail).links == [ACTION, UNSUBSCRIBE]
    for said in (plain(mail), page(mail).text):
        assert "costs.pdf (1.2 MB) is in your account." in said
        assert "Download" not in said
        assert "The link works" not in said


def test_links_are_the_action_each_document_and_unsubscribing_and_no_more() -> None:
    mail = parsed(message())
    assert page(mail).links == [ACTION, LINK, UNSUBSCRIBE]
    assert [ACTION in plain(mail), LINK in plain(mail)] == [True, True]


def test_nothing_is_fetched_run_or_sent_from_the_mail() -> None:
    shown = page(parsed(message()))
    allowed = {"html", "head", "meta", "title", "body", "div", "table", "tr", "td", "img", "h1", "h2", "p", "strong", "a"}
    assert {tag for tag, _ in shown.tags} <= allowed
    assert all(name not in {"background", "srcset"} and not name.startswith("on") for _, attributes in shown.tags for name, _ in attributes)
    assert not re.search(r"url\(|@import|expression\(", body(parsed(message()), "html"))


# Bars


def test_bars_are_as_wide_as_their_share_of_the_largest_amount_and_negative_ones_are_marked() -> None:
    assert bar_widths([value for _, value in BARS]) == [100, 24, 50, 0, 1]
    only = replace(message(), documents=(document(),), brand=Branding())
    cells = [cell for cell in page(parsed(only)).all("td") if cell.get("height") == "8"]
    drawn = [(cell["width"], cell["bgcolor"]) for cell in cells if cell["bgcolor"] != "#f4f6f8"]
    assert drawn == [("100%", OURS), ("24%", OURS), ("50%", "#b9c2cb"), ("1%", OURS)]
    assert "Pale bars are negative amounts." in page(parsed(only)).text


@given(st.lists(st.one_of(st.none(), st.decimals(), st.sampled_from([Decimal("9e999999"), Decimal("-1e-999999"), Decimal("sNaN")]))))
@settings(deadline=None, max_examples=50)
def test_every_amount_has_a_bar_that_fits_and_nothing_has_none(values: list[Decimal | None]) -> None:
    for value, width in zip(values, bar_widths(values), strict=True):
        nothing = value is None or not value.is_finite() or not value
        assert width == 0 if nothing else 1 <= width <= 100


def test_a_mail_has_room_for_the_first_bars_and_counts_the_others() -> None:
    chart = Chart("T", "bar", (Series("s", tuple((f"name{at}.", Decimal(90 - at)) for at in range(MOST_BARS + 3))),))
    mail = parsed(replace(message(), documents=(Document("a", "D", "d.pdf", 1, (), Headline((), chart)),)))
    for said in (plain(mail), page(mail).text):
        assert [f"name{MOST_BARS - 1}." in said, f"name{MOST_BARS}." in said] == [True, False]
        assert "nd 3 more in the report" in said


def test_bars_of_several_series_carry_their_names() -> None:
    chart = Chart("T", "bar", tuple(Series(name, (("EC2", Decimal(1)),)) for name in ("before", "after")))
    mail = parsed(replace(message(), documents=(Document("a", "D", "d.pdf", 1, (), Headline((), chart)),)))
    for said in (plain(mail), page(mail).text):
        assert "EC2 · before" in said
        assert "EC2 · after" in said


# Colours


@given(st.integers(0, 0xFFFFFF))
@settings(deadline=None, max_examples=50)
def test_whatever_the_colour_its_text_can_be_read(colour: int) -> None:
    look = look_of(Branding(colour=f"#{colour:06X}"))
    assert contrast(look.legible, WHITE) >= LEGIBLE
    assert contrast(look.on_accent, look.accent) >= LEGIBLE
    assert look.on_accent == (WHITE if contrast(look.accent, WHITE) >= LEGIBLE else BLACK)


@pytest.mark.parametrize("colour", ["", "red", "#12345", '#123456"onload="x', "#123456\n", "#12345g"])
def test_what_is_no_colour_is_ours(colour: str) -> None:
    assert look_of(Branding(colour=colour)) == (OURS, WHITE, OURS)


# Hostile words

NASTY = st.sampled_from(
    [
        *("\r\nBcc: x@evil.example\r\n", "\n\n", "\r", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ud800", "\t", "\x1c", "\x7f"),
        *(
            "=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=",
            "=?us-ascii?b?DQpCY2M6IHhAeS56?=",
            '"',
            "'",
            "<",
            ">",
            "&lt;",
            "&#60;",
            "/",
            "\\",
            ";",
        ),
        *("<script>alert(1)</script>", '"><img src=x onerror=y>', "--><a href='https://evil.example'>", "<![endif]-->", "]]>", "</title>"),
        *("{{ 7 * 7 }}", "{% raw %}", "javascript:alert(1)", "--===============", "-- ", "é", "𝒜", "x" * 300),
    ]
)
WORDS = st.lists(st.one_of(NASTY, st.text(max_size=8)), min_size=1, max_size=5).map("".join)
HARMLESS = parsed(message("x"), attachment=ATTACHMENT._replace(filename="x.csv"))
HARMLESS_PAGE = page(HARMLESS)


@given(WORDS)
@example("=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=")
@example("\r\nBcc: x@evil.example\r\n\r\n")
@example("--><a href=\"https://evil.example\" onclick='x'>{{ 7 * 7 }}</a>")
@example("a\u2028b\x85c\x0bd\x1ce\ud800\x00")
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_no_word_from_outside_adds_a_header_a_part_a_tag_an_attribute_a_link_or_a_line(word: str) -> None:
    mail = parsed(message(word), attachment=ATTACHMENT._replace(filename=f"{word}.csv"))
    assert shape(mail) == shape(HARMLESS)
    assert (mail["From"], mail["To"]) == (HARMLESS["From"], HARMLESS["To"])
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", str(mail["Subject"]))
    shown = page(mail)
    assert (shown.tags, shown.others) == (HARMLESS_PAGE.tags, HARMLESS_PAGE.others)
    assert len(plain(mail).splitlines()) == len(plain(HARMLESS).splitlines())


def test_markup_is_read_as_it_was_written() -> None:
    mail = parsed(message("<b>{{ 7 * 7 }}&amp;"))
    for said in (plain(mail), page(mail).text):
        assert "<b>{{ 7 * 7 }}&amp; is estimated" in said


def test_what_turns_the_direction_of_writing_is_shown_instead() -> None:
    mail = parsed(message("invoice\u202efdp.exe"))
    for said in (plain(mail), page(mail).text):
        assert "invoice\\u202efdp.exe is estimated" in said
    assert mail["Subject"] == "The invoice fdp.exe"


def test_a_subject_is_one_line_of_at_most_200_characters() -> None:
    mail = parsed(replace(message(), title="Costs\r\nBcc: x@evil.example\x00 " + "é" * 300))
    subject = str(mail["Subject"])
    assert subject.startswith("Costs Bcc: x@evil.example éé")
    assert len(subject) == 200
    assert parsed(replace(message(), title="\r\n"))["Subject"] == REPORT


@pytest.mark.parametrize("kind", ["multipart/mixed", "message/rfc822", "", "text", "text/html\r\nBcc: x@y.example", "text/ä"])
def test_an_attachment_of_an_unknown_kind_is_bytes(kind: str) -> None:
    [attached] = parsed(message(), attachment=ATTACHMENT._replace(content_type=kind)).iter_attachments()
    assert (attached.get_content_type(), attached.get_content()) == ("application/octet-stream", ATTACHMENT.content)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example",
        "https://app.example:8443/a/b?x=1&y=%20#z",
        "http://127.0.0.1:8000/r",
        "http://localhost/r",
        "https://s3.example/a?X-Amz-Credential=A/b%2Fc@d",
    ],
)
def test_what_may_be_linked_to_is_linked_to(url: str) -> None:
    assert mail_text.linkable(url) == url
    assert url in page(parsed(replace(message(), action=("Open", url)))).links


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/r",
            "ftp://x.example",
            "https:",
            "https://",
        ),
        *("http://evil.example", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://localhost@evil.example/"),
        *(
            "http://localhost:80@evil.example/",
            "https://app.example@evil.example",
            'https://x.example/"onclick="y',
            "https://x.example/a b",
        ),
        *("https://x.example/\r\ny", "https://x.example/<b>", "https://x.example\\@evil.example", " https://x.example", "https://[::1"),
        *("https://exämple.com/", "https://x.example:99999/", "https://x.example/\n"),
    ],
)
def test_what_may_not_be_linked_to_is_left_out(url: str) -> None:
    mail = parsed(replace(message(), action=("Open", url), documents=(replace(document(), url=url),)))
    assert page(mail).links == [UNSUBSCRIBE]
    assert "Open" in page(mail).text
    assert "Open" in plain(mail).splitlines()
    assert "is in your account" in plain(mail)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (1_250_001, "1.3 MB"),
        (2 * 10**9, "2,000.0 MB"),
    ],
)
def test_sizes_are_said_as_people_say_them(size: int, text: str) -> None:
    assert mail_text.size_of(size) == text


# Addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@b.example", "a@b.example"),
        ("First.Last+tag@MAIL.Example.COM", "First.Last+tag@mail.example.com"),
        ("o'hara_{x}@x-y.example", "o'hara_{x}@x-y.example"),
        ("l" * 64 + "@b.example", "l" * 64 + "@b.example"),
        ("a@xn--exmple-cua.com", "a@xn--exmple-cua.com"),
        ("l" * 64 + "@" + "bb." * 61 + "aabbcc", "l" * 64 + "@" + "bb." * 61 + "aabbcc"),
    ],
)
def test_a_plain_address_is_taken_with_its_domain_in_lower_case(text: str, address: str) -> None:
    assert check_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@b.example", "a@", "a@b", "a@@b.example", "a@b@c.example", "A <a@b.example>", "<a@b.example>", '"a b"@c.example'),
        *("a(c)@b.example", "a@b.example(c)", "a b@c.example", " a@b.example", "a@b.example ", "a@b.example\n", "a\r\nBcc:x@y.example"),
        *("a@b.example,c@d.example", "a;b@c.example", ".a@b.example", "a.@b.example", "a..b@c.example", "a@.b.example", "a@b.example."),
        *(
            "a@-b.example",
            "a@b-.example",
            "a@b_c.example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "ä@b.example",
            "a@bä.example",
            "a\x00@b.example",
        ),
        *(
            "l" * 64 + "@" + "bb." * 61 + "aabbccd",
            "l" * 65 + "@b.example",
            "a@" + "b" * 64 + ".example",
            "a@" + "b." * 126 + "example",
            "a\\@b@c.example",
            "a:b@c.example",
        ),
    ],
)
def test_what_is_no_plain_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_address(text)
    assert [field for field, _ in refused.value.problems] == ["address"]
    with pytest.raises(InvalidInput):
        mime_of("a@b.example", text, message(), "", None)


@given(WORDS, WORDS)
@settings(deadline=None, max_examples=50)
def test_no_address_that_is_taken_holds_a_second_one(local: str, domain: str) -> None:
    try:
        address = check_address(f"{local}@{domain}.example")
    except InvalidInput:
        return
    written: Any = parsed(message())
    del written["To"]
    written["To"] = address
    assert [one.addr_spec for one in written["To"].addresses] == [address]
