"""Recipients of reports and events: added, tested, changed, taken away; and what their readers say by the links in mails.

What only these views need is imported in them, as in schedules.py.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, registering
from chalicelib.routes.headers import PAGE
from chalicelib.routes.limits import take_for_nobody
from chalicelib.routes.schedules import scheduling
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.domain.recipient import Recipient
    from chalicelib.usecases.schedules.recipients import Checks

recipients = Blueprint(__name__)
on = registering(recipients)
RECIPIENTS, SUBSCRIPTION = "/analytics/recipients", "/subscriptions/{token}"
ONE = RECIPIENTS + "/{recipient_id}"
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"]
"""What a mail client's one click, and a browser's button, send; none of it is read."""
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def checks() -> Checks:
    from chalicelib.delivery import addresses, buckets, domains, slack, topics
    from chalicelib.delivery.mail import address as mail_address
    from chalicelib.domain.recipient import DOMAIN, EMAIL, S3, SLACK, SNS, WEBHOOK

    return {
        EMAIL: mail_address.check_address,
        WEBHOOK: addresses.check_url,
        SLACK: slack.check_slack_url,
        S3: buckets.check_place,
        SNS: topics.check_topic,
        DOMAIN: domains.check_domain,
    }


@on(RECIPIENTS, "POST")
def add() -> Response:
    from chalicelib.domain.recipient import EMAIL
    from chalicelib.usecases.schedules import recipients as use

    request = recipients.current_request
    customer_id, body = customer_and_body(request, "admin", use.RecipientBody)
    with_ = services()
    if body.channel == EMAIL and with_.settings.mail_from is None:
        raise Conflict("this deployment sends no mail")
    customer = with_.known_customer(customer_id)
    accounts = customer.account_ids if customer else ()
    recipient = use.recipient_of(body, uuid.uuid4().hex, accounts, checks(), request.principal.id, with_.clock())
    use.add(scheduling(), customer_id, recipient)
    return made(_shown_once(customer_id, recipient), 201, {"Location": f"{RECIPIENTS}/{recipient.id}"})


def _shown_once(customer_id: str, recipient: Recipient) -> dict[str, Any]:
    """With what proves that a webhook's messages are ours."""
    from chalicelib.domain.recipient import WEBHOOK

    secret = services().webhook_secret(customer_id, recipient.id, recipient.key_version) if recipient.channel == WEBHOOK else None
    return {**_shown(customer_id, recipient), **({"secret": secret} if secret else {})}


def _shown(customer_id: str, recipient: Recipient) -> dict[str, Any]:
    """Of a domain with the record that proves it, which is no secret."""
    from chalicelib.domain.recipient import DOMAIN
    from chalicelib.usecases.schedules import recipients as use

    shown = use.shown_recipient(scheduling().recipients(customer_id), recipient)
    if recipient.channel == DOMAIN:
        from chalicelib.delivery.domains import MARK, RECORD

        token = services().domain_token(customer_id, recipient.address)
        shown["record"] = {"name": f"{RECORD}.{recipient.address}", "type": "TXT", "value": f"{MARK}{token}"}
    return shown


@on(RECIPIENTS, "GET")
def index() -> Response:
    from chalicelib.usecases.schedules import recipients as use

    customer_id = customer_alone(recipients.current_request, "report")
    held = scheduling().recipients(customer_id)
    return fetched(recipients.current_request, encode({"recipients": [use.shown_recipient(held, one) for one in held.all]}))


@on(ONE, "GET")
def show(recipient_id: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use

    customer_id = customer_alone(recipients.current_request, "report")
    recipient = use.fetch_recipient(scheduling(), customer_id, checked_id(recipient_id))
    shown = {**_shown(customer_id, recipient), "proofs": use.proofs(scheduling(), customer_id, recipient.id)}
    return fetched(recipients.current_request, encode(shown))


@on(ONE, "PATCH")
def change(recipient_id: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use

    request = recipients.current_request
    customer_id, body = customer_and_body(request, "admin", use.RecipientPatch)
    return made(_shown(customer_id, use.patch(scheduling(), customer_id, checked_id(recipient_id), body)), 200)


@on(ONE, "DELETE")
def remove(recipient_id: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use

    use.remove(scheduling(), customer_alone(recipients.current_request, "admin"), checked_id(recipient_id))
    return Response("", {"Cache-Control": "no-store"}, 204)


@on(ONE + "/test", "POST")
def test(recipient_id: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use
    from chalicelib.usecases.schedules.schedule import shown_delivery

    customer_id = customer_alone(recipients.current_request, "admin")
    delivery = use.prove(scheduling(), customer_id, checked_id(recipient_id))
    return made(shown_delivery(delivery), 202, {"Location": f"{RECIPIENTS}/{recipient_id}"})


@on(ONE + "/rotate", "POST")
def rotate(recipient_id: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use

    customer_id = customer_alone(recipients.current_request, "admin")
    return made(_shown_once(customer_id, use.rotate(scheduling(), customer_id, checked_id(recipient_id))), 200)


@on(SUBSCRIPTION, "GET")
def ask(token: str) -> Response:
    """A page with one button: a mail scanner that looks at every link must not say yes for anybody."""
    from chalicelib.web.subscription import page

    purpose, _, _, recipient = _meant(token)
    return _page(page(purpose, recipient.address, recipient.status))


@on(SUBSCRIPTION, "POST", FORMS)
def say(token: str) -> Response:
    from chalicelib.usecases.schedules import recipients as use
    from chalicelib.web.subscription import page

    purpose, customer_id, recipient_id, recipient = _meant(token)
    take_for_nobody(services().limiter, f"reader#{recipient_id}")
    use.subscribe(scheduling(), customer_id, recipient_id, purpose)
    recipients.current_request.acted = (customer_id, f"reader:{recipient_id}", f"{RECIPIENTS}/{recipient_id}")
    return _page(page(purpose, recipient.address, _meant(token)[3].status))


def _meant(token: str) -> tuple[str, str, str, Recipient]:
    """The same NotFound for every token that means nothing, or nothing any more."""
    from chalicelib.security import subscriptions

    found = next(filter(None, (subscriptions.read(key, token) for key in services().subscription_keys)), None)
    recipient = found and scheduling().recipients(found[1]).get(found[2])
    if not found or not recipient:
        raise NotFound("this link means nothing, or nothing any more")
    return (*found, recipient)


def _page(html: str) -> Response:
    return Response(html, {**PAGE}, 200)


def checked_id(recipient_id: str) -> str:
    if not _ID.fullmatch(recipient_id):
        raise NotFound("there is no such recipient")
    return recipient_id
