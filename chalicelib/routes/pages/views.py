"""The page's views."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.routes.authentication import customer_alone, registering
from chalicelib.routes.pages.guard import HOME, SIGN_OUT
from chalicelib.routes.pages.shown import page, sign_in_page
from chalicelib.routes.places import prefix_of

views = Blueprint(__name__)
on = registering(views, cors=False)


@on(HOME, "GET")
def home() -> Response:
    request = views.current_request
    if request.principal is None:
        return sign_in_page(request)
    customer_id = customer_alone(request, "read")
    return page(request, "home.html", {"customer_id": customer_id, "sign_out": f"{prefix_of(request)}{SIGN_OUT}"})
