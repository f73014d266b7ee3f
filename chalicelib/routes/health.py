"""GET /health: whether it can answer, and how fresh each source is; the operator sees it per customer."""

from __future__ import annotations

import time

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.routes.answers import made
from chalicelib.routes.authentication import request_id_of
from chalicelib.routes.errors import translated
from chalicelib.usecases.health import Costs, Health, health_of
from chalicelib.version import VERSION
from chalicelib.wiring import services

health = Blueprint(__name__)
REMEMBERED_SECONDS = 5
_last: dict[int, tuple[float, Health]] = {}
"""By services, the last look and when: a public route must not become a way to read every customer's state at will."""


def _view() -> Response:
    with_ = services()
    principal = health.current_request.principal
    taken, seen = _last.get(id(with_), (0.0, None))
    if seen is None or time.monotonic() - taken > REMEMBERED_SECONDS:
        costs = Costs(with_.settings.daily_caps, with_.settings.usage_every)
        seen = health_of(with_.customers, with_.metrics, with_.ledger, costs, with_.clock())
        _last.clear()
        _last[id(with_)] = (time.monotonic(), seen)
    body: dict[str, object] = {"status": seen.status, "stage": with_.settings.stage, "version": VERSION, "sources": seen.sources}
    if principal is not None and principal.operator:
        body |= {"customers": seen.customers, "paid_calls": seen.paid}
    return made(body, 200)


def _unavailable(error: StoreUnavailable) -> Response:
    return made({"status": "unavailable", "stage": services().settings.stage, "version": VERSION, "sources": []}, 503, {"Retry-After": "5"})


@health.route("/health", methods=["GET"])
def show() -> Response:
    def view() -> Response:
        try:
            return _view()
        except StoreUnavailable as error:
            return _unavailable(error)

    return translated(view, lambda: request_id_of(health.current_request))()
