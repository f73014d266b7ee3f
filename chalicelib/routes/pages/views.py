"""GET /: the page, as whoever is signed in may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.template import AREAS, COMPLIANCE, COSTS, USAGE
from chalicelib.routes.authentication import customer_of, registering
from chalicelib.routes.pages.chosen import COMPARISONS, MONTHS, OVERVIEW, PERIODS, Chosen, chosen_of
from chalicelib.routes.pages.guard import HOME, READING
from chalicelib.routes.pages.look import look_of
from chalicelib.routes.pages.shown import page, sign_in_page
from chalicelib.routes.parameters import of_query
from chalicelib.routes.places import prefix_of
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.routes.pages.asking import AskedByPage

views = Blueprint(__name__)
RENAMED = {"start": "first", "end": "last"}
"""What the API calls the edges of a period of the reader's own."""
MOST_ROWS = 10_000
"""Of one table."""
on = registering(views, cors=False)


@dataclass(frozen=True)
class View:
    """`areas` are what it asks of, `top` how many parts of it are told by name: a page has no room for a thousand."""

    title: str
    scope: str
    areas: tuple[str, ...] = ()
    top: int = 0


VIEWS = {
    OVERVIEW: View("Overview", "read", AREAS),
    "costs": View("Costs", "read", (COSTS,), 30),
    "compliance": View("Compliance", "read", (COMPLIANCE,)),
    "usage": View("Usage", "read", (USAGE,), 30),
    "reports": View("Reports", "report"),
    "schedules": View("Schedules", "report"),
    "keys": View("Keys", "admin"),
}
"""By its name in addresses: routes/pages/<name>.py says what is in it, web/templates/<name>.html how it looks."""


@on(HOME, "GET")
def home() -> Response:
    request = views.current_request
    if request.principal is None:
        return sign_in_page(request)
    allowed = [name for name, view in VIEWS.items() if view.scope in request.principal.scopes]
    if allowed and OVERVIEW not in allowed and "view" not in (request.query_params or {}):
        return Response("", {"Location": Chosen(prefix_of(request), allowed[0]).to(), "Cache-Control": "no-store"}, 303)
    return shown(request, {})


def shown(request: Request, told: Mapping[str, Any], status: int = 200, of: Parameters | None = None) -> Response:
    """The view that the address asks for, or (a form's answer) the one `of` those values; `told` is what a form had to say of itself."""
    values, named = of_query(request) if of is None else (of, None)
    chosen = Chosen(prefix_of(request))
    try:
        chosen = chosen_of(values, chosen.prefix, tuple(VIEWS))
        customer_of(request, VIEWS[chosen.view].scope, named)
        return _page(request, chosen, f"{chosen.view}.html", _found(request, chosen), told, status)
    except InvalidInput as problem:
        customer_of(request, VIEWS[chosen.view].scope, named)
        told_of = {RENAMED.get(name, name) if chosen.custom else name: message for name, message in problem.problems}
        found: dict[str, Any] = {"notices": [], "problems": told_of}
        return _page(request, chosen, "wrong.html", found, told, 400)


def _found(request: Request, chosen: Chosen) -> Mapping[str, Any]:
    """What is in the view. Where costs are of several currencies and none was chosen, the first one's that is in it."""
    view = VIEWS[chosen.view]
    customer_id = customer_of(request, view.scope, None)
    make = import_module(f"chalicelib.routes.pages.{chosen.view}").view
    asked = _asked(customer_id, view, chosen)
    spanned = {"window": asked.window} if {COSTS, USAGE} & set(view.areas) else {}
    monies = asked.currencies if COSTS in view.areas else []
    try:
        return {**make(asked, chosen), **spanned, "currencies": monies if chosen.one("currency") else []}
    except InvalidInput as problem:
        if chosen.one("currency") or {name for name, _ in problem.problems} != {"currency"}:
            raise
    chosen = chosen.choosing(currency=asked.first_currency)
    return {**make(_asked(customer_id, view, chosen), chosen), **spanned, "chosen": chosen, "currencies": monies}


def _asked(customer_id: str, view: View, chosen: Chosen) -> AskedByPage:
    from chalicelib.routes.pages.asking import AskedByPage  # all that is asked of anything: most containers answer the API

    with_ = services()
    parameters = {**chosen.parameters(), **({"top": (str(view.top),)} if view.top else {})}
    return AskedByPage(with_.metrics, customer_id, parameters, with_.clock(), view.areas, MOST_ROWS, with_)


def _page(request: Request, chosen: Chosen, template: str, found: Mapping[str, Any], told: Mapping[str, Any], status: int) -> Response:
    with_, principal = services(), request.principal
    customer = with_.known_customer(principal.customer_id)
    assert customer is not None  # whoever was let in is known
    views = {name: view.title for name, view in VIEWS.items() if view.scope in principal.scopes}
    always = {
        "title": VIEWS[chosen.view].title,
        "chosen": chosen,
        "at": "" if request.method in READING else chosen.to(),
        "customer": customer,
        "views": views,
        "periods": PERIODS,
        "months": MONTHS,
        "comparisons": COMPARISONS,
        "currencies": [],
        "window": None,
        "look": look_of(with_.metrics, customer, with_.metrics.status(customer.id)),
    }
    return page(request, template, {**always, **found, **told}, status)
