"""What the page does with API keys: makes, rotates and revokes them. A new one is told in the answer to its form, and nowhere else.

What only these views need is imported in them, as in routes/keys.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.routes.authentication import customer_alone, registering
from chalicelib.routes.keys import KEYS as OF_API
from chalicelib.routes.keys import checked_id
from chalicelib.routes.pages.forms import REFUSED, Form, blank, by_field, done, refused
from chalicelib.routes.pages.guard import FORM, form_of
from chalicelib.routes.pages.views import shown
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.domain.customer import ApiKey

key_forms = Blueprint(__name__)
on = registering(key_forms, cors=False)
KEYS, VIEW = "/page/keys", "keys"
ONE = KEYS + "/{key_id}"
LABELS = {
    "scopes": "What it may",
    "expires_in_days": "Expires after so many days",
    "overlap_hours": "Hours that both are good",
}


@on(KEYS, "POST", FORM)
def create() -> Response:
    from chalicelib.usecases.access import keys as use

    request = key_forms.current_request
    customer_id, form = customer_alone(request, "admin"), Form(form_of(request))
    days = form.number("expires_in_days") if form.one("expires_in_days") else None
    try:
        key, record = use.create(services().keyring, customer_id, use.KeyBody(form.all("scopes"), days), request.principal.id)
    except REFUSED as error:
        return refused(request, VIEW, form, by_field(error, LABELS, {}), error)
    request.acted = (customer_id, request.principal.id, f"{OF_API}/{record.id}")
    return _told(request, key, record)


@on(ONE + "/rotate", "POST", FORM)
def rotate(key_id: str) -> Response:
    from chalicelib.usecases.access import keys as use

    request = key_forms.current_request
    customer_id, form = customer_alone(request, "admin"), Form(form_of(request))
    body = use.RotationBody(form.number("overlap_hours"))
    try:
        key, record = use.rotate(services().keyring, customer_id, checked_id(key_id), body, request.principal.id)
    except REFUSED as error:
        form = form.over(blank(scopes=use.DEFAULT_SCOPES))
        return refused(request, VIEW, form, by_field(error, LABELS, {}), error, rotating=key_id)
    request.acted = (customer_id, request.principal.id, f"{OF_API}/{key_id} -> {OF_API}/{record.id}")
    services().forget_key(key_id)
    return _told(request, key, record)


def _told(request: Any, key: str, record: ApiKey) -> Response:
    return shown(request, {"made": {"api_key": key, "id": record.id}}, 201, {"view": (VIEW,)})


@on(ONE + "/revoke", "POST", FORM)
def revoke(key_id: str) -> Response:
    from chalicelib.usecases.access import keys as use

    request = key_forms.current_request
    customer_id = customer_alone(request, "admin")
    use.revoke(services().keyring, customer_id, checked_id(key_id))
    services().forget_key(key_id)
    request.acted = (customer_id, request.principal.id, f"{OF_API}/{key_id}")
    return done(request, VIEW, done="revoked")
