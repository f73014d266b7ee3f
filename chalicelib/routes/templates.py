"""What a customer says of its documents: templates of its own, and how they look."""

from __future__ import annotations

import io

from chalice.app import Blueprint, Response

from chalicelib.domain.branding import Branding
from chalicelib.domain.errors import NotFound
from chalicelib.domain.template import BUILT_IN, Templates
from chalicelib.renderers import as_png, write
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, registering
from chalicelib.routes.reports import reporting
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.reports import templates as own
from chalicelib.usecases.reports.branding import BrandingBody, branding_of, shown_branding
from chalicelib.wiring import services

templates = Blueprint(__name__)
on = registering(templates)
TEMPLATES, BRANDING = "/analytics/templates", "/analytics/branding"
ONE = TEMPLATES + "/{template_id}"


@on(TEMPLATES, "GET")
def index() -> Response:
    customer_id = customer_alone(templates.current_request, "report")
    saved = choice_of(services().metrics, customer_id, Templates).saved
    shown = [own.shown_template(one, True) for one in BUILT_IN.values()] + [own.shown_template(one, False) for one in saved]
    return fetched(templates.current_request, encode({"templates": shown}))


@on(ONE, "GET")
def show(template_id: str) -> Response:
    customer_id = customer_alone(templates.current_request, "report")
    found = BUILT_IN.get(template_id) or choice_of(services().metrics, customer_id, Templates).get(template_id)
    if found is None:
        raise NotFound("there is no such template")
    return fetched(templates.current_request, encode(own.shown_template(found, template_id in BUILT_IN)))


@on(ONE, "PUT")
def save(template_id: str) -> Response:
    request = templates.current_request
    customer_id, body = customer_and_body(request, "report", own.TemplateBody)
    template = own.template_of(body, own.template_id(template_id), services().clock())
    return made(own.shown_template(own.save(services().metrics, customer_id, template), False), 200)


@on(ONE, "DELETE")
def remove(template_id: str) -> Response:
    own.delete(services().metrics, customer_alone(templates.current_request, "report"), template_id)
    return Response("", {"Cache-Control": "no-store"}, 204)


@on(TEMPLATES + "/preview", "POST")
def preview() -> Response:
    """The canonical document of what the body's template would say now; nothing is kept."""
    request = templates.current_request
    customer_id, body = customer_and_body(request, "report", own.TemplateBody)
    document = io.BytesIO()
    write(own.preview(reporting(), customer_id, own.template_of(body, "preview", services().clock())), "json", document)
    return Response(document.getvalue().decode(), {"Content-Type": "application/json", "Cache-Control": "no-store"}, 200)


@on(BRANDING, "GET")
def branding() -> Response:
    held = choice_of(services().metrics, customer_alone(templates.current_request, "report"), Branding)
    return fetched(templates.current_request, encode(shown_branding(held)))


@on(BRANDING, "PUT")
def set_branding() -> Response:
    request = templates.current_request
    customer_id, body = customer_and_body(request, "admin", BrandingBody)
    chosen = branding_of(body, as_png)
    return made(shown_branding(services().metrics.choices.change(customer_id, Branding, lambda held: chosen)), 200)
