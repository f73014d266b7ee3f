"""A customer's own audit, for whoever administers it."""

from __future__ import annotations

import re

from chalice.app import Blueprint, Response

from chalicelib.routes.answers import encode, fetched
from chalicelib.routes.authentication import customer_of, registering
from chalicelib.routes.parameters import of_query
from chalicelib.usecases.questions.paging import PAGE, limit_of, no_such_cursor
from chalicelib.usecases.questions.parameters import check_names, one
from chalicelib.wiring import services

audit = Blueprint(__name__)
on = registering(audit)
_NUMBER = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


@on("/analytics/audit", "GET")
def index() -> Response:
    from chalicelib.usecases.access.auditing import page

    request = audit.current_request
    values, named = of_query(request)
    customer_id = customer_of(request, "admin", named)
    check_names(values, PAGE)
    limit, cursor = limit_of(values, usual=20), one(values, "cursor")
    if cursor is not None and not _NUMBER.fullmatch(cursor):
        raise no_such_cursor()
    return fetched(request, encode(page(services().auditing.trail, customer_id, limit, int(cursor) if cursor else None)))
