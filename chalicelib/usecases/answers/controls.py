"""GET /analytics/compliance/controls, and one of them with its failing resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import unquote

from chalicelib.domain.compliance import ComplianceDay
from chalicelib.domain.controls import ControlState, Resource
from chalicelib.domain.errors import NotFound
from chalicelib.domain.exceptions import EXCEPTED, Exceptions, InEffect, next_turn
from chalicelib.domain.findings import FAILED, SEVERITIES, STALE_AFTER, Finding, latest_by_id, state_of
from chalicelib.domain.responsibility import party_of
from chalicelib.domain.state import SECURITY_HUB, CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.declarations import shown_declaration
from chalicelib.usecases.answers.kept import Passing
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.compliance import STATES, ControlQuestion, ControlsQuestion
from chalicelib.usecases.questions.paging import Position, cursor_of, place_of

Line = TypeVar("Line")


def controls_answer(store: MetricStore, customer_id: str, question: ControlsQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """A page of the controls, worst first; null where no day tells of each control."""
    day, declarations = store.latest_compliance_day(customer_id, now.date()), choice_of(store, customer_id, Exceptions, status).declarations
    in_effect = InEffect(declarations, now)
    known = day is not None and told(day) and day.knows(question.framework)
    chosen = [
        (_place(control, state), (control, state))
        for control, state in (day.scoped(question.framework) if day and known else ())
        if (not question.states or state in question.states) and (not question.severities or control.severity in question.severities)
    ]
    page, cursor = paged(chosen, question.after, question.limit)
    answer: Answer = {
        "customer_id": customer_id,
        "framework": question.framework,
        "product": day.product if day else None,
        "total": len(chosen) if known else None,
        "controls": [shown_control(control, state, in_effect) for control, state in page] if known else None,
        "next_cursor": cursor,
        "data_through": text_of(day.as_of) if day else None,
        "generated_at": text_of(now),
    }
    return Passing(answer, next_turn(declarations, now))


def control_answer(store: MetricStore, customer_id: str, question: ControlQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """One control with a page of its failing resources; NotFound for one that isn't known."""
    day, declarations = store.latest_compliance_day(customer_id, now.date()), choice_of(store, customer_id, Exceptions, status).declarations
    control, in_effect = _named(day, question.control_id), InEffect(declarations, now)
    if day is None or control is None:
        raise NotFound("there is no such control")
    page, cursor = paged(_failing(store, customer_id, day, control, question), question.after, question.limit)
    answer: Answer = {
        "customer_id": customer_id,
        "product": day.product,
        **shown_control(control, control.state, in_effect),
        "frameworks": [{"id": standard, "state": control.state_in(standard)} for standard in control.standards],
        "failing_resources": [_shown_resource(control, resource, finding, in_effect) for resource, finding in page],
        "next_cursor": cursor,
        "data_through": text_of(day.as_of),
        "generated_at": text_of(now),
    }
    return Passing(answer, next_turn(declarations, now))


def told(day: ComplianceDay) -> bool:
    """Whether the day tells of each control; those that were kept before it was so don't."""
    return bool(day.states) or not day.controls


def paged(lines: Iterable[tuple[Position, Line]], after: Position | None, limit: int) -> tuple[list[Line], str | None]:
    """(the page, where the next one starts) of lines with their places."""
    rest = sorted((line for line in lines if after is None or line[0] > after), key=lambda line: line[0])
    page = rest[:limit]
    return [line for _, line in page], cursor_of(page[-1][0]) if len(rest) > limit else None


def _place(control: ControlState, state: str) -> Position:
    return (STATES.index(state), SEVERITIES.index(control.severity), -control.failed, *place_of(control.id))


def shown_control(control: ControlState, state: str, in_effect: InEffect) -> Answer:
    """`state` is the one that counts where it is shown."""
    exception, attestation = in_effect.exception(control.id), in_effect.attestation(control.id)
    party = party_of(control.id, (kind for _, kind in control.places))
    return {
        "control_id": control.id,
        "title": control.title,
        "severity": control.severity,
        "state": state,
        "standards": list(control.standards),
        "failed_resources": control.failed,
        "passed_resources": control.passed,
        "unknown_resources": control.unknown,
        "first_seen": text_of(control.first_seen),
        "failing_since": text_of(control.failing_since) if state == FAILED else None,
        "responsible": party.responsible,
        "owner": party.owner,
        "fix": shown_fix(control),
        "excepted": in_effect.counted(control, state) == EXCEPTED,
        "exception": shown_declaration(exception, in_effect.at) if exception else None,
        "attestation": shown_declaration(attestation, in_effect.at) if attestation else None,
    }


def shown_fix(control: ControlState) -> Answer | None:
    """The source's own words, None where it has none."""
    return {"text": control.fix or None, "url": control.fix_url or None} if control.fix or control.fix_url else None


def _named(day: ComplianceDay | None, name: str) -> ControlState | None:
    """By its id: an API gateway hands a path's part over decoded, a laptop's server as it was sent."""
    controls = {control.id: control for control in (day.states if day else ())}
    return controls.get(name) or controls.get(unquote(name))


def _failing(
    store: MetricStore, customer_id: str, day: ComplianceDay, control: ControlState, question: ControlQuestion
) -> list[tuple[Position, tuple[Resource, Finding]]]:
    """The resources that failed in the day's state, with their places: at least those of the page, and one more if there is one.

    Security Hub's findings lie by account: no more accounts are read than the page takes.
    """
    stale_after = STALE_AFTER if day.source == SECURITY_HUB else None
    lines: list[tuple[Position, tuple[Resource, Finding]]] = []
    for findings in _by_account(store, customer_id, day, control, question):
        own = latest_by_id(finding for finding in findings if finding.product == day.product)
        failing: dict[Resource, Finding] = {}
        for finding in sorted(own, key=lambda finding: finding.updated_at):
            if finding.control_id == control.id and finding.counts and state_of([finding], day.as_of, stale_after) == FAILED:
                failing |= {(finding.account, finding.region, resource): finding for resource in finding.resources}
        placed = ((place_of("\n".join(resource)), (resource, finding)) for resource, finding in failing.items())
        lines += [line for line in placed if question.after is None or line[0] > question.after]
        if len(lines) > question.limit:
            break
    return lines


def _by_account(
    store: MetricStore, customer_id: str, day: ComplianceDay, control: ControlState, question: ControlQuestion
) -> Iterator[Sequence[Finding]]:
    """Findings in the order of the accounts in which the control fails, from the one on in which the page before ended."""
    if day.source != SECURITY_HUB:
        yield [finding for _, found in store.findings(customer_id) for finding in found]
        return
    since = str(question.after[0]).partition("\n")[0] if question.after else ""
    for account in sorted({account for account, _ in control.places if account >= since}):
        yield store.hub.findings(customer_id, account).get(account, ())


def _shown_resource(control: ControlState, resource: Resource, finding: Finding, in_effect: InEffect) -> Answer:
    account, region, name = resource
    exception = in_effect.exception(control.id, name)
    return {
        "account": account,
        "region": region,
        "resource": name,
        "type": dict(zip(finding.resources, finding.types, strict=False)).get(name),
        "severity": finding.severity,
        "updated_at": text_of(finding.updated_at),
        "exception": shown_declaration(exception, in_effect.at) if exception else None,
    }
