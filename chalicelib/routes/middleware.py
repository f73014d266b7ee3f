"""What every request goes through: who asks, how often, the error's shape, the headers of every answer, the audit and the one log line."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from chalice.app import Request, Response

from chalicelib.domain import signals
from chalicelib.domain.errors import AnalyticsError, TooManyRequests
from chalicelib.logs import LOGGER, emit
from chalicelib.routes.auditing import note
from chalicelib.routes.authentication import request_id_of
from chalicelib.routes.errors import as_problem, of_error, problem
from chalicelib.routes.headers import SAFE
from chalicelib.routes.limits import admit_once_more, told
from chalicelib.routes.pages.guard import admitted, is_page, read_form
from chalicelib.routes.pages.shown import as_page
from chalicelib.routes.places import route_of
from chalicelib.wiring import acting_for, services


def middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Authenticates, answers, puts every error into the problem shape and writes the one log line of the request."""
    started, request_id = time.perf_counter(), request_id_of(request)
    request.principal = request.acted = request.visit = request.form = taken = None
    request.ended = False
    try:
        request.principal = admitted(request, services())
        taken = admit_once_more(request, services().limiter)
        read_form(request)
        with _acting(request):
            response = as_problem(get_response(request), request_id)
            note(request, response, request_id, services())
    except AnalyticsError as error:
        response = of_error(error, request_id)
        taken = error.taken if isinstance(error, TooManyRequests) else taken
    except Exception:  # noqa: BLE001  the process's edge: whatever it is, it is logged and answered in our shape
        LOGGER.exception("unexpected", extra={"request_id": request_id})
        response = problem(500, request_id)
    response = as_page(request, response, request_id)
    response.headers = {**SAFE, **(told(taken) if taken else {}), **response.headers, "X-Request-Id": request_id}
    LOGGER.info(
        "request",
        extra={
            "request_id": request_id,
            "method": request.method,
            "route": route_of(request),
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
            "customer_id": request.principal.customer_id if request.principal else None,
        },
    )
    _count(response)
    return response


def _count(response: Response) -> None:
    """Failures, which Lambda takes for answers, and how many answers were kept from before."""
    stage, kept = services().settings.stage, response.headers.get("X-Cache")
    if response.status_code >= 500:
        emit(stage, signals.HANDLED_FAILURES, 1)
    if kept is not None:
        emit(stage, signals.CACHE_HITS, int(kept == "hit"))


def _acting(request: Request) -> AbstractContextManager[None]:
    """For whoever asks of its own data; what else there is belongs to nobody."""
    customer_id = request.principal.customer_id if request.principal else None
    of_a_customer = route_of(request).startswith("/analytics/") or is_page(route_of(request))
    return acting_for(customer_id) if customer_id and of_a_customer else nullcontext()
