"""The page behind the links in mails: one question, one button, then what was said."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

WORDS = {
    "confirm": ("Confirm this address", "Shall reports be sent to {address}?", "Yes, send them", "{address} is confirmed."),
    "unsubscribe": ("Unsubscribe", "Shall nothing more be sent to {address}?", "Send nothing more", "Nothing more is sent to {address}."),
}


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined).get_template("subscription.html")


def page(purpose: str, address: str, asked: bool) -> str:
    title, question, button, done = WORDS[purpose]
    return _template().render(title=title, text=(question if asked else done).format(address=address), button=button if asked else "")
