"""A message as a mail: plain text and HTML that say the same, the customer's logo within, a document beside them."""

from __future__ import annotations

import re
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from chalicelib.delivery.mail.address import check_address
from chalicelib.delivery.mail.text import for_header, linkable, size_of
from chalicelib.delivery.mail.view import view_of
from chalicelib.domain.figures import on_a_line
from chalicelib.domain.message import LARGEST_MAIL, Attachment, Message

LOGO_ID = "logo@securebase"
LOGO_BOX = (180, 40)
LONGEST_LINE = 900
_PNG = b"\x89PNG\r\n\x1a\n"
_TYPE = re.compile(r"(application|audio|image|text|video)/[A-Za-z0-9][A-Za-z0-9.+_-]*")


class _Whole(UnstructuredHeader, BaseHeader):
    """A header that is never folded: as its one word is longer than a line, the standard library would write it as encoded words."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}\r\n"


@cache
def _policy() -> EmailPolicy[EmailMessage]:
    headers = HeaderRegistry()
    headers.map_to_type("list-unsubscribe", _Whole)
    return SMTP.clone(header_factory=headers)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def mime_of(sender: str, address: str, message: Message, unsubscribe_url: str, attachment: Attachment | None) -> bytes:
    """The mail as it goes over the wire. InvalidInput if the address is none.

    An attachment that would make it 7 MB or more is left out, and the mail says so. With an `unsubscribe_url` it can be unsubscribed from
    by one click (RFC 8058).
    """
    address = check_address(address)
    if attachment is not None and attachment.content is not None and len(attachment.content) < LARGEST_MAIL:
        whole = _mime(sender, address, message, unsubscribe_url, attachment, attached=True)
        if len(whole) < LARGEST_MAIL:
            return whole
    return _mime(sender, address, message, unsubscribe_url, attachment, attached=False)


def _mime(sender: str, address: str, message: Message, unsubscribe_url: str, attachment: Attachment | None, attached: bool) -> bytes:
    name = f"{on_a_line(attachment.filename)} ({size_of(attachment.size_bytes)})" if attachment else ""
    view = view_of(message, address, unsubscribe_url, name if attached else "", "" if attached else name)
    logo = _logo_size(message.brand.logo)
    mail = _with_headers(sender, address, message, unsubscribe_url)
    mail.set_content(_templates().get_template("mail.txt").render(mail=view), cte="quoted-printable")
    html = _templates().get_template("mail.html").render(mail=view, logo=logo, logo_id=LOGO_ID)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if logo:
        _html_of(mail).add_related(message.brand.logo, "image", "png", cid=f"<{LOGO_ID}>", disposition="inline", filename="logo.png")
    if attachment and attachment.content is not None and attached:
        _attach(mail, attachment, attachment.content)
    return mail.as_bytes()


def _with_headers(sender: str, address: str, message: Message, unsubscribe_url: str) -> EmailMessage:
    mail = EmailMessage(policy=_policy())
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = for_header(message.title) or for_header(message.kind)
    mail["Auto-Submitted"] = "auto-generated"
    unsubscribe = linkable(unsubscribe_url)
    if unsubscribe and len(unsubscribe) <= LONGEST_LINE:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail


def _html_of(mail: EmailMessage) -> EmailMessage:
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    return html


def _attach(mail: EmailMessage, attachment: Attachment, content: bytes) -> None:
    """A content type that is none, or that could hold further parts, is just bytes."""
    kind, _, parameters = attachment.content_type.partition(";")
    kind = kind.strip() if _TYPE.fullmatch(kind.strip()) else "application/octet-stream"
    main, _, sub = kind.partition("/")
    charset = {"charset": "utf-8"} if parameters.strip().lower() == "charset=utf-8" else {}
    filename = re.sub(r"[/\\]", "_", for_header(attachment.filename)) or "report"
    mail.add_attachment(content, main, sub, filename=filename, params=charset)


def _logo_size(logo: bytes) -> tuple[int, int] | None:
    """Width and height that fit the box, never enlarged; None where it is no PNG."""
    width, height = int.from_bytes(logo[16:20], "big"), int.from_bytes(logo[20:24], "big")
    if not logo.startswith(_PNG) or not width or not height:
        return None
    if width > LOGO_BOX[0] or height > LOGO_BOX[1]:
        wide = width * LOGO_BOX[1] > height * LOGO_BOX[0]  # its width is what doesn't fit
        shown = (LOGO_BOX[0], height * LOGO_BOX[0] // width) if wide else (width * LOGO_BOX[1] // height, LOGO_BOX[1])
        return max(1, shown[0]), max(1, shown[1])
    return width, height
