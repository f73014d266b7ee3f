"""What budgets, settings and statements are answered as, and the bodies of the first two."""

from __future__ import annotations

from chalicelib.domain.breakdown import DIMENSIONS
from chalicelib.domain.budget import ACTUAL, AT_RISK, EXCEEDED, FORECAST, OK, UNKNOWN
from chalicelib.domain.choosing import LONGEST_TAG, MOST_TAGS, RETENTIONS
from chalicelib.domain.rates import CHARGED, KINDS, PURCHASES, RATE_BASES
from chalicelib.domain.statement import MINIMUM, RESTATEMENT, ROUNDING, SHARE, USAGE
from chalicelib.routes.openapi.shapes import (
    COUNT,
    CURRENCY,
    FLAG,
    ID,
    INSTANT,
    LONGEST_TEXT,
    MONTH,
    NUMBER,
    TEXT,
    Schema,
    by_name,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)
from chalicelib.usecases.billing.budget_request import LARGEST, LONGEST_NAME, MOST_THRESHOLDS
from chalicelib.usecases.questions.costs import CHARGES
from chalicelib.usecases.questions.parameters import MOST_VALUES

SIDES = words((ACTUAL, FORECAST))
FILTER_NAMES = f"^({'|'.join((*DIMENSIONS, 'charges'))}|tag:.+)$"
NAMES = listed({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}, minItems=1, maxItems=MOST_VALUES)
OF_BUDGET: dict[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "amount": said(NUMBER, "A calendar month."),
    "currency": CURRENCY,
    "cost": words(CHARGED),
    "scope": said(by_name(listed(TEXT)), "The filters of costs, by name."),
    "thresholds": listed(closed({"percent": NUMBER, "of": SIDES})),
    "created_at": INSTANT,
    "created_by": TEXT,
}
EVENT = closed({"month": MONTH, "percent": NUMBER, "of": SIDES, "amount": NUMBER, "at": INSTANT})
THRESHOLD = closed({"percent": NUMBER, "of": SIDES, "crossed": FLAG})
STATE: dict[str, Schema] = {
    **OF_BUDGET,
    "month": MONTH,
    "actual": nullable(NUMBER),
    "forecast": nullable(NUMBER),
    "remaining": nullable(NUMBER),
    "used_percent": nullable(NUMBER),
    "forecast_percent": nullable(NUMBER),
    "state": words((OK, AT_RISK, EXCEEDED, UNKNOWN)),
    "thresholds": listed(ref("Threshold")),
    "events": listed(ref("BudgetEvent")),
}
ENDS = {"generated_at": INSTANT}


def _decimal(places: int, least: str, **bounds: int) -> Schema:
    """A number; as text it keeps every digit where a client has no exact numbers."""
    return {"type": ["number", "string"], "pattern": f"^{least}[0-9]{{1,15}}(\\.[0-9]{{1,{places}}})?$", **bounds}


BUDGET_REQUEST = closed(
    {
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "\\S", "examples": ["all of it"]},
        "amount": said(
            _decimal(10, "(?=.*[1-9])", exclusiveMinimum=0, exclusiveMaximum=int(LARGEST)),
            "A calendar month, with at most ten places.",
            examples=[2500],
        ),
    },
    {
        "currency": said(CURRENCY, "", default="USD"),
        "cost": said(words(CHARGED), "", default="billed"),
        "scope": said(
            {
                "type": "object",
                "properties": {"charges": listed(words(CHARGES), minItems=1, maxItems=1)},
                "propertyNames": {"pattern": FILTER_NAMES, "maxLength": LONGEST_TEXT},
                "additionalProperties": NAMES,
            },
            "The filters of costs as lists of names. None is everything.",
            examples=[{"service": ["AWS Lambda"], "tag:team": ["web"], "charges": ["usage"]}],
        ),
        "thresholds": said(
            nullable(listed(ref("ThresholdRequest"), minItems=1, maxItems=MOST_THRESHOLDS)),
            "By default 80 and 100 percent of actual, 100 of forecast.",
        ),
        "customer_id": nullable(TEXT),
    },
)
THRESHOLD_REQUEST = closed(
    {"percent": said(_decimal(4, "(?=.*[1-9])", exclusiveMinimum=0, maximum=1000), "Of `amount`, with at most four places.")},
    {"of": said(SIDES, "", default=ACTUAL)},
)
MONTHS_KEPT: Schema = {"type": "integer", "enum": list(RETENTIONS)}
TAG_KEYS = listed(
    {"type": "string", "minLength": 1, "maxLength": LONGEST_TAG, "pattern": "\\S"},
    maxItems=MOST_TAGS,
    uniqueItems=True,
    examples=[["team"]],
)
SETTINGS_REQUEST = closed(
    {},
    {
        "allocation_tags": said(TAG_KEYS, "None is any.", default=[]),
        "report_retention_months": said(MONTHS_KEPT, "For reports that are asked for from now on.", default=13),
        "customer_id": nullable(TEXT),
    },
)
LINE_KINDS = (USAGE, *KINDS, PURCHASES, SHARE, ROUNDING, MINIMUM, RESTATEMENT)
STATEMENT_OF = closed(
    {
        "currency": CURRENCY,
        "cost": words(CHARGED),
        "rate_basis": words(RATE_BASES),
        "lines": listed(closed({"kind": words(LINE_KINDS), "name": TEXT, "amount": NUMBER}), description="They sum to `total` exactly."),
        "charges": NUMBER,
        "restatements": NUMBER,
        "total": NUMBER,
        "estimated": FLAG,
        "closed_at": nullable(INSTANT),
    }
)
STATEMENT = closed(
    {
        "customer_id": TEXT,
        "month": MONTH,
        "status": words(("closed", "open")),
        "statements": listed(ref("StatementOf"), description="One per currency."),
        "to_be_shared": listed(TEXT),
        "days_known": said(COUNT, "Of the month; while some aren't, an open statement is estimated."),
        "days_expected": COUNT,
        **ENDS,
    }
)
STATEMENTS = closed(
    {
        "customer_id": TEXT,
        "statements": listed(closed({"month": MONTH, "currency": CURRENCY, "total": NUMBER, "closed_at": INSTANT})),
        **ENDS,
    }
)
SCHEMAS: dict[str, Schema] = {
    "BudgetEvent": EVENT,
    "Threshold": THRESHOLD,
    "Budget": closed(OF_BUDGET),
    "BudgetState": closed(STATE),
    "BudgetNow": closed({"customer_id": TEXT, **STATE, **ENDS}),
    "Budgets": closed({"customer_id": TEXT, "budgets": listed(ref("BudgetState")), **ENDS}),
    "BudgetRequest": BUDGET_REQUEST,
    "ThresholdRequest": THRESHOLD_REQUEST,
    "Settings": closed({"allocation_tags": listed(TEXT), "report_retention_months": MONTHS_KEPT}),
    "SettingsRequest": SETTINGS_REQUEST,
    "StatementOf": STATEMENT_OF,
    "Statement": STATEMENT,
    "Statements": STATEMENTS,
}
