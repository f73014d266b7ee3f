"""Everything under /analytics/compliance/: controls, changes, spend at risk, exceptions.

What these routes alone need is imported in them: most containers start to answer another one.
"""

from __future__ import annotations

import re
import uuid
from functools import partial

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import NotFound
from chalicelib.routes.analytics import answered
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_of, registering
from chalicelib.routes.parameters import of_body, of_query
from chalicelib.usecases.questions.parameters import check_names
from chalicelib.wiring import services

compliance = Blueprint(__name__)
on = registering(compliance)
EXCEPTIONS = "/analytics/compliance/exceptions"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@on("/analytics/compliance/controls", "GET")
def controls() -> Response:
    from chalicelib.usecases.answers.controls import controls_answer
    from chalicelib.usecases.questions.compliance import controls_question

    return answered(compliance.current_request, controls_question, controls_answer)


@on("/analytics/compliance/controls/{control_id}", "GET")
def control(control_id: str) -> Response:
    from chalicelib.usecases.answers.controls import control_answer
    from chalicelib.usecases.questions.compliance import control_question

    return answered(compliance.current_request, partial(control_question, control_id), control_answer)


@on("/analytics/compliance/changes", "GET")
def changes() -> Response:
    from chalicelib.usecases.answers.changes import changes_answer
    from chalicelib.usecases.questions.compliance import changes_question

    return answered(compliance.current_request, changes_question, changes_answer)


@on("/analytics/compliance/spend-at-risk", "GET")
def spend_at_risk() -> Response:
    from chalicelib.usecases.answers.risk import risk_answer
    from chalicelib.usecases.questions.compliance import risk_question

    return answered(compliance.current_request, risk_question, risk_answer)


@on(EXCEPTIONS, "GET")
def index() -> Response:
    from chalicelib.usecases import exceptions

    request, with_ = compliance.current_request, services()
    values, named = of_query(request)
    customer_id = customer_of(request, "read", named)
    return fetched(request, encode(exceptions.list_declarations(with_.metrics, customer_id, values, with_.clock())))


@on(EXCEPTIONS, "POST")
def create() -> Response:
    from chalicelib.usecases import exceptions
    from chalicelib.usecases.answers.declarations import shown_declaration

    request, with_ = compliance.current_request, services()
    body, named = of_body(request)
    customer_id, now = customer_of(request, "admin", named), with_.clock()
    declaration = exceptions.declare(with_.metrics, customer_id, body, request.principal.id, uuid.uuid4().hex, now)
    request.acted = (customer_id, request.principal.id, f"{EXCEPTIONS}/{declaration.id}")
    return made(shown_declaration(declaration, now), 201)


@on(f"{EXCEPTIONS}/{{exception_id}}", "DELETE")
def revoke(exception_id: str) -> Response:
    from chalicelib.usecases import exceptions

    request, with_ = compliance.current_request, services()
    values, named = of_query(request)
    check_names(values, ())
    customer_id = customer_of(request, "admin", named)
    if not _ID.fullmatch(exception_id):
        raise NotFound("there is no such exception")
    exceptions.revoke(with_.metrics, customer_id, exception_id, request.principal.id, with_.clock())
    return Response("", {"Cache-Control": "no-store"}, 204)
