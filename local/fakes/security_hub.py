"""Security Hub's GetFindings and BatchGetStandardsControlAssociations, true at whatever the clock says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from local.fakes.faults import Faults, Refused
from local.fakes.http import App, json_app, json_response

LARGEST_PAGE = 100
_STATUS = {
    "AccessDeniedException": 403,
    "InvalidAccessException": 401,
    "LimitExceededException": 429,
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "InternalException": 500,
}
_FIELDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ProductName": lambda finding: finding.get("ProductName"),
    "RecordState": lambda finding: finding.get("RecordState"),
    "ComplianceStatus": lambda finding: finding.get("Compliance", {}).get("Status"),
    "AwsAccountId": lambda finding: finding.get("AwsAccountId"),
}


class TimedFinding(Protocol):
    """A finding of one account as it is over time."""

    @property
    def account(self) -> str: ...

    def state_at(self, now: datetime) -> dict[str, Any] | None:
        """The finding in ASFF, None while there isn't one."""


class TimedAssociation(Protocol):
    """Whether a control is on in a standard, over time. `standard` is a StandardsId."""

    @property
    def control(self) -> str: ...
    @property
    def standard(self) -> str: ...

    def status_at(self, now: datetime) -> str:
        """ENABLED or DISABLED."""


class FakeSecurityHub(Faults):
    """`clock`, `findings` and `not_enabled` (accounts without Security Hub) may be replaced at any time."""

    def __init__(self, findings: Iterable[TimedFinding], associations: Iterable[TimedAssociation], clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.load(findings, associations)
        self.clock = clock
        self.not_enabled: set[str] = set()
        self.repeat_token = False
        self.calls: list[str] = []

    def load(self, findings: Iterable[TimedFinding], associations: Iterable[TimedAssociation]) -> None:
        """Replaces all that it knows."""
        self.findings = list(findings)
        self.associations = {(one.control, one.standard): one for one in associations}

    @property
    def app(self) -> App:
        return json_app(self._answer)

    def _answer(self, request: Request) -> Response:
        operations = {
            ("POST", "/findings"): ("GetFindings", self._get_findings),
            ("POST", "/associations/batchGet"): ("BatchGetStandardsControlAssociations", self._get_associations),
        }
        name, operation = operations.get((request.method, request.path), ("UnknownOperation", _unknown))
        self.calls.append(name)
        try:
            body = json.loads(request.get_data() or b"{}")
            self.raise_due()
            return json_response(operation(body))
        except Refused as refused:
            document = {"Code": refused.code, "Message": refused.message}
            status = _STATUS.get(refused.code, 400)
            return json_response(document, status, **{"x-amzn-ErrorType": refused.code})

    def _get_findings(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = {field: _values(field, conditions) for field, conditions in (body.get("Filters") or {}).items()}
        asked = wanted.get("AwsAccountId")
        if asked and asked <= self.not_enabled:
            raise Refused("InvalidAccessException", "The account is not subscribed to AWS Security Hub")
        size = body.get("MaxResults", LARGEST_PAGE)
        if not 1 <= size <= LARGEST_PAGE:
            raise Refused("InvalidInputException", f"MaxResults must be 1 to {LARGEST_PAGE}")
        found = self._found(wanted)
        start = _offset(body.get("NextToken"))
        answer: dict[str, Any] = {"Findings": found[start : start + size]}
        if self.repeat_token:
            return answer | {"NextToken": "page-0"}
        return answer | ({"NextToken": f"page-{start + size}"} if start + size < len(found) else {})

    def _found(self, wanted: dict[str, set[str]]) -> list[dict[str, Any]]:
        """Values of one field are alternatives, fields all have to hold."""
        now, accounts = self.clock(), wanted.get("AwsAccountId")
        near = (one for one in self.findings if one.account not in self.not_enabled and (not accounts or one.account in accounts))
        states = (state for one in near if (state := one.state_at(now)))
        return [state for state in states if all(_FIELDS[field](state) in values for field, values in wanted.items() if values)]

    def _get_associations(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("StandardsControlAssociationIds") or []
        if not 1 <= len(asked) <= LARGEST_PAGE:
            raise Refused("InvalidInputException", f"1 to {LARGEST_PAGE} associations a call")
        details, unprocessed = [], []
        for pair in asked:
            known = self.associations.get((pair["SecurityControlId"], pair["StandardsArn"].rpartition(":")[2]))
            if known:
                control_arn = f"arn:aws:securityhub:us-east-1:{self._owner()}:security-control/{known.control}"
                details.append({**pair, "SecurityControlArn": control_arn, "AssociationStatus": known.status_at(self.clock())})
            else:
                unprocessed.append({"StandardsControlAssociationId": pair, "ErrorCode": "NOT_FOUND", "ErrorReason": "no such association"})
        return {"StandardsControlAssociationDetails": details, "UnprocessedAssociations": unprocessed}

    def _owner(self) -> str:
        return next((finding.account for finding in self.findings), "000000000000")


def _unknown(_: dict[str, Any]) -> dict[str, Any]:
    raise Refused("InvalidInputException", "the fake has no such operation")


def _values(field: str, conditions: list[dict[str, str]]) -> set[str]:
    if field not in _FIELDS or any(condition.get("Comparison") != "EQUALS" for condition in conditions):
        raise Refused("InvalidInputException", f"the fake filters {', '.join(_FIELDS)} by EQUALS, not {field}: {conditions}")
    return {condition["Value"] for condition in conditions}


def _offset(token: str | None) -> int:
    if not token:
        return 0
    mark, _, offset = token.partition("-")
    if mark != "page" or not offset.isdecimal():
        raise Refused("InvalidInputException", "not a token of this service")
    return int(offset)
