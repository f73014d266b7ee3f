"""The page behind the links in mails: one question, one button, then what was said."""

from __future__ import annotations

from chalicelib.domain.recipient import UNVERIFIED, VERIFIED
from chalicelib.web.html import template

WORDS = {
    "confirm": ("Confirm this address", "Shall reports be sent to {address}?", "Yes, send them", "{address} is confirmed."),
    "unsubscribe": ("Unsubscribe", "Shall nothing more be sent to {address}?", "Send nothing more", "Nothing more is sent to {address}."),
}

NOTHING = "Nothing is sent to {address} any more. Whoever sent you the link can add the address again."


def page(purpose: str, address: str, status: str) -> str:
    """The question where it still is one, else how things stand."""
    title, question, button, done = WORDS[purpose]
    if status == UNVERIFIED or (status == VERIFIED and purpose == "unsubscribe"):
        return template("subscription.html").render(title=title, text=question.format(address=address), button=button)
    told = done if status == VERIFIED else NOTHING
    return template("subscription.html").render(title=title, text=told.format(address=address), button="")
