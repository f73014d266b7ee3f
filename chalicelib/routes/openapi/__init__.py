"""GET /openapi.json. What the document is made of is imported when it is asked for: no other request pays for it."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.routes.answers import tagged
from chalicelib.routes.authentication import request_id_of
from chalicelib.routes.errors import translated
from chalicelib.routes.representations import JSON

openapi = Blueprint(__name__)


def _view() -> Response:
    from chalicelib.routes.openapi.document import body

    return tagged(openapi.current_request, body(), JSON.content_type, {})


@openapi.route("/openapi.json", methods=["GET"])
def show() -> Response:
    return translated(_view, lambda: request_id_of(openapi.current_request))()
