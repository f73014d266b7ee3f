"""Forms of the page: what was sent, the same view again where that won't do, and on to a view where it did."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalice.app import Request, Response

from chalicelib.domain.errors import AnalyticsError, Conflict, InvalidInput, TooManyRunning
from chalicelib.routes.errors import status_of
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.views import shown
from chalicelib.routes.places import prefix_of

ONCE = "once"
"""The hidden field that tells one showing of a form from the next."""
REFUSED = (InvalidInput, Conflict, TooManyRunning)
"""What whoever sent a form can put right."""
_NUMBER = re.compile(r"\[\d+\]")
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Form:
    """Fields by name; one that isn't there, or was left empty, is ''."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str, default: str = "") -> str:
        return next(iter(self.values.get(name, ())), "").strip() or default

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.get(name, ()))

    def over(self, other: Form) -> Form:
        return Form({**other.values, **self.values})

    def once(self, asked: object) -> str | None:
        """The same of one showing of the form that asks for the same: sent twice, it is done once. None of what no page has shown."""
        shown = self.one(ONCE)
        return hashlib.sha256(repr((shown, asked)).encode(errors="backslashreplace")).hexdigest() if shown else None

    def number(self, name: str) -> int:
        """What is no whole number is below all that any of them may be: the use case says what it must be."""
        text = self.one(name)
        return int(text) if _WHOLE.fullmatch(text) else -1


def blank(**values: str | Sequence[str]) -> Form:
    """A form as it is first shown."""
    given = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in values.items()}
    return Form({ONCE: (uuid.uuid4().hex,), **given})


def by_field(error: AnalyticsError, labels: Mapping[str, str], renamed: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the form's field; what is none of its fields' stands under ''."""
    found: dict[str, str] = {}
    for name, message in error.problems if isinstance(error, InvalidInput) else (("", str(error)),):
        name = _NUMBER.sub("", name)
        field = renamed.get(name, name.rpartition(".")[2])
        told = message if field in labels else f"{name} {message}".strip()
        place = field if field in labels else ""
        found[place] = f"{found[place]}; {told}" if place in found and told not in found[place] else told
    return found


def refused(request: Request, view: str, form: Form, problems: Mapping[str, str], error: AnalyticsError, **more: Any) -> Response:
    """The view once more, with the form as it was sent and each problem beside its field."""
    return shown(request, {"form": form, "problems": problems, **more}, status_of(error), {"view": (view,)})


def done(request: Request, view: str, **values: str) -> Response:
    """On to the view, which tells what was done."""
    location = Chosen(prefix_of(request), view).to(**values)
    return Response("", {"Location": location, "Cache-Control": "no-store"}, 303)
