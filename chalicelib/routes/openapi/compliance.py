"""What the compliance routes answer, and the body of an exception or attestation."""

from __future__ import annotations

from chalicelib.domain.compliance import DEFINITION
from chalicelib.domain.exceptions import ACTIVE, ATTESTATION, EXCEPTION, EXPIRED, REVOKED
from chalicelib.domain.findings import PASSED, SEVERITIES
from chalicelib.domain.responsibility import CUSTOMER, PROVIDER
from chalicelib.routes.openapi.costs import ASKED, COST_BASIS, DAYS, SOURCES
from chalicelib.routes.openapi.shapes import (
    COUNT,
    CURRENCY,
    DAY,
    FLAG,
    ID,
    INSTANT,
    NUMBER,
    TEXT,
    Schema,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)
from chalicelib.usecases.answers.changes import OF_FINDINGS, OF_WORDS
from chalicelib.usecases.exceptions import MEMBERS
from chalicelib.usecases.questions.compliance import STATES

SCORE = said(nullable({"type": "integer", "minimum": 0, "maximum": 100}), "Null when nothing was evaluated.")
SEVERITY, STATE = words(SEVERITIES), words(STATES)
PARTY = {"responsible": nullable(words((PROVIDER, CUSTOMER))), "owner": nullable(TEXT)}
FIX = nullable(closed({"text": nullable(TEXT), "url": nullable(TEXT)}))
COUNTS = {name: nullable(COUNT) for name in ("passed", "failed", "unknown", "no_data")}
PAGE_END = {"next_cursor": said(nullable(TEXT), "Null on the last page.")}
KIND = words((EXCEPTION, ATTESTATION))

DECLARATION = closed(
    {
        "id": ID,
        "kind": KIND,
        "control_id": TEXT,
        "resource": nullable(TEXT),
        "status": words((ACTIVE, EXPIRED, REVOKED)),
        "reason": TEXT,
        "approver": TEXT,
        "created_at": INSTANT,
        "created_by": TEXT,
        "expires_at": INSTANT,
        "revoked_at": nullable(INSTANT),
        "revoked_by": nullable(TEXT),
    }
)
ISSUE = closed(
    {
        "control_id": TEXT,
        "title": TEXT,
        "severity": SEVERITY,
        "failed_resources": COUNT,
        "since": nullable(INSTANT),
        **PARTY,
        "fix": FIX,
        "exception": nullable(ref("Exception")),
    }
)
COMPLIANCE = closed(
    {
        "customer_id": TEXT,
        "current_score": SCORE,
        "score": closed({"product": nullable(TEXT), **COUNTS, "disabled": nullable(COUNT), "definition": {"const": DEFINITION, **TEXT}}),
        "trend": said(nullable({"type": "integer"}), "Points gained since 30 days ago."),
        "findings": closed({severity.lower(): nullable(COUNT) for severity in SEVERITIES}),
        "frameworks": listed(closed({"id": TEXT, "score": SCORE, **dict.fromkeys(COUNTS, COUNT)})),
        "top_issues": listed(ref("Issue")),
        "score_with_exceptions": SCORE,
        "exceptions": closed(
            {
                "active": COUNT,
                "expired": COUNT,
                "excepted_controls": nullable(COUNT),
                "attested_controls": nullable(COUNT),
                "expiring": said(COUNT, "In 30 days."),
                "expiring_in_30_days": listed(ref("Exception")),
            }
        ),
        "data_through": nullable(INSTANT),
        "coverage": closed({"sources": SOURCES}),
        "generated_at": INSTANT,
    }
)
OF_CONTROL: dict[str, Schema] = {
    "control_id": TEXT,
    "title": TEXT,
    "severity": SEVERITY,
    "state": STATE,
    "standards": listed(TEXT),
    "failed_resources": COUNT,
    "passed_resources": COUNT,
    "unknown_resources": COUNT,
    "first_seen": nullable(INSTANT),
    "failing_since": nullable(INSTANT),
    **PARTY,
    "fix": FIX,
    "excepted": FLAG,
    "exception": nullable(ref("Exception")),
    "attestation": nullable(ref("Exception")),
}
CONTROLS = closed(
    {
        "customer_id": TEXT,
        "framework": nullable(TEXT),
        "product": nullable(TEXT),
        "total": nullable(COUNT),
        "controls": nullable(listed(ref("ControlLine"))),
        **PAGE_END,
        "data_through": nullable(INSTANT),
        "generated_at": INSTANT,
    }
)
RESOURCE = closed(
    {
        "account": TEXT,
        "region": TEXT,
        "resource": TEXT,
        "type": nullable(TEXT),
        "severity": SEVERITY,
        "updated_at": INSTANT,
        "exception": nullable(ref("Exception")),
    }
)
CONTROL = closed(
    {
        "customer_id": TEXT,
        "product": TEXT,
        **OF_CONTROL,
        "frameworks": listed(closed({"id": TEXT, "state": STATE})),
        "failing_resources": listed(ref("FailingResource")),
        **PAGE_END,
        "data_through": INSTANT,
        "generated_at": INSTANT,
    }
)
TALLY = {"score": SCORE, "unrounded": nullable(NUMBER), "passed": COUNT, "evaluated": COUNT}
SIDE = closed({"date": DAY, "as_of": INSTANT, **TALLY})
CONTRIBUTIONS = {"contribution": nullable(NUMBER), "contribution_with_exceptions": nullable(NUMBER)}
CATEGORIES = (*OF_FINDINGS, *OF_WORDS)
CHANGES = closed(
    {
        "customer_id": TEXT,
        "framework": nullable(TEXT),
        "product": nullable(TEXT),
        "from": DAY,
        "to": DAY,
        "then": nullable(ref("ScoreThen")),
        "now": nullable(ref("ScoreThen")),
        "change": said(nullable(NUMBER), "Points; the contributions sum to it exactly."),
        "with_exceptions": closed({"then": nullable(ref("Tally")), "now": nullable(ref("Tally")), "change": nullable(NUMBER)}),
        "by_category": nullable(ref("ByCategory")),
        "changes": nullable(listed(ref("ControlChange"))),
        "others": said(nullable(ref("ChangesTogether")), "Beyond `top`."),
        "series": listed(closed({"date": DAY, "score": SCORE})),
        "generated_at": INSTANT,
    }
)
CONTROL_CHANGE = closed(
    {
        "control_id": TEXT,
        "title": TEXT,
        "severity": SEVERITY,
        "category": words(CATEGORIES),
        "from": nullable(STATE),
        "to": nullable(STATE),
        **CONTRIBUTIONS,
    }
)
AT_RISK = closed(
    {
        "account": TEXT,
        "service": nullable(TEXT),
        "amount": nullable(NUMBER),
        "controls": listed(closed({"control_id": TEXT, "severity": SEVERITY})),
    }
)
SPEND_AT_RISK = closed(
    {
        **ASKED,
        "window": ref("Window"),
        "cost": COST_BASIS,
        "currency": nullable(CURRENCY),
        "total": nullable(NUMBER),
        "at_risk": nullable(listed(ref("SpendLine"))),
        "others": nullable(closed({"places": COUNT, "amount": nullable(NUMBER)})),
        "service_unknown": nullable(listed(ref("SpendLine"))),
        "places": nullable(closed({"at_risk": COUNT, "service_unknown": COUNT})),
        "coverage": closed(DAYS),
        "data_through": nullable(INSTANT),
        "controls_as_of": nullable(INSTANT),
        "generated_at": INSTANT,
    }
)
EXCEPTIONS = closed({"customer_id": TEXT, "exceptions": listed(ref("Exception")), **PAGE_END, "generated_at": INSTANT})


def _member(name: str) -> Schema:
    """A text with something in it, and no control characters but line ends and tabs."""
    return {"type": "string", "minLength": 1, "maxLength": MEMBERS[name]}


EXCEPTION_REQUEST = closed(
    {
        "kind": KIND,
        "control_id": said(_member("control_id"), "One that is known.", examples=["IAM.9"]),
        "reason": _member("reason"),
        "approver": _member("approver"),
        "expires_at": said(_member("expires_at"), "A date or a `Z` instant, at most 12 months ahead.", examples=["2027-02-01"]),
    },
    {
        "resource": said(nullable(_member("resource")), "Of an exception; as in `failing_resources`."),
        "state": said(nullable(words((PASSED,))), "Of an attestation."),
        "customer_id": nullable(TEXT),
    },
)
SCHEMAS: dict[str, Schema] = {
    "Exception": DECLARATION,
    "Issue": ISSUE,
    "Compliance": COMPLIANCE,
    "ControlLine": closed(OF_CONTROL),
    "Controls": CONTROLS,
    "FailingResource": RESOURCE,
    "Control": CONTROL,
    "Tally": closed(TALLY),
    "ScoreThen": SIDE,
    "ChangesTogether": closed({"controls": COUNT, **CONTRIBUTIONS}),
    "ByCategory": closed({name: ref("ChangesTogether") for name in CATEGORIES}),
    "ControlChange": CONTROL_CHANGE,
    "Changes": CHANGES,
    "SpendLine": AT_RISK,
    "SpendAtRisk": SPEND_AT_RISK,
    "Exceptions": EXCEPTIONS,
    "ExceptionRequest": EXCEPTION_REQUEST,
}
