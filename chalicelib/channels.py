"""The ways to recipients, and what schedules are done with; a part of wiring.py."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from chalicelib.credentials import Credentials
from chalicelib.security import api_keys, secrets
from chalicelib.stores import tables

if TYPE_CHECKING:
    from chalicelib.delivery.outbound import Poster
    from chalicelib.domain.delivery import Delivery
    from chalicelib.domain.message import Attachment, Message, Outcome
    from chalicelib.domain.recipient import Recipient
    from chalicelib.usecases.ports.schedules import Channel


class Channels(Credentials):
    """Everything that is sent leaves here. Clients of services that might send twice don't try again by themselves."""

    def once(self, service: str, region: str = "") -> Any:
        """A client that makes one attempt."""
        raise NotImplementedError

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """By a recipient's channel."""
        from chalicelib.domain.recipient import DOMAIN, EMAIL, S3, SLACK, SNS, WEBHOOK  # as below: most containers send nothing

        return {EMAIL: self._mail, WEBHOOK: self._webhook, SLACK: self._slack, S3: self._bucket_put, SNS: self._topic, DOMAIN: self._domain}

    @cached_property
    def outbound(self) -> Poster:
        from chalicelib.delivery.outbound import Outbound

        if self.settings.inbox_url:
            from chalicelib.delivery.inbox import Inbox

            return Inbox(self.settings.inbox_url)
        return Outbound()

    def _mail(self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: Any, now: datetime) -> Outcome:
        from chalicelib.delivery.mail.ses import Mail
        from chalicelib.domain.message import CONFIRM, LATER, Outcome

        if self.settings.mail_from is None:
            return Outcome(LATER, "mail_not_set_up")
        unsubscribe = "" if message.kind == CONFIRM else self.subscription("unsubscribe", customer_id, to.id)
        set_ = tables.physical_name(self.settings.stage, tables.MAIL_CONFIGURATION)
        file = attached[0] if attached else None
        return Mail(partial(self.once, "sesv2"), self.settings.mail_from, set_).send(
            tag_of(delivery.key), customer_id, to.address, message, unsubscribe, file
        )

    def _webhook(self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: Any, now: datetime) -> Outcome:
        from chalicelib.delivery.webhook import Webhooks

        signing = [self.webhook_secret(customer_id, to.id, version, old) for version in to.key_versions(now) for old in self.masters]
        return Webhooks(self.outbound).send(message_id(customer_id, delivery), to.address, signing, message, now)

    def _slack(self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: Any, now: datetime) -> Outcome:
        from chalicelib.delivery.slack import Slack

        return Slack(self.outbound).send(to.address, message)

    def _bucket_put(
        self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: tuple[Attachment, ...], now: datetime
    ) -> Outcome:
        from chalicelib.delivery.buckets import Buckets

        return Buckets(self.client("s3")).send(message_id(customer_id, delivery), to.address, to.account, message, attached)

    def _topic(self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: Any, now: datetime) -> Outcome:
        from chalicelib.delivery.topics import Topics

        return Topics(partial(self.once, "sns")).send(message_id(customer_id, delivery), to.address, message)

    def _domain(self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: Any, now: datetime) -> Outcome:
        from chalicelib.delivery.domains import Domains

        return Domains().send(to.address, self.domain_token(customer_id, to.address))

    def webhook_secret(self, customer_id: str, recipient_id: str, version: int, master: bytes | None = None) -> str:
        """The key that a webhook's messages are signed with, as Standard Webhooks writes it; it is kept nowhere."""
        key = secrets.derived(master or self.master, f"webhooks/{customer_id}/{recipient_id}/{version}")
        return f"whsec_{base64.b64encode(key).decode()}"

    def domain_token(self, customer_id: str, domain: str) -> str:
        return hmac.digest(secrets.derived(self.master, "domains"), f"{customer_id}/{domain}".encode(), "sha256").hex()[:32]

    def subscription(self, purpose: str, customer_id: str, recipient_id: str) -> str:
        """The address at which whoever has a mail address says yes or no."""
        from chalicelib.security import subscriptions

        token = subscriptions.token(self.subscription_keys[0], purpose, customer_id, recipient_id)
        return f"{self.settings.public_url}/subscriptions/{token}"

    @cached_property
    def subscription_keys(self) -> list[bytes]:
        """The one that tokens are made with first; those of former masters still open, as mails live long."""
        return [secrets.derived(master, "subscriptions") for master in self.masters]

    def link_for(self, customer_id: str, purpose: str) -> tuple[str, str, str]:
        """(token, id, digest of its secret) of the one link that a delivery of a report has."""
        key = secrets.derived(self.master, "delivery-links")
        token, link_id, secret = api_keys.derived_key(self.settings.stage, key, f"{customer_id}/{purpose}", api_keys.LINK)
        return token, link_id, api_keys.digest(secret, self.pepper)


def tag_of(key: str) -> str:
    """A delivery's key as SES takes it in a tag; key_of is the way back."""
    return key.replace("#", "_")


def key_of(tag: str) -> str:
    return tag.replace("_", "#")


def message_id(customer_id: str, delivery: Delivery) -> str:
    """The same at every attempt, and nobody else's."""
    return f"msg_{hashlib.sha256(f'{customer_id}/{delivery.key}'.encode()).hexdigest()[:32]}"
