"""A customer's own API keys, for whoever administers them; what only these views need is imported in them."""

from __future__ import annotations

import re

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import NotFound
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, registering
from chalicelib.wiring import services

keys = Blueprint(__name__)
on = registering(keys)
KEYS = "/analytics/keys"
ONE = KEYS + "/{key_id}"
_ID = re.compile(r"[a-z2-7]{16}", re.ASCII)


@on(KEYS, "GET")
def index() -> Response:
    from chalicelib.usecases.access.keys import shown

    customer_id, with_ = customer_alone(keys.current_request, "admin"), services()
    found = [shown(key, with_.clock()) for key in with_.api_keys.of(customer_id)]
    return fetched(keys.current_request, encode({"keys": found}))


@on(KEYS, "POST")
def create() -> Response:
    from chalicelib.usecases.access import keys as use

    request, with_ = keys.current_request, services()
    customer_id, body = customer_and_body(request, "admin", use.KeyBody, use.KeyBody())
    key, record = use.create(with_.keyring, customer_id, body, request.principal.id)
    return made({**use.shown(record, with_.clock()), "api_key": key}, 201, {"Location": f"{KEYS}/{record.id}"})


@on(ONE + "/rotate", "POST")
def rotate(key_id: str) -> Response:
    from chalicelib.usecases.access import keys as use

    request, with_ = keys.current_request, services()
    customer_id, body = customer_and_body(request, "admin", use.RotationBody, use.RotationBody())
    key, record = use.rotate(with_.keyring, customer_id, checked_id(key_id), body, request.principal.id)
    request.acted = (customer_id, request.principal.id, f"{KEYS}/{key_id} -> {KEYS}/{record.id}")
    with_.forget_key(key_id)
    return made({**use.shown(record, with_.clock()), "api_key": key}, 201, {"Location": f"{KEYS}/{record.id}"})


@on(ONE, "GET")
def show(key_id: str) -> Response:
    from chalicelib.usecases.access import keys as use

    customer_id, with_ = customer_alone(keys.current_request, "admin"), services()
    record = use.fetch(with_.keyring, customer_id, checked_id(key_id))
    return fetched(keys.current_request, encode(use.shown(record, with_.clock())))


@on(ONE, "DELETE")
def revoke(key_id: str) -> Response:
    from chalicelib.usecases.access import keys as use

    use.revoke(services().keyring, customer_alone(keys.current_request, "admin"), checked_id(key_id))
    services().forget_key(key_id)
    return Response("", {"Cache-Control": "no-store"}, 204)


def checked_id(key_id: str) -> str:
    if not _ID.fullmatch(key_id):
        raise NotFound("there is no such key")
    return key_id
