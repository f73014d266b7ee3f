"""What would leave the laptop: SES's SendEmail, and requests to webhooks and Slack, kept in a folder and shown on a page."""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Request, Response

from local.fakes.http import App, json_app, json_response

SEND = "/v2/email/outbound-emails"
MOST = 200
BOUNCES, COMPLAINS = "bounce", "complaint"
"""Mail to addresses that begin so comes back, as at SES's own simulator."""
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


@dataclass(frozen=True)
class Arrived:
    """A mail's content is its MIME, a request's its body."""

    number: int
    at: datetime
    kind: str
    to: str
    title: str
    headers: dict[str, str]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def html(self) -> str:
        body = self.mail.get_body(("html",))
        return str(body.get_content()) if body else ""


class Inbox:
    """`tell` is given what SES would tell of each mail."""

    def __init__(self, folder: Path | None = None) -> None:
        self.arrived: list[Arrived] = []
        self.folder = folder
        self.tell: Callable[[dict[str, Any]], None] = lambda event: None
        self._lock, self._count = threading.Lock(), 0

    @property
    def app(self) -> App:
        return json_app(self._answer)

    def _answer(self, request: Request) -> Response:
        if request.method == "POST" and request.path == SEND:
            return self._mail(json.loads(request.get_data()))
        if request.method == "POST" and request.path == "/requests":
            return self._request(request)
        if request.path == "/messages.json":
            return json_response([self._told(one) for one in self.arrived])
        if match := re.fullmatch(r"/mails/([0-9]+)(\.eml)?", request.path):
            found = next((one for one in self.arrived if one.number == int(match[1]) and one.kind == "mail"), None)
            if found and match[2]:
                return Response(found.content, content_type="message/rfc822")
            return _page(found.html, "sandbox allow-popups allow-popups-to-escape-sandbox") if found else Response("", 404)
        if request.path == "/":
            return _page(_PAGES.get_template("inbox.html").render(arrived=self.arrived[::-1], pretty=_pretty), "frame-src 'self'")
        return Response("", 404)

    def _mail(self, sent: dict[str, Any]) -> Response:
        content = base64.b64decode(sent["Content"]["Raw"]["Data"])
        address, message_id = sent["Destination"]["ToAddresses"][0], str(uuid.uuid4())
        mail: EmailMessage = message_from_bytes(content, policy=policy.default)
        headers = {name: str(mail[name]) for name in ("From", "To", "Subject", "List-Unsubscribe") if mail[name]}
        self._keep("mail", address, str(mail["Subject"]), headers, content)
        for kind in ("Send", *_fate(address)):
            self.tell(_event(kind, message_id, sent))
        return json_response({"MessageId": message_id})

    def _request(self, request: Request) -> Response:
        to, body = request.headers.get("x-sent-to", ""), request.get_data()
        headers = {name.lower(): text for name, text in request.headers.items() if name.lower().startswith(("webhook-", "content-type"))}
        said = json.loads(body)
        title = said.get("text") or said.get("data", {}).get("title", "")
        self._keep("webhook" if "webhook-id" in headers else "slack", to, str(title), headers, body)
        return Response("", 204)

    def _keep(self, kind: str, to: str, title: str, headers: dict[str, str], content: bytes) -> None:
        with self._lock:
            self._count += 1
            one = Arrived(self._count, datetime.now(UTC), kind, to, title, headers, content)
            self.arrived = [*self.arrived[-MOST + 1 :], one]
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{one.at:%Y%m%dT%H%M%S}-{one.number:04}-{kind}.{'eml' if kind == 'mail' else 'json'}"
            told = content if kind == "mail" else json.dumps({**self._told(one), "body": content.decode()}, indent=2).encode()
            (self.folder / name).write_bytes(told)

    def _told(self, one: Arrived) -> dict[str, Any]:
        told = {"number": one.number, "at": one.at.isoformat(), "kind": one.kind, "to": one.to, "title": one.title, "headers": one.headers}
        return told | ({} if one.kind == "mail" else {"body": one.content.decode()})


def _fate(address: str) -> tuple[str, ...]:
    if address.startswith(BOUNCES):
        return ("Bounce",)
    return ("Delivery", "Complaint") if address.startswith(COMPLAINS) else ("Delivery",)


def _event(kind: str, message_id: str, sent: dict[str, Any]) -> dict[str, Any]:
    """As a configuration set publishes it."""
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
    tags = {tag["Name"]: [tag["Value"]] for tag in sent.get("EmailTags", [])}
    details: dict[str, dict[str, Any]] = {
        "Send": {"send": {}},
        "Delivery": {"delivery": {"timestamp": at}},
        "Bounce": {"bounce": {"timestamp": at, "bounceType": "Permanent"}},
        "Complaint": {"complaint": {"timestamp": at, "complaintFeedbackType": "abuse"}},
    }
    return {"eventType": kind, "mail": {"timestamp": at, "messageId": message_id, "tags": tags}, **details[kind]}


def _pretty(content: bytes) -> str:
    return json.dumps(json.loads(content), indent=2, ensure_ascii=False)


def _page(html: str, policy_: str) -> Response:
    csp = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {policy_}"
    return Response(html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": csp})
