"""Links to a report's document, for people without a credential: made, listed, revoked, followed."""

from __future__ import annotations

import re
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.link import Uses
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, registering
from chalicelib.routes.limits import take_for_nobody
from chalicelib.routes.places import base_of
from chalicelib.routes.reports import checked_id, reporting
from chalicelib.security import api_keys
from chalicelib.usecases.reports import links
from chalicelib.wiring import services

report_links = Blueprint(__name__)
on = registering(report_links)
LINKS, DOWNLOADS = "/analytics/reports/{report_id}/links", "/downloads/{token}"
_LINK_ID = re.compile(r"[a-z2-7]{16}", re.ASCII)


def linking() -> links.Linking:
    with_ = services()

    def new_token() -> tuple[str, str, str]:
        token, link_id, secret = api_keys.new_key(with_.settings.stage, api_keys.LINK)
        return token, link_id, api_keys.digest(secret, with_.pepper)

    def parse(token: str) -> Any:
        parsed = api_keys.parse(token, with_.settings.stage, api_keys.LINK)
        return parsed and (parsed[0], lambda kept: with_.matches(parsed[1], kept))

    return links.Linking(reporting(), with_.links, new_token, parse, with_.known_customer)


@on(LINKS, "POST")
def create(report_id: str) -> Response:
    request = report_links.current_request
    customer_id, body = customer_and_body(request, "report", links.LinkBody, links.LinkBody())
    if not 1 <= body.expires_in_days <= links.LONGEST_DAYS:
        raise InvalidInput(("expires_in_days", f"must be a whole number from 1 to {links.LONGEST_DAYS}"))
    token, link = links.create(linking(), customer_id, checked_id(report_id), body.expires_in_days, request.principal.id)
    request.acted = (customer_id, request.principal.id, f"{LINKS.format(report_id=report_id)}/{link.id}")
    return made({**links.shown_link(link, Uses()), "url": f"{base_of(request)}{DOWNLOADS.format(token=token)}"}, 201)


@on(LINKS, "GET")
def index(report_id: str) -> Response:
    request = report_links.current_request
    found = links.of_report(linking(), customer_alone(request, "report"), checked_id(report_id))
    return fetched(request, encode({"links": [links.shown_link(link, uses) for link, uses in found]}))


@on(LINKS + "/{link_id}", "DELETE")
def revoke(report_id: str, link_id: str) -> Response:
    customer_id = customer_alone(report_links.current_request, "report")
    if not _LINK_ID.fullmatch(link_id):
        raise NotFound("there is no such link")
    links.revoke(linking(), customer_id, checked_id(report_id), link_id)
    return Response("", {"Cache-Control": "no-store"}, 204)


@on(DOWNLOADS, "GET")
def follow(token: str) -> Response:
    """Who follows it is told in the audit: which link, from where."""
    request = report_links.current_request
    customer_id, link, url = links.follow(linking(), token, lambda link: take_for_nobody(services().limiter, f"link#{link.id}"))
    request.acted = (customer_id, f"link:{link.id}", f"/analytics/reports/{link.report_id}/download")
    return Response("", {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}, 303)
