"""Exceptions and attestations: said, listed, revoked. Nothing that was said is taken back without a trace."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.exceptions import ATTESTATION, EXCEPTION, Declaration, Exceptions
from chalicelib.domain.findings import NO_DATA, PASSED
from chalicelib.domain.period import DAY, minus_months, parse_instant
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.declarations import shown_declaration
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.paging import PAGE, cursor_of, limit_of, position_of
from chalicelib.usecases.questions.parameters import Parameters, check_names

MEMBERS = {"kind": 20, "control_id": 600, "resource": 2000, "reason": 1000, "approver": 200, "expires_at": 30, "state": 20}
"""Of the body, each with the characters that it may have."""
OPTIONAL = ("resource", "state")
LONGEST_MONTHS = 12
MOST_IN_EFFECT, MOST_KEPT = 1000, 5000
LARGEST_TEXT = 3_000_000
"""Whatever it is, it can be written: a transaction takes 4 MB."""
KEPT_AT_LEAST = 25 * 31 * DAY
"""As long as days are kept, whose changes old declarations explain."""
_LINES = "\n\t"


def list_declarations(store: MetricStore, customer_id: str, parameters: Parameters, now: datetime) -> Answer:
    """A page of all of them, newest first; expired and revoked ones stay."""
    check_names(parameters, PAGE)
    limit, after = limit_of(parameters), position_of(parameters, str, str)
    held = choice_of(store, customer_id, Exceptions)
    places = sorted((((text_of(one.created_at) or "", one.id), one) for one in held.declarations), key=lambda line: line[0], reverse=True)
    rest = [line for line in places if after is None or line[0] < after]
    return {
        "customer_id": customer_id,
        "exceptions": [shown_declaration(one, now) for _, one in rest[:limit]],
        "next_cursor": cursor_of(rest[limit - 1][0]) if len(rest) > limit else None,
        "generated_at": text_of(now),
    }


def declare(store: MetricStore, customer_id: str, body: Parameters, by: str, declaration_id: str, now: datetime) -> Declaration:
    """Records what is said; InvalidInput names every member that is wrong, Conflict tells of too many."""
    declaration = _parsed(body, by, declaration_id, now)
    _check_control(store, customer_id, declaration, now)

    def added(held: Exceptions | None) -> Exceptions:
        before = held.declarations if held else ()
        if sum(one.in_effect(now) for one in before) >= MOST_IN_EFFECT:
            raise Conflict(f"{MOST_IN_EFFECT} exceptions and attestations are in effect: revoke some first")
        after = (*before, declaration)
        if _full(after):
            after = tuple(one for one in after if now - one.ends_at <= KEPT_AT_LEAST)
        if _full(after):
            raise Conflict(f"the record of exceptions is full: it holds {MOST_KEPT}, and {LARGEST_TEXT} bytes of text")
        return Exceptions(after)

    store.choices.change(customer_id, Exceptions, added)
    return declaration


def revoke(store: MetricStore, customer_id: str, declaration_id: str, by: str, now: datetime) -> None:
    """Ends it now; one that has ended already stays as it is. NotFound for one that was never said."""

    def revoked(held: Exceptions | None) -> Exceptions:
        if held is None or all(one.id != declaration_id for one in held.declarations):
            raise NotFound("there is no such exception")
        return Exceptions(tuple(_ended(one, by, now) if one.id == declaration_id else one for one in held.declarations))

    store.choices.change(customer_id, Exceptions, revoked)


def _full(declarations: Sequence[Declaration]) -> bool:
    """Whether it is more than may be kept."""
    texts = ((one.control_id, one.resource or "", one.reason, one.approver, one.created_by, one.revoked_by or "") for one in declarations)
    return len(declarations) > MOST_KEPT or sum(len(text.encode()) for of_one in texts for text in of_one) > LARGEST_TEXT


def _ended(declaration: Declaration, by: str, now: datetime) -> Declaration:
    return replace(declaration, revoked_at=now, revoked_by=by) if now < declaration.ends_at else declaration


def _parsed(body: Parameters, by: str, declaration_id: str, now: datetime) -> Declaration:
    check_names(body, tuple(MEMBERS))
    problems = [(name, problem) for name in MEMBERS if (problem := _problem(name, body))]
    values = {name: body[name][0] for name in MEMBERS if name in body}
    problems += [] if "kind" in dict(problems) else _kind_problems(values)
    expires_at = None
    if "expires_at" not in dict(problems):
        try:
            expires_at = _expiry(values["expires_at"], now)
        except InvalidInput as error:
            problems += error.problems
    if problems or expires_at is None:
        raise InvalidInput(*problems)
    kind, control_id, reason, approver = (values[name] for name in ("kind", "control_id", "reason", "approver"))
    return Declaration(declaration_id, kind, control_id, values.get("resource"), reason, approver, now, by, expires_at)


def _problem(name: str, body: Parameters) -> str | None:
    given = body.get(name, ())
    if not given:
        return None if name in OPTIONAL else "must be given"
    if len(given) > 1:
        return "must be one text"
    text, longest = given[0], MEMBERS[name]
    if not text.strip() or len(text) > longest:
        return f"must hold 1 to {longest} characters"
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in _LINES for sign in text):
        return "must not hold control characters"
    return None


def _kind_problems(values: Mapping[str, str]) -> list[tuple[str, str]]:
    kind = values["kind"]
    if kind not in (EXCEPTION, ATTESTATION):
        return [("kind", f"must be {EXCEPTION} or {ATTESTATION}")]
    if kind == EXCEPTION:
        return [("state", "is of attestations only")] if "state" in values else []
    problems = [("resource", "is of exceptions only: an attestation is of a whole control")] if "resource" in values else []
    return problems + ([("state", f"must be {PASSED}")] if values.get("state") != PASSED else [])


def _expiry(text: str, now: datetime) -> datetime:
    expires_at = parse_instant(text, "expires_at")
    latest = datetime.combine(minus_months(now.date(), -LONGEST_MONTHS), now.timetz())
    if expires_at <= now:
        raise InvalidInput(("expires_at", "must lie in the future"))
    if expires_at > latest:
        raise InvalidInput(("expires_at", f"must be at most {LONGEST_MONTHS} months from now"))
    return expires_at


def _check_control(store: MetricStore, customer_id: str, declaration: Declaration, now: datetime) -> None:
    """A control must be known, and what is attested must be without data: no word goes over a finding."""
    day = store.latest_compliance_day(customer_id, now.date())
    if day is None or declaration.control_id not in day.controls:
        raise InvalidInput(("control_id", "is not a known control"))
    held = next((control for control in day.states if control.id == declaration.control_id), None)
    if declaration.kind == ATTESTATION and (held is None or held.state != NO_DATA):
        raise InvalidInput(("control_id", "is not without data: only such a control can be attested"))
