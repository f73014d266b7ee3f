"""Budgets, monthly statements, unit costs, and what a customer sets for itself."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from functools import partial

from chalice.app import Blueprint, Response

from chalicelib.domain.budget import Budget
from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.errors import NotFound
from chalicelib.routes.analytics import answered
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, registering
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.unit import unit_answer
from chalicelib.usecases.billing import budgets
from chalicelib.usecases.billing.budget_request import BudgetBody, budget_of
from chalicelib.usecases.billing.statements import statement_answer, statements_answer
from chalicelib.usecases.questions.costs import month_question, nothing_asked, unit_question
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.wiring import services

billing = Blueprint(__name__)
on = registering(billing)
BUDGETS, ONE_BUDGET = "/analytics/budgets", "/analytics/budgets/{budget_id}"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@on("/analytics/costs/unit", "GET")
def unit() -> Response:
    return answered(billing.current_request, unit_question, unit_answer)


@on("/analytics/statements", "GET")
def statements() -> Response:
    return answered(billing.current_request, nothing_asked, statements_answer)


@on("/analytics/statements/{month}", "GET")
def statement(month: str) -> Response:
    return answered(billing.current_request, partial(month_question, month), statement_answer)


@on(BUDGETS, "GET")
def index() -> Response:
    return answered(billing.current_request, nothing_asked, budgets.budgets_answer)


@on(BUDGETS, "POST")
def create() -> Response:
    customer_id, budget = _sent(uuid.uuid4().hex)
    kept = budgets.put_budget(services().metrics, customer_id, budget, existing=False)
    return made(budgets.shown_budget(kept), 201, {"Location": f"{BUDGETS}/{kept.id}"})


@on(ONE_BUDGET, "GET")
def show(budget_id: str) -> Response:
    return answered(billing.current_request, partial(_one_budget, budget_id), budgets.budgets_answer)


def _one_budget(budget_id: str, parameters: Parameters, now: datetime) -> str:
    nothing_asked(parameters, now)
    return _checked(budget_id)


@on(ONE_BUDGET, "PUT")
def replace(budget_id: str) -> Response:
    customer_id, budget = _sent(_checked(budget_id))
    return made(budgets.shown_budget(budgets.put_budget(services().metrics, customer_id, budget, existing=True)), 200)


@on(ONE_BUDGET, "DELETE")
def remove(budget_id: str) -> Response:
    budgets.delete_budget(services().metrics, customer_alone(billing.current_request, "admin"), _checked(budget_id))
    return Response("", {"Cache-Control": "no-store"}, 204)


@on("/analytics/settings", "GET")
def settings() -> Response:
    held = choice_of(services().metrics, customer_alone(billing.current_request, "read"), CustomerSettings)
    return fetched(billing.current_request, encode(_shown_settings(held)))


@on("/analytics/settings", "PUT")
def set_settings() -> Response:
    request = billing.current_request
    customer_id, body = customer_and_body(request, "admin", CustomerSettings)
    body.checked()
    return made(_shown_settings(services().metrics.choices.change(customer_id, CustomerSettings, lambda held: body)), 200)


def _shown_settings(held: CustomerSettings) -> dict[str, object]:
    return {"allocation_tags": list(held.allocation_tags), "report_retention_months": held.report_retention_months}


def _sent(budget_id: str) -> tuple[str, Budget]:
    """The customer and the budget that the body is."""
    request = billing.current_request
    customer_id, body = customer_and_body(request, "admin", BudgetBody)
    return customer_id, budget_of(body, budget_id, request.principal.id, services().clock())


def _checked(budget_id: str) -> str:
    if not _ID.fullmatch(budget_id):
        raise NotFound("there is no such budget")
    return budget_id
